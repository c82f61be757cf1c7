import nibabel as nb
import numpy as np
import pytest

from pvs_workflow.lab.simulation.grids import Grid, rigid

AFFINE = rigid((4.0, -7.0, 12.0), (-40.0, 8.0, 15.0)) @ np.diag([0.6, 0.7, 5.0, 1.0])
GRID = Grid((30, 40, 11), AFFINE)


def position(grid, *voxel):
    return nb.affines.apply_affine(grid.affine, voxel)


def test_sizes_are_those_of_the_voxels():
    np.testing.assert_allclose(GRID.sizes, [0.6, 0.7, 5.0])


def test_a_box_preserves_voxel_positions():
    box = GRID.box((7, 3, 2), (10, 9, 8))
    assert box.shape == (10, 9, 8)
    np.testing.assert_allclose(position(box, 4, 5, 6), position(GRID, 11, 8, 8))


def test_moving_a_grid_transforms_its_voxel_positions():
    transform = rigid((0, 20, 0), (1, 2, 3))
    moved = GRID.moved(transform)
    assert moved.shape == GRID.shape
    np.testing.assert_allclose(
        position(moved, 3, 4, 5), nb.affines.apply_affine(transform, position(GRID, 3, 4, 5))
    )


def test_a_slab_is_centred_on_its_slices():
    slabs = GRID.slabs(5)
    assert slabs.shape == (30, 40, 2)  # the eleventh slice is dropped
    np.testing.assert_allclose(position(slabs, 3, 4, 1), position(GRID, 3, 4, 7))
    np.testing.assert_allclose(slabs.sizes, [0.6, 0.7, 25.0])


@pytest.mark.parametrize('factor', [2, 3])
def test_a_coarser_grid_has_the_same_first_voxel_and_extent(factor):
    coarse = GRID.coarser(factor)
    np.testing.assert_allclose(position(coarse, 0, 0, 4), position(GRID, 0, 0, 4))
    np.testing.assert_allclose(coarse.sizes, [0.6 * factor, 0.7 * factor, 5.0])
    last = np.linalg.inv(coarse.affine) @ [*position(GRID, 29, 39, 10), 1]
    assert (last[:2] <= np.array(coarse.shape[:2]) - 1).all()


def test_layers_of_a_slice_are_evenly_spaced_around_its_centre():
    offsets = (np.arange(4) + 0.5) / 4 - 0.5
    layers = GRID.sublayers(offsets)
    assert layers.shape == (30, 40, 44)
    centres = np.array([position(layers, 2, 3, 4 * 6 + i) for i in range(4)])
    np.testing.assert_allclose(centres.mean(axis=0), position(GRID, 2, 3, 6))
    np.testing.assert_allclose(np.linalg.norm(np.diff(centres, axis=0), axis=1), 1.25)


def test_a_rigid_transform_preserves_distances_and_handedness(rng):
    transform = rigid((10, 20, -30), (4, 5, 6))
    points = rng.normal(size=(20, 3))
    moved = nb.affines.apply_affine(transform, points)
    np.testing.assert_allclose(
        np.linalg.norm(moved[1:] - moved[:-1], axis=1),
        np.linalg.norm(points[1:] - points[:-1], axis=1),
    )
    assert np.linalg.det(transform[:3, :3]) == pytest.approx(1)
