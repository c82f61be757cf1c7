import nibabel as nb
import numpy as np
import pytest

from pvs_workflow.errors import ImageError
from pvs_workflow.method import count_epvs
from pvs_workflow.science.grading import person_grade
from tests.builders.method import EXAMPLE


def test_an_error_names_a_file_that_is_not_an_image(tmp_path):
    (tmp_path / 'a.nii').write_text('hello')
    with pytest.raises(ImageError, match=r'^a\.nii cannot be used'):
        count_epvs(tmp_path / 'a.nii')


def test_an_image_in_memory_is_checked_like_a_file():
    coarse = nb.Nifti1Image(np.arange(1000.0).reshape(10, 10, 10), np.diag([4, 4, 4, 1]))
    with pytest.raises(ImageError, match=r'^T2w\.nii cannot be used: its axial slices'):
        count_epvs(coarse)


@pytest.fixture(scope='module')
def t2w():
    """Return the example's T2w, flipped in memory."""
    image = nb.load(EXAMPLE / 'sub-02' / 'anat' / 'sub-02_T2w.nii.gz')
    return image.as_reoriented([[0, -1], [1, 1], [2, -1]])


@pytest.mark.slow
def test_other_contrasts_that_cannot_be_used_are_reasons(t2w, tmp_path):
    echoes = nb.Nifti1Image(np.ones((9, 9, 9, 4), np.float32), np.eye(4))
    result = count_epvs(t2w, t1w=echoes, flair=tmp_path / 'sub-01_FLAIR.nii.gz')
    assert (result.quality.overall, result.aligned) == ('review', {})
    first, second = result.quality.reasons
    assert first.startswith('T1w.nii cannot be used: it is 4D')
    assert second.startswith('sub-01_FLAIR.nii.gz cannot be used: it is not a readable NIfTI')


@pytest.mark.slow
def test_all_parts_of_a_result_are_consistent(t2w):
    result = count_epvs(t2w)
    assert result.grade == person_grade(result.counts['count'])
    assert result.probabilities.sum() == pytest.approx(1)
    assert result.quality.overall == 'pass'
    assert result.aligned == {}
    for image in (result.t2w, result.roi, result.structures, result.instances, result.enhanced):
        assert image.shape == t2w.shape
        assert np.allclose(image.affine, t2w.affine)
    labels = np.asarray(result.instances.dataobj)
    assert sorted(result.epvs['label']) == np.unique(labels[labels > 0]).tolist()
    for row in result.epvs.itertuples():
        voxels = np.argwhere(labels == row.label)
        centre = nb.affines.apply_affine(result.instances.affine, voxels.mean(axis=0))
        assert np.allclose((row.x, row.y, row.z), centre, atol=1e-3)
        assert row.slice == voxels[0, 2]
