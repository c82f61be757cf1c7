"""The installed command, run as users run it, and the shipped example."""

import fcntl
import json
import os
import pickle
import shutil
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

import nibabel as nb
import pandas as pd

from tests.places import REAL

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / 'bids_examples' / 'template'
TRUTH = EXAMPLE / 'derivatives' / 'truth'
COMMAND = Path(sys.executable).with_name('pvs_workflow')
ENVIRONMENT = dict(os.environ)
"""Environment before any test, since TensorFlow and ANTs change the environment on import."""


def environment(home):
    """Return an environment with an empty home folder, as on a cluster."""
    home.mkdir(exist_ok=True)
    return ENVIRONMENT | {'HOME': str(home)}


def arguments(bids, out, level='participant', *options):
    return [str(value) for value in (COMMAND, bids, out, level, *options)]


def run(bids, out, level='participant', *options):
    """Run the command and return the finished process."""
    work = ('--work-dir', out.parent / f'{out.name}_work') if level == 'participant' else ()
    completed = subprocess.run(
        arguments(bids, out, level, *work, *options),
        capture_output=True,
        text=True,
        env=environment(out.parent / 'home'),
        cwd=out.parent,
    )
    return completed


def read(path):
    return pd.read_csv(path, sep='\t', na_values=['n/a'], keep_default_na=False)


def tables(out):
    """Return the bytes of all result tables, by name."""
    return {
        path.name: path.read_bytes()
        for path in sorted(out.glob('sub-*/**/anat/*.tsv'))
        if path.name.endswith(('_grade.tsv', '_counts.tsv', '_instances.tsv'))
    }


def make_raw(folder, *participants):
    """Make an empty raw dataset and return the anat folders of its participants."""
    folder.mkdir(parents=True)
    description = {'Name': 'test', 'BIDSVersion': '1.10.0', 'DatasetType': 'raw'}
    (folder / 'dataset_description.json').write_text(json.dumps(description))
    (folder / 'README').write_text('Scans that a test made. ' * 10)
    out = []
    for participant in participants:
        anat = folder / f'sub-{participant}' / 'anat'
        anat.mkdir(parents=True)
        out.append(anat)
    return out


def copy_t2w(anat, source=EXAMPLE / 'sub-02/anat/sub-02_T2w.nii.gz'):
    target = anat / f'{anat.parent.name}_T2w.nii.gz'
    shutil.copyfile(source, target)
    return target


def example_results(tmp_path_factory):
    """Return the results of the example: participant level with two processes, then group level.

    They take minutes, so the first test process that needs them makes them for all.
    """
    with shared_folder(tmp_path_factory, 'example') as folder:
        out = folder / 'out'
        if not out.exists():
            completed = run(EXAMPLE, out, 'participant', '--nprocs', 2, '--write-graph')
            assert completed.returncode == 0, completed.stderr
            completed = run(EXAMPLE, out, 'group')
            assert completed.returncode == 0, completed.stderr
    return out


def real_results(tmp_path_factory):
    """Return the results of the real scans at both levels, and the resource usage of the run.

    They are made once for all test processes, like those of the example.
    """
    from benchmarks.memory import observe

    with shared_folder(tmp_path_factory, 'real') as folder:
        record = folder / 'usage.pickle'
        if not record.exists():
            options = ('--nprocs', '2', '--omp-nthreads', '1', '--mem', '4G')
            code, text, usage = observe(REAL, folder, *options)
            assert code == 0, text
            completed = run(REAL, folder / 'out', 'group')
            assert completed.returncode == 0, completed.stderr
            record.write_bytes(pickle.dumps(usage))
    return folder / 'out', pickle.loads(record.read_bytes())


@contextmanager
def shared_folder(tmp_path_factory, name):
    """Lock and return a folder shared by all test processes."""
    base = tmp_path_factory.getbasetemp()
    if 'PYTEST_XDIST_WORKER' in os.environ:
        base = base.parent
    (base / name).mkdir(exist_ok=True)
    with (base / f'{name}.lock').open('w') as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield base / name


def dice(first, second):
    first, second = (nb.load(path).get_fdata() for path in (first, second))
    assert first.shape == second.shape
    both = [
        ((a := first == side).sum(), (b := second == side).sum(), (a & b).sum()) for side in (1, 2)
    ]
    return [2 * shared / (a + b) for a, b, shared in both]
