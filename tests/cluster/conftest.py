"""A real Slurm, where there is one, and a dataset of two people to run on it."""

import shutil
import subprocess

import pytest

from tests.builders.cluster import PEOPLE
from tests.builders.example import EXAMPLE, run
from tests.places import REAL


@pytest.fixture(scope='session', autouse=True)
def slurm():
    """Skip where no Slurm takes jobs."""
    if shutil.which('sbatch') is None:
        pytest.skip('no sbatch here: there is no Slurm')
    done = subprocess.run(['sinfo', '--noheader', '-o', '%a'], capture_output=True, text=True)
    if 'up' not in done.stdout:
        pytest.skip(f'Slurm does not answer: {done.stderr.strip()}')


@pytest.fixture(scope='session')
def dataset(tmp_path_factory):
    """Return two people's scans: real ones, or where there are none the example's."""
    source, target = (REAL if REAL.is_dir() else EXAMPLE), tmp_path_factory.mktemp('raw') / 'bids'
    target.mkdir()
    for path in source.iterdir():
        if path.is_file() and path.stem != 'participants':
            shutil.copy(path, target / path.name)
    for label in PEOPLE:
        shutil.copytree(source / f'sub-{label}', target / f'sub-{label}')
    return target


@pytest.fixture(scope='session')
def local(dataset, tmp_path_factory):
    """Return the results of a run on this computer."""
    out = tmp_path_factory.mktemp('local') / 'out'
    done = run(dataset, out, 'participant', '--nprocs', '2')
    assert done.returncode == 0, done.stderr
    assert run(dataset, out, 'group').returncode == 0
    return out
