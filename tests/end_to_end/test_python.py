"""Results from Python, in a new session, equal those of the command."""

import re
import subprocess
import sys

import pytest

from tests.builders.example import EXAMPLE, ROOT, environment
from tests.places import REAL

pytestmark = pytest.mark.slow

SAVE = """
import sys
from pathlib import Path
from pvs_workflow.derivatives.tables import write_table
write_table(result.counts, Path('counts.tsv'), 'epvs_counts')
write_table(result.epvs, Path('epvs.tsv'), 'epvs_instances')
"""
COUNT = """
from pvs_workflow.method import count_epvs
result = count_epvs(*sys.argv[1:])
"""


def run_python(code, folder, *arguments):
    """Run code in a new Python process, without the environment that the command sets."""
    completed = subprocess.run(
        [sys.executable, '-c', code, *map(str, arguments)],
        capture_output=True,
        text=True,
        cwd=folder,
        env=environment(folder / 'home') | {'MPLBACKEND': 'Agg', 'PYTHONPATH': str(ROOT)},
    )
    assert completed.returncode == 0, completed.stderr
    return completed.stdout


def assert_same_tables(folder, anat):
    """Compare the saved tables with the command's tables of one scan."""
    for ours, theirs in (('counts', 'desc-epvs_counts'), ('epvs', 'desc-epvs_instances')):
        (path,) = anat.glob(f'*{theirs}.tsv')
        assert (folder / f'{ours}.tsv').read_bytes() == path.read_bytes()


def test_the_code_of_the_page_gives_the_results_of_the_command(example, tmp_path):
    (tmp_path / 'bids_examples').symlink_to(EXAMPLE.parent)
    page = (ROOT / 'docs' / 'python.md').read_text('utf-8')
    blocks = re.findall(r'^```python\n(.*?)^```$', page, re.M | re.S)
    output = run_python('\n'.join([*blocks, SAVE]), tmp_path)
    grade = (example / 'sub-02/anat/sub-02_desc-potter_grade.tsv').read_text().split('\n')
    potter = dict(zip(*(line.split('\t') for line in grade[:2]), strict=True))['potter']
    assert output.startswith(f'{potter} [')
    assert_same_tables(tmp_path, example / 'sub-02' / 'anat')
    for name in ('roi.png', 'epvs.png', 'roi.nii.gz'):
        assert (tmp_path / name).stat().st_size > 5000


@pytest.mark.real
@pytest.mark.skipif(not REAL.is_dir(), reason=f'no real scans in {REAL} (set PVS_REAL_DATA)')
def test_a_real_session_gives_the_results_of_the_command(real, tmp_path):
    anat = REAL / 'sub-04' / 'ses-1' / 'anat'
    images = [anat / f'sub-04_ses-1_{name}.nii.gz' for name in ('T2w', 'T1w', 'FLAIR')]
    run_python(f'import sys{COUNT}{SAVE}', tmp_path, *images)
    assert_same_tables(tmp_path, real[0] / 'sub-04' / 'ses-1' / 'anat')
