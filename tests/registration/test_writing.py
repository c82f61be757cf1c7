"""ITK writes nothing, or half, and says nothing; we say it."""

import gzip
import subprocess
import sys
from types import SimpleNamespace

import numpy as np
import pytest

from pvs_workflow.registration.writing import check_whole, write_transform

SHORT = """
import resource, signal, sys
from pathlib import Path
import numpy as np
from pvs_workflow.registration.engine import start
from pvs_workflow.registration.writing import check_whole, write_transform
ants = start(1)
folder = Path(sys.argv[1])
values = np.random.default_rng(1).random((40, 40, 40), dtype=np.float32)
turn = ants.create_ants_transform(transform_type='Euler3DTransform', dimension=3)
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
for limit in (None, 20_000, 0):
    if limit is not None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))
    for kind in ('image', 'text'):
        try:
            if kind == 'image':
                ants.image_write(ants.from_numpy(values), str(folder / 'a.nii.gz'))
                check_whole(folder / 'a.nii.gz')
            else:
                write_transform(ants, turn, folder / 'a.txt')
        except OSError as error:
            print('RESULT', limit, kind, error.strerror)
        else:
            print('RESULT', limit, kind, 'fine')
"""


@pytest.mark.slow
def test_what_does_not_fit_is_noticed(tmp_path):
    done = subprocess.run(
        [sys.executable, '-c', SHORT, tmp_path], capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stderr
    lines = [line.split(maxsplit=3)[1:] for line in done.stdout.splitlines() if 'RESULT' in line]
    said = {(limit, kind): text for limit, kind, text in lines}
    full = 'No space left on device, most likely: ITK wrote a part of it only'
    assert said == {
        ('None', 'image'): 'fine',
        ('None', 'text'): 'fine',
        ('20000', 'image'): full,
        ('20000', 'text'): 'fine',
        ('0', 'image'): full,
        ('0', 'text'): full,
    }


@pytest.mark.parametrize('missing', [1, 8, 500, 'all'])
def test_a_file_without_its_end(tmp_path, missing):
    path = tmp_path / 'a.nii.gz'
    content = gzip.compress(np.random.default_rng(1).bytes(1000))
    path.write_bytes(content)
    assert check_whole(path) == path
    path.write_bytes(b'' if missing == 'all' else content[:-missing])
    with pytest.raises(OSError, match='No space left on device'):
        check_whole(path)


@pytest.mark.parametrize('change', [0, 1e-9, 1.0])
def test_numbers_are_compared_as_text_keeps_them(tmp_path, change):
    numbers = np.array([1.0, 0.25, 100.0])

    def read(_):
        return SimpleNamespace(parameters=numbers + change, fixed_parameters=numbers)

    ants = SimpleNamespace(write_transform=lambda transform, path: None, read_transform=read)
    transform = SimpleNamespace(parameters=numbers, fixed_parameters=numbers)
    if change == 1.0:
        with pytest.raises(OSError, match='No space'):
            write_transform(ants, transform, tmp_path / 'a.txt')
    else:
        write_transform(ants, transform, tmp_path / 'a.txt')
