import nibabel as nb
import numpy as np
import pytest

from benchmarks import motion
from tests.builders.heads import AFFINE, image


@pytest.fixture
def rng():
    return np.random.default_rng(5)


def test_random_motions_are_rigid_and_within_their_limits(rng):
    centre = np.array([30.0, -20.0, 12.0])
    angles, shifts, axes = [], [], []
    for _ in range(300):
        matrix = motion.random_motion(rng, centre)
        rotation = matrix[:3, :3]
        assert np.allclose(rotation @ rotation.T, np.eye(3))
        assert np.linalg.det(rotation) == pytest.approx(1)
        angles.append(np.degrees(np.arccos((np.trace(rotation) - 1) / 2)))
        shifts.append(np.linalg.norm(rotation @ centre + matrix[:3, 3] - centre))
        axes.append(
            [
                rotation[2, 1] - rotation[1, 2],
                rotation[0, 2] - rotation[2, 0],
                rotation[1, 0] - rotation[0, 1],
            ]
        )
    assert 24 < max(angles) <= motion.MAX_ANGLE
    assert 38 < max(shifts) <= motion.MAX_SHIFT
    assert min(angles) < 2
    assert min(shifts) < 3
    # All axes and senses of rotation are equally likely.
    assert np.all(np.abs(np.mean(np.sign(axes), axis=0)) < 0.2)


def test_a_lost_origin_shifts_by_a_fixed_distance_without_rotation(rng):
    matrix = motion.lost_origin(rng)
    assert np.array_equal(matrix[:3, :3], np.eye(3))
    assert np.linalg.norm(matrix[:3, 3]) == pytest.approx(motion.LOST_ORIGIN)


def test_target_errors_are_lengths_of_known_displacements(rng):
    points = rng.normal(scale=30, size=(50, 3))
    truth = motion.random_motion(rng, np.zeros(3))
    shifted = truth.copy()
    shifted[:3, 3] += [3.0, -4.0, 12.0]
    assert np.allclose(motion.target_errors(shifted, truth, points), 13)
    # A rotation by 90° about z moves a point by √2 of its distance from the axis.
    rotation = np.array([[0, -1, 0, 0], [1, 0, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1.0]])
    expected = np.sqrt(2) * np.hypot(points[:, 0], points[:, 1])
    assert np.allclose(motion.target_errors(rotation, np.eye(4), points), expected)


def test_a_disturbed_scan_has_its_voxels_at_the_moved_positions(rng):
    scan = image(rng.random((6, 7, 5)))
    moved = motion.random_motion(rng, motion.centre_of(scan))
    disturbed = motion.disturb(scan, moved)
    brightest = [
        nb.affines.apply_affine(i.affine, np.unravel_index(np.argmax(i.get_fdata()), i.shape))
        for i in (scan, disturbed)
    ]
    assert np.allclose(nb.affines.apply_affine(moved, brightest[0]), brightest[1], atol=2e-3)
    assert np.linalg.norm(brightest[1] - brightest[0]) > 0.1


def test_rotation_keeps_the_centre_and_points_are_voxel_centres(rng):
    scan = image(np.zeros((5, 4, 3)))
    centre = motion.centre_of(scan)
    assert np.allclose(centre, [2 * 0.5, 1.5 * 0.8, 4.0])
    still = motion.random_motion(rng, centre, shift=0)
    assert np.allclose(nb.affines.apply_affine(still, centre), centre)
    mask = np.zeros((5, 4, 3), dtype=bool)
    mask[4, 3, 2] = mask[0, 1, 0] = True
    assert motion.points_of(mask, AFFINE) == pytest.approx(np.array([[0, 0.8, 0], [2, 2.4, 8]]))
