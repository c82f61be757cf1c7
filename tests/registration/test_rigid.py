import nibabel as nb
import numpy as np
import pytest
from nibabel.affines import apply_affine

from pvs_workflow.method.assess import HANDEDNESS
from pvs_workflow.registration.rigid import register_rigid
from pvs_workflow.science.roi import roi_labels
from tests.builders.method import example_scan, template_image, thick_t2w, turn

pytestmark = pytest.mark.slow
SEED = 7


def points():
    """Return the world positions of the template's basal ganglia."""
    atlas = template_image('atlas-CerebrA_dseg')
    roi = roi_labels(np.asarray(atlas.dataobj).astype(int)) > 0
    return apply_affine(atlas.affine, np.argwhere(roi))[::50]


@pytest.mark.parametrize(
    ('angles', 'shift'),
    [((4, -3, 6), (5, -8, 4)), ((0, 0, 0), (40, 30, -35))],
    ids=['rotated head', 'wrong origin'],
)
def test_a_known_motion_is_recovered(angles, shift):
    move = turn(angles, shift)
    fixed, moving = thick_t2w(move), template_image('T1w')
    transform, _ = register_rigid(fixed, moving, SEED)
    assert register_rigid(fixed, moving, SEED)[0] == transform
    original = points()
    mapped = apply_affine(transform.matrix, apply_affine(move, original))
    assert np.linalg.norm(mapped - original, axis=1).mean() < 1.0  # mm


@pytest.mark.parametrize('contrast', ['T1w', 'FLAIR'])
def test_swapped_sides_are_detected(contrast):
    fixed, moving = (example_scan(name).image for name in ('T2w', contrast))
    swapped = nb.Nifti1Image(np.asarray(moving.dataobj)[::-1].copy(), moving.affine)
    assert register_rigid(fixed, moving, SEED)[1] > 1 / HANDEDNESS
    assert register_rigid(fixed, swapped, SEED)[1] < HANDEDNESS
