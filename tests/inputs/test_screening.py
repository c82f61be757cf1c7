import json
import os

import nibabel as nb
import numpy as np
import pytest

from pvs_workflow.inputs.metadata import Sidecars
from pvs_workflow.inputs.query import find_images
from pvs_workflow.inputs.screening import find_fault, screen_t2ws


def screen(folder, voxels=None, **echo_times):
    """Screen T2w of one session, with voxel sizes and echo times by their ``acq`` label."""
    files = []
    for label, time in echo_times.items():
        file = f'sub-01/anat/sub-01_acq-{label}_T2w.nii'
        path = folder / file
        path.parent.mkdir(parents=True, exist_ok=True)
        data = np.random.default_rng(1).integers(0, 900, (180, 200, 30)).astype(np.int16)
        size = (voxels or {}).get(label, (1, 1, 5))
        nb.save(nb.Nifti1Image(data, np.diag([*size, 1])), path)
        path.with_suffix('.json').write_text(json.dumps({'EchoTime': time}))
        files.append(file)
    screened = screen_t2ws(find_images(folder, files, 't2w'), Sidecars(folder))
    return [image.get('acq') for image in screened.usable], screened.lost, screened.left_out


@pytest.mark.parametrize('density', [0.012, 12, '0.012', 0.03])
def test_proton_density_is_left_out(tmp_path, density):
    usable, lost, left_out = screen(tmp_path, pd=density, t2=0.1)
    assert (usable, lost) == (['t2'], ())
    assert len(left_out) == 1
    assert left_out[0].endswith('ms, is not that of a T2w')
    assert 'acq-pd' in left_out[0]


@pytest.mark.parametrize('time', [0.04, 0.08, 100, 0.4, 'unknown', None, [0.01, 0.1], 0])
def test_usual_and_unknown_echo_times_are_graded(tmp_path, time):
    assert screen(tmp_path, a=time) == (['a'], (), ())


def test_proton_density_alone_is_lost(tmp_path):
    usable, (sentence,), left_out = screen(tmp_path, pd=0.012)
    assert (usable, left_out) == ([], ())
    assert sentence.endswith(
        'cannot be used: its echo time, 12 ms, is not that of a T2w; give a T2w or correct its '
        'JSON file'
    )


def test_a_coarse_image_is_left_out_next_to_another(tmp_path):
    usable, lost, (sentence,) = screen(tmp_path, {'loc': (1, 3, 5)}, loc=0.1, tse=0.1)
    assert (usable, lost) == (['tse'], ())
    assert 'acq-loc' in sentence
    assert 'was left out: its axial slices are too coarse' in sentence


def test_coarse_images_are_kept_if_there_are_no_others(tmp_path):
    """The step that reads them reports the error."""
    usable, lost, left_out = screen(tmp_path, {'a': (1, 3, 5), 'b': (3, 1, 5)}, a=0.1, b=0.1)
    assert (usable, lost, left_out) == (['a', 'b'], (), ())


def test_a_damaged_image_is_not_hidden_by_another(tmp_path):
    screen(tmp_path, a=0.1, b=0.1)
    (tmp_path / 'sub-01/anat/sub-01_acq-a_T2w.nii').write_bytes(b'damaged')
    files = [f'sub-01/anat/sub-01_acq-{label}_T2w.nii' for label in 'ab']
    screened = screen_t2ws(find_images(tmp_path, files, 't2w'), Sidecars(tmp_path))
    assert len(screened.usable) == 2


def annex_pointer(path):
    path.write_text('/annex/objects/MD5E-s1234--0123456789abcdef.nii.gz\n')


def lfs_pointer(path):
    path.write_text('version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n')


@pytest.mark.parametrize(
    ('make', 'fault'),
    [
        (lambda path: path.write_text('x'), ''),
        (lambda path: path.write_bytes(b''), ''),
        (lambda path: None, 'missing'),
        (lambda path: path.symlink_to('nowhere'), 'a broken link'),
        (lambda path: path.symlink_to(path.name), 'a broken link'),
        (lambda path: path.mkdir(), 'a folder instead of a file'),
        (os.mkfifo, 'a pipe or device instead of a file'),
        (lambda path: path.symlink_to('/dev/zero'), 'a pipe or device instead of a file'),
        (annex_pointer, 'a pointer of git-annex to a file that was not fetched'),
        (lfs_pointer, 'a pointer of Git LFS to a file that was not fetched'),
    ],
)
def test_faults_are_found_without_reading_the_file(tmp_path, make, fault):
    make(tmp_path / 'a')
    assert find_fault(tmp_path / 'a') == fault
