import nibabel as nb
import numpy as np
import pytest
from nibabel.affines import apply_affine

from pvs_workflow.errors import RegistrationError
from pvs_workflow.registration.affine import register_affine
from tests.builders.method import template_image, turn

pytestmark = pytest.mark.slow
SEED = 7


def test_the_affine_of_a_stretched_template_is_recovered():
    image = template_image('T1w')
    stretch = turn((5, -6, 8), (12, -9, 15)) @ np.diag([1.08, 0.93, 1.04, 1])
    head = nb.Nifti1Image(np.asarray(image.dataobj), stretch @ image.affine)
    transform = register_affine(head, image, SEED)
    assert register_affine(head, image, SEED) == transform
    points = np.array([[x, y, z] for x in (-30, 30) for y in (-20, 20) for z in (-8, 20)])
    mapped = apply_affine(transform.matrix, apply_affine(stretch, points))
    assert np.linalg.norm(mapped - points, axis=1).mean() < 0.5  # mm


def test_a_head_that_is_far_too_small_is_refused():
    image = template_image('T1w')
    head = nb.Nifti1Image(np.asarray(image.dataobj), np.diag([0.6, 0.6, 0.6, 1]) @ image.affine)
    with pytest.raises(RegistrationError, match=r'times the average volume, outside 0\.4 to 2\.5'):
        register_affine(head, image, SEED)
