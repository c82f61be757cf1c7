"""Fixtures that run the app on small datasets, with and without disturbances."""

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
    """Return the benchmark module, which kills the app and compares its output."""
    from benchmarks import faults

    return faults


@pytest.fixture(scope='module')
def shared_folder():
    """Return a folder that other users can enter, with small datasets.

    ``one`` and ``two`` have so many participants; ``sessions`` has one with two sessions.
    """
    folder = Path(tempfile.mkdtemp(prefix='pvs-faults-'))
    folder.chmod(0o755)
    datasets = {'one': ['sub-01'], 'two': ['sub-01', 'sub-02']}
    datasets['sessions'] = ['sub-01/ses-1', 'sub-01/ses-2']
    for name, places in datasets.items():
        (folder / name).mkdir()
        description = {'Name': name, 'BIDSVersion': '1.10.0', 'DatasetType': 'raw'}
        (folder / name / 'dataset_description.json').write_text(json.dumps(description))
        for place in places:
            path = folder / name / place / 'anat' / f'{place.replace("/", "_")}_T2w.nii'
            path.parent.mkdir(parents=True)
            nb.save(nb.load(EXAMPLE / 'sub-02/anat/sub-02_T2w.nii.gz'), path)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope='module')
def stages(shared_folder, faults):
    """Return a function that creates stages; a warm one reuses the work folder of another."""

    def make(name, dataset='one', warm_from=None):
        folder = shared_folder / name
        folder.mkdir()
        if warm_from is not None:
            (folder / 'work').symlink_to(warm_from.work)
        return Stage(folder, faults.app(shared_folder / dataset))

    return make


@pytest.fixture(scope='module')
def undisturbed(stages, faults):
    """Return the stage of an undisturbed run."""
    stage = stages('undisturbed')
    code, output = stage.run()
    assert code == 0, output
    return stage


@pytest.fixture(scope='module')
def reference(undisturbed, faults):
    """Return the output files of the undisturbed run."""
    return faults.contents(undisturbed.out)


@pytest.fixture
def small_disk():
    """Return a function that mounts small disks; skip if mounting is not allowed."""
    mounted = []

    def mount(path, megabytes):
        path.mkdir(exist_ok=True)
        words = ['mount', '-t', 'tmpfs', '-o', f'size={megabytes}m', 'tmpfs', str(path)]
        try:
            completed = subprocess.run(words, capture_output=True, text=True)
        except OSError as error:
            pytest.skip(f'disks cannot be mounted here: {error}')
        if completed.returncode:
            pytest.skip(f'disks cannot be mounted here: {completed.stderr.strip()}')
        mounted.append(path)

        def resize(megabytes):
            words = ['mount', '-o', f'remount,size={megabytes}m', str(path)]
            subprocess.run(words, check=True, capture_output=True)

        return resize

    yield mount
    for path in mounted:
        subprocess.run(['umount', '--lazy', str(path)], check=True)


@pytest.fixture(scope='module')
def unprivileged(shared_folder):
    """Return process options for an unprivileged user, or none if this user is not root.

    Permissions do not restrict root.
    """
    if os.geteuid() != 0:
        return {}
    options = {'user': 65534, 'group': 65534, 'extra_groups': []}
    words = [sys.executable, '-c', 'import nipype, pvs_workflow.cli.run']
    try:
        completed = subprocess.run(
            words, capture_output=True, text=True, cwd=shared_folder, **options
        )
    except OSError as error:
        pytest.skip(f'this process may not become another user: {error}')
    if completed.returncode:
        pytest.skip(f'other users cannot run the app from here: {completed.stderr[-200:]}')
    return options
