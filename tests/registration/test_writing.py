"""ITK writes nothing, or half, and reports no error; the app does."""

import gzip
import subprocess
import sys

import numpy as np
import pytest

from pvs_workflow.registration.writing import check_whole

SHORT = """
import resource, signal, sys
from pathlib import Path
import numpy as np
from pvs_workflow.registration.engine import load_ants
from pvs_workflow.registration.writing import check_whole
ants, path = load_ants(), Path(sys.argv[1]) / 'a.nii.gz'
values = np.random.default_rng(1).random((40, 40, 40), dtype=np.float32)
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
for limit in (None, 20_000, 0):
    if limit is not None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))
    try:
        ants.image_write(ants.from_numpy(values), str(path))
        check_whole(path)
    except OSError as error:
        print('RESULT', limit, error.strerror)
    else:
        print('RESULT', limit, 'fine')
"""


@pytest.mark.slow
def test_what_does_not_fit_is_noticed(tmp_path):
    done = subprocess.run(
        [sys.executable, '-c', SHORT, tmp_path], capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stderr
    lines = [line.split(maxsplit=2)[1:] for line in done.stdout.splitlines() if 'RESULT' in line]
    full = 'No space left on device, most likely: ITK wrote a part of it only'
    assert lines == [['None', 'fine'], ['20000', full], ['0', full]]


@pytest.mark.parametrize('missing', [1, 8, 500, 'all'])
def test_a_file_without_its_end(tmp_path, missing):
    path = tmp_path / 'a.nii.gz'
    content = gzip.compress(np.random.default_rng(1).bytes(1000))
    path.write_bytes(content)
    assert check_whole(path) == path
    path.write_bytes(b'' if missing == 'all' else content[:-missing])
    with pytest.raises(OSError, match='No space left on device'):
        check_whole(path)
