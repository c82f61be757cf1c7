import nibabel as nb
import numpy as np
import pytest
from nibabel.affines import apply_affine

from benchmarks.altered import Head, alter
from pvs_workflow.errors import RegistrationError
from pvs_workflow.method.conform import conform
from pvs_workflow.registration.affine import GRID, register_affine, register_once
from pvs_workflow.science.resampling import coarse_image
from tests.builders.method import EXAMPLE, template_image, turn

pytestmark = pytest.mark.slow
SEED, BRAIN = 7, template_image('desc-brain_mask')
POINTS = np.array([[x, y, z] for x in (-30, 30) for y in (-20, 20) for z in (-8, 20)])


@pytest.fixture(scope='module')
def example():
    """Return a head of the example, its registration and its true ROI."""
    stem = 'sub-01/ses-1/anat/sub-01_ses-1_'
    t2w = conform(EXAMPLE / f'{stem}T2w.nii.gz').image
    roi = conform(
        EXAMPLE / 'derivatives/truth' / f'{stem}space-T2w_desc-basalganglia_dseg.nii.gz'
    ).image
    transform = register_affine(t2w, template_image('T2w'), BRAIN, SEED)
    return Head(t2w, transform.matrix, np.asarray(roi.dataobj).astype(int))


def distance(transform, truth, points=POINTS):
    """Return the mean distance between points mapped by two matrices, mm."""
    mapped, true = (apply_affine(matrix, points) for matrix in (transform.matrix, truth))
    return np.linalg.norm(mapped - true, axis=1).mean()


def test_the_affine_of_a_stretched_template_is_recovered():
    image = template_image('T1w')
    stretch = turn((5, -6, 8), (12, -9, 15)) @ np.diag([1.08, 0.93, 1.04, 1])
    head = nb.Nifti1Image(np.asarray(image.dataobj), stretch @ image.affine)
    transform = register_affine(head, image, BRAIN, SEED)
    assert register_affine(head, image, BRAIN, SEED) == transform
    moved = apply_affine(stretch, POINTS)
    assert distance(transform, np.linalg.inv(stretch), moved) < 0.5


@pytest.mark.parametrize(
    'move',
    [
        turn((28, 0, 0), (0, 0, 0)),
        np.diag([0.8, 0.8, 0.8, 1]),
        np.diag([1.25, 1.25, 1.25, 1]),
    ],
    ids=['nodding', 'small', 'large'],
)
def test_a_head_may_nod_and_have_another_size(example, move):
    moved = nb.Nifti1Image(example.t2w.dataobj, move @ example.t2w.affine)
    transform = register_affine(moved, template_image('T2w'), BRAIN, SEED)
    truth = example.to_template @ np.linalg.inv(move)
    points = apply_affine(np.linalg.inv(truth), POINTS)
    assert distance(transform, truth, points) < 3


def test_a_stripped_and_cropped_head_on_which_one_start_collapses_is_registered(example):
    stripped = alter(example, 'skull-stripped tightly and cropped below')
    points = apply_affine(np.linalg.inv(example.to_template), POINTS)
    template = template_image('T2w')
    once = register_once(*(coarse_image(image, GRID) for image in (stripped.t2w, template)))
    assert distance(once, example.to_template, points) > 4
    transform = register_affine(stripped.t2w, template, BRAIN, SEED)
    assert distance(transform, example.to_template, points) < 2


def test_a_head_that_is_far_too_small_is_refused():
    image = template_image('T1w')
    head = nb.Nifti1Image(np.asarray(image.dataobj), np.diag([0.6, 0.6, 0.6, 1]) @ image.affine)
    with pytest.raises(RegistrationError, match=r'times the average volume, outside 0\.4 to 2\.5'):
        register_affine(head, image, BRAIN, SEED)
