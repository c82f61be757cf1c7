import json
import shutil

import pytest

from pvs_workflow.derivatives.results import read_results
from pvs_workflow.group.acquisitions import are_one_acquisition
from tests.builders.results import derivative_path, save_result


@pytest.fixture
def out(tmp_path):
    """Return the derivatives of two runs with different noise."""
    for run in ('1', '2'):
        save_result(tmp_path / 'out', '01', run=run, images=True)
    return tmp_path / 'out'


def is_one(out, bids_dir=None):
    return are_one_acquisition(*read_results(out).results, bids_dir)


def t2w(out, run):
    return derivative_path(out / f'sub-01/anat/sub-01_run-{run}', 'desc-preproc_T2w.nii.gz')


def test_noise_distinguishes_two_acquisitions(out):
    assert not is_one(out)


def test_equal_voxels_are_one_acquisition(out):
    shutil.copy(t2w(out, 1), t2w(out, 2))
    assert is_one(out)


def test_without_images_nothing_is_assumed(out):
    shutil.copy(t2w(out, 1), t2w(out, 2))
    t2w(out, 1).write_bytes(b'damaged')
    assert not is_one(out)
    t2w(out, 1).unlink()
    assert not is_one(out)


def test_the_raw_dataset_knows_the_time_of_acquisition(out, tmp_path):
    bids = tmp_path / 'bids'
    for result in read_results(out).results:
        path = bids / result.grade['t2w'].replace('.nii.gz', '.json')
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps({'AcquisitionTime': '11:12:13.5'}))
    assert is_one(out, bids)
