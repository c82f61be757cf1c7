import nibabel as nb
import numpy as np
import pytest

from pvs_workflow.registration.engine import load_ants
from pvs_workflow.registration.transforms import (
    EULER,
    LinearTransform,
    apply_transform,
)
from tests.builders.method import turn

FLIP = np.diag([-1.0, -1.0, 1.0, 1.0])


def linear(matrix, centre=(0.0, 0.0, 0.0)):
    """Return a RAS matrix as a transform about some centre."""
    lps = FLIP @ matrix @ FLIP
    offset = lps[:3, 3] - centre + lps[:3, :3] @ centre
    return LinearTransform(tuple(map(float, (*lps[:3, :3].ravel(), *offset))), tuple(centre))


STRETCHED = turn((-9, 2, 1), (1, 2, 30)) @ np.diag([1.1, 0.9, 1.05, 1])


@pytest.mark.parametrize('centre', [(0.0, 0.0, 0.0), (3.0, -20.0, 8.0)])
def test_the_matrix_is_that_of_points_in_ras(centre):
    assert linear(STRETCHED, centre).matrix == pytest.approx(STRETCHED, abs=1e-12)


def test_text_keeps_every_digit(tmp_path):
    transform = linear(STRETCHED, (1 / 3, -20.0, 1e-7))
    assert LinearTransform.load(transform.save(tmp_path / 'a.txt')) == transform


def test_angles_have_no_matrix():
    with pytest.raises(ValueError, match='only AffineTransform_double_3_3 has a matrix'):
        _ = LinearTransform((0.0,) * 6, (0.0,) * 3, EULER).matrix


@pytest.mark.slow
def test_ants_maps_points_alike(tmp_path):
    transform = linear(STRETCHED, (3.0, -20.0, 8.0))
    ants = load_ants()
    theirs = ants.read_transform(str(transform.save(tmp_path / 'a.txt')))
    for point in np.random.default_rng(0).uniform(-90, 90, (20, 3)):
        ours = FLIP @ transform.matrix @ FLIP @ [*point, 1]
        assert ours[:3] == pytest.approx(theirs.apply_to_point(point.tolist()), abs=1e-4)
    written = tmp_path / 'b.txt'
    ants.write_transform(theirs, str(written))
    assert LinearTransform.from_ants(written).parameters == tuple(theirs.parameters)


@pytest.mark.slow
def test_an_image_is_taken_from_where_the_transform_leads():
    affine = np.diag([2.0, 2.0, 3.0, 1.0])
    voxels = np.random.default_rng(1).random((20, 16, 12), dtype=np.float32)
    moving = nb.Nifti1Image(voxels, affine)
    # From fixed to moving points: two voxels to the right, one down.
    moved = apply_transform(moving, moving, linear(turn((0, 0, 0), (4, 0, -3))))
    expected = voxels[2:, :, :-1]
    assert np.asarray(moved.dataobj)[:-2, :, 1:] == pytest.approx(expected, abs=1e-4)
