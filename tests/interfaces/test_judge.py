"""Unfamiliar images reach the flags of a scan."""

import numpy as np
import pytest

from pvs_workflow.interfaces.cascade import Judge
from pvs_workflow.interfaces.io import save_image, save_views
from pvs_workflow.science.slices import find_views


@pytest.fixture
def inputs(tmp_path):
    """Return the inputs of a scan of which nothing is wrong but what the test adds."""
    roi = np.zeros((80, 60, 12), np.uint8)
    roi[5:35, 10:50, 3:9], roi[45:75, 10:50, 3:9] = 1, 2
    affine = np.diag([0.9, 0.9, 4.0, 1.0])
    rois = np.ones((6, 80, 96), bool)
    np.savez(tmp_path / 'images.npz', rois=rois)
    return {
        'roi': save_image(roi, affine, tmp_path / 'roi.nii.gz'),
        'images': str(tmp_path / 'images.npz'),
        'views': save_views(find_views(roi), tmp_path / 'views.json'),
        'correlation': 0.9,
    }


@pytest.mark.parametrize('unfamiliar', [(), (2,), (0, 5)])
def test_unfamiliar_images_are_for_review(tmp_path, inputs, unfamiliar):
    familiar = np.array([index not in unfamiliar for index in range(6)])
    np.savez(tmp_path / 'prediction.npz', familiar=familiar)
    judge = Judge(**inputs, prediction=str(tmp_path / 'prediction.npz'))
    found = judge.run(cwd=str(tmp_path)).outputs
    assert found.images_qc == ['pass' if known else 'review' for known in familiar]
    assert found.overall == ('review' if unfamiliar else 'pass')
    assert found.reasons == (
        ['an image unlike those the cascade was trained on'] if unfamiliar else []
    )


@pytest.mark.parametrize(('agreements', 'overall'), [([0.9], 'pass'), ([0.9, 0.7], 'review')])
def test_another_contrast_that_lies_elsewhere_is_for_review(tmp_path, inputs, agreements, overall):
    np.savez(tmp_path / 'prediction.npz', familiar=np.ones(6, bool))
    judge = Judge(**inputs, prediction=str(tmp_path / 'prediction.npz'), agreements=agreements)
    assert judge.run(cwd=str(tmp_path)).outputs.overall == overall
