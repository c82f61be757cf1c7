"""The app on one small T2w, as users run it: undisturbed, and where to disturb it."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import nibabel as nb
import pytest

from tests.builders.example import EXAMPLE
from tests.builders.faults import Stage


@pytest.fixture(scope='module')
def faults():
    """Return the benchmark's module: what kills the app also compares what is left."""
    from benchmarks import faults

    return faults


@pytest.fixture(scope='module')
def place():
    """Return a folder that other users can enter, too, with datasets of one and of two people."""
    folder = Path(tempfile.mkdtemp(prefix='pvs-faults-'))
    folder.chmod(0o755)
    for name, people in (('one', ['01']), ('two', ['01', '02'])):
        (folder / name).mkdir()
        description = {'Name': name, 'BIDSVersion': '1.10.0', 'DatasetType': 'raw'}
        (folder / name / 'dataset_description.json').write_text(json.dumps(description))
        for label in people:
            path = folder / name / f'sub-{label}' / 'anat' / f'sub-{label}_T2w.nii'
            path.parent.mkdir(parents=True)
            nb.save(nb.load(EXAMPLE / 'sub-02/anat/sub-02_T2w.nii.gz'), path)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope='module')
def stages(place, faults):
    """Make stages; on a warm one all but the writing of results is done already."""

    def make(name, dataset='one', warm_from=None):
        folder = place / name
        folder.mkdir()
        if warm_from is not None:
            (folder / 'work').symlink_to(warm_from.work)
        return Stage(folder, faults.app(place / dataset))

    return make


@pytest.fixture(scope='module')
def peace(stages, faults):
    """Return the stage of a run that nobody disturbed."""
    stage = stages('peace')
    code, said = stage.run()
    assert code == 0, said
    return stage


@pytest.fixture(scope='module')
def reference(peace, faults):
    """Return what that run made."""
    return faults.contents(peace.out)


@pytest.fixture
def small_disk():
    """Mount small disks, where that may be done."""
    mounted = []

    def mount(path, megabytes):
        path.mkdir(exist_ok=True)
        words = ['mount', '-t', 'tmpfs', '-o', f'size={megabytes}m', 'tmpfs', str(path)]
        try:
            done = subprocess.run(words, capture_output=True, text=True)
        except OSError as error:
            pytest.skip(f'disks cannot be mounted here: {error}')
        if done.returncode:
            pytest.skip(f'disks cannot be mounted here: {done.stderr.strip()}')
        mounted.append(path)

        def resize(more):
            words = ['mount', '-o', f'remount,size={more}m', str(path)]
            subprocess.run(words, check=True, capture_output=True)

        return resize

    yield mount
    for path in mounted:
        subprocess.run(['umount', '--lazy', str(path)], check=True)


@pytest.fixture(scope='module')
def somebody(place):
    """Return what makes a process one of a user without rights, where permissions do not bind us.

    Root may write everywhere.
    """
    if os.geteuid() != 0:
        return {}
    nobody = {'user': 65534, 'group': 65534, 'extra_groups': []}
    words = [sys.executable, '-c', 'import nipype, pvs_workflow.cli.run']
    try:
        done = subprocess.run(words, capture_output=True, text=True, cwd=place, **nobody)
    except OSError as error:
        pytest.skip(f'this process may not become another user: {error}')
    if done.returncode:
        pytest.skip(f'other users cannot run the app from here: {done.stderr[-200:]}')
    return nobody
