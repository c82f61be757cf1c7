"""Runs and sessions that are rescans, or one acquisition reconstructed twice."""

import shutil

import nibabel as nb
import numpy as np
import pytest

from tests.builders.untidy_group import collect, preproc_t2w, save_count, save_raw, write_rows

FIRST, SECOND = (f'sub-01/anat/sub-01_run-{run}_T2w.nii.gz' for run in (1, 2))


@pytest.fixture
def out(tmp_path):
    """Return results of two runs, and of two sessions, so that there is a section on change."""
    out = tmp_path / 'out'
    for run, count in (('1', 4.0), ('2', 5.0)):
        save_count(out, '01', count, run=run, images=True)
    for session in '12':
        save_count(out, '02', 5.0, session)
    return out


def rescans(out, bids=None):
    """Return the number of rescans and of copies on the page."""
    page = collect(out, bids)[3]
    number = page.partition('this group has\n')[2].partition('.')[0]
    copies = page.partition('reconstructed from one acquisition\n(')[2].partition(')')[0]
    return int(number), int(copies or 0)


def change(out, function):
    """Replace the second T2w by a function of the first."""
    image = nb.load(preproc_t2w(out, FIRST))
    voxels = function(np.asarray(image.dataobj, dtype=np.float32))
    changed = nb.Nifti1Image(voxels.astype(np.float32), image.affine)
    nb.save(changed, preproc_t2w(out, SECOND))


def with_bias(voxels):
    return voxels * np.linspace(0.7, 1.4, voxels.shape[0])[:, None, None]


def test_two_runs_are_a_rescan(out):
    assert rescans(out) == (1, 0)


@pytest.mark.parametrize(
    'function',
    [
        lambda voxels: voxels,
        lambda voxels: 4 * voxels,
        with_bias,
        lambda voxels: np.round(voxels),
    ],
    ids=['duplicate', 'other scale', 'rec-norm', 'rounded'],
)
def test_nearly_equal_voxels_are_no_rescan(out, function):
    change(out, function)
    assert rescans(out) == (0, 1)
    assert 'sub-01_run-1_T2w.nii.gz and sub-01_run-2_T2w.nii.gz' in collect(out)[3]


def test_images_on_different_grids_are_a_rescan(out):
    image = nb.load(preproc_t2w(out, FIRST))
    affine = image.affine.copy()
    affine[:3, 3] += 3
    nb.save(nb.Nifti1Image(image.get_fdata(), affine), preproc_t2w(out, SECOND))
    assert rescans(out) == (1, 0)


def test_a_session_that_is_a_copy_of_another_is_no_rescan(tmp_path):
    out, bids = tmp_path / 'out', tmp_path / 'bids'
    images = [save_count(out, '01', 5.0, session, images=True) for session in '12']
    shutil.copy(preproc_t2w(out, images[0]), preproc_t2w(out, images[1]))
    save_raw(bids, *images)
    rows = [('ses-1', '2020-05-01'), ('ses-2', '2020-05-02')]
    write_rows(bids / 'sub-01/sub-01_sessions.tsv', ('session_id', 'acq_time'), *rows)
    assert rescans(out, bids) == (0, 1)


TIME = '2020-05-01T10:20:30.5'


@pytest.mark.parametrize(
    ('sidecars', 'number'),
    [
        ([{'AcquisitionTime': '10:20:30.52'}] * 2, 0),
        ([{'AcquisitionDateTime': TIME, 'SeriesNumber': n} for n in (4, 5)], 0),
        ([{'SeriesInstanceUID': '1.2.3', 'EchoTime': 0.1}] * 2, 0),
        ([{'AcquisitionTime': f'10:2{n}:30.52'} for n in (1, 7)], 1),
        ([{'AcquisitionTime': '00:00:00'}] * 2, 1),
        ([{'AcquisitionDateTime': time} for time in (TIME, TIME.replace('2020', '2021'))], 1),
        ([{'AcquisitionNumber': 1}] * 2, 1),
    ],
    ids=['time', 'date and time', 'series', 'later', 'removed times', 'next year', 'number alone'],
)
def test_the_time_or_series_of_the_raw_images_decides(out, tmp_path, sidecars, number):
    bids = save_raw(tmp_path / 'bids', FIRST, SECOND, sidecars=sidecars)
    assert rescans(out, bids) == (number, 1 - number)


@pytest.mark.parametrize('second', [TIME, '2020-05-01T10:31:00'])
def test_the_times_of_scans_decide(out, tmp_path, second):
    bids = save_raw(tmp_path / 'bids', FIRST, SECOND)
    names = [image.removeprefix('sub-01/') for image in (FIRST, SECOND)]
    rows = [('filename', 'acq_time'), (names[0], TIME), (names[1], second)]
    write_rows(bids / 'sub-01/sub-01_scans.tsv', *rows)
    assert rescans(out, bids) == ((0, 1) if second == TIME else (1, 0))
