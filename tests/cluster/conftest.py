"""Fixtures for tests on a real Slurm, with a dataset of two participants."""

import shutil
import subprocess

import pytest

from tests.builders.cluster import PARTICIPANTS
from tests.builders.example import EXAMPLE, run
from tests.places import REAL


@pytest.fixture(scope='session', autouse=True)
def slurm():
    """Skip the tests if Slurm does not accept jobs."""
    if shutil.which('sbatch') is None:
        pytest.skip('sbatch is not installed')
    process = subprocess.run(['sinfo', '--noheader', '-o', '%a'], capture_output=True, text=True)
    if 'up' not in process.stdout:
        pytest.skip(f'Slurm does not answer: {process.stderr.strip()}')


@pytest.fixture(scope='session')
def dataset(tmp_path_factory):
    """Return a dataset of two participants: real scans if available, or else the example."""
    source, target = (REAL if REAL.is_dir() else EXAMPLE), tmp_path_factory.mktemp('raw') / 'bids'
    target.mkdir()
    for path in source.iterdir():
        if path.is_file() and path.stem != 'participants':
            shutil.copy(path, target / path.name)
    for label in PARTICIPANTS:
        shutil.copytree(source / f'sub-{label}', target / f'sub-{label}')
    return target


@pytest.fixture(scope='session')
def local(dataset, tmp_path_factory):
    """Return the results of a run on this machine."""
    out = tmp_path_factory.mktemp('local') / 'out'
    process = run(dataset, out, 'participant', '--nprocs', '2')
    assert process.returncode == 0, process.stderr
    assert run(dataset, out, 'group').returncode == 0
    return out
