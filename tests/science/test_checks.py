import numpy as np
import pytest

from pvs_workflow.errors import ImageError
from pvs_workflow.science.checks import check_shape, check_t2w_grid, check_voxels


@pytest.mark.parametrize(
    ('shape', 'message'),
    [
        ((64, 64, 20, 5), r'it is 4D \(64 × 64 × 20 × 5 voxels\); give a 3D image'),
        ((64, 64), 'it is 2D'),
        ((64, 64, 1), 'unusable shape'),
        ((30000, 30000, 30000), 'unusable shape'),
    ],
)
def test_unusable_shapes_are_refused(shape, message):
    with pytest.raises(ImageError, match=message):
        check_shape(shape)


@pytest.mark.parametrize('value', [np.nan, np.inf])
def test_nan_and_infinite_voxels_are_refused(value):
    data = np.random.default_rng(0).random((4, 4, 4))
    check_voxels(data)
    data[1, 2, 3] = value
    with pytest.raises(ImageError, match='NaN or infinite values in 1 of 64 voxels'):
        check_voxels(data)


def test_an_empty_image_is_refused():
    with pytest.raises(ImageError, match='every voxel has the value 3'):
        check_voxels(np.full((4, 4, 4), 3.0))


def tilted(sizes, degrees=0.0):
    """Return the affine of a grid turned around the left–right axis."""
    affine = np.diag([*sizes, 1.0])
    angle = np.radians(degrees)
    turn = [[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]
    affine[1:3, 1:3] = turn @ affine[1:3, 1:3]
    return affine


@pytest.mark.parametrize(
    ('shape', 'sizes', 'message'),
    [
        ((384, 384, 2), (0.5, 0.5, 5), 'too few axial slices'),
        ((200, 200, 12), (1, 1, 1), r'\(12 of 1.00 mm\)'),
        ((40, 384, 200), (5, 0.5, 0.5), 'its slices of 5 mm are sagittal; give a T2w with axial'),
        ((384, 60, 384), (0.4, 3.3, 0.4), 'its slices of 3.3 mm are coronal'),
        ((100, 100, 40), (2, 2, 4), r'too coarse \(2.00 × 2.00 mm\)'),
        ((100, 100, 100), (2, 2, 2), r'too coarse \(2.00 × 2.00 mm\)'),
        ((256, 256, 128), (0.1, 0.1, 0.2), r'field of view is too small \(26 × 26 mm\)'),
        ((256, 60, 200), (0.7, 0.7, 0.7), r'too small \(179 × 42 mm\)'),
        ((60, 256, 200), (0.7, 0.7, 0.7), r'too small \(42 × 179 mm\)'),
    ],
)
def test_grids_that_cannot_show_epvs_are_refused(shape, sizes, message):
    with pytest.raises(ImageError, match=message):
        check_t2w_grid(shape, tilted(sizes))


@pytest.mark.parametrize('tilt', [-44, -25, -3, 0, 1e-7, 1e-3, 10, 25, 40])
@pytest.mark.parametrize('rounding', [-1e-6, 0, 1e-6])
def test_coronal_slices_are_refused_at_every_tilt(tilt, rounding):
    affine = tilted((0.4, 2 + rounding, 0.4), tilt).astype(np.float32)
    with pytest.raises(ImageError, match='its slices of 2 mm are coronal'):
        check_t2w_grid((448, 30, 448), affine)


@pytest.mark.parametrize(
    ('shape', 'sizes', 'tilt'),
    [
        ((384, 384, 28), (0.573, 0.573, 5), 20),  # the paper's
        ((320, 320, 60), (0.6, 0.6, 2), -15),
        ((256, 256, 176), (1, 1, 1), 0),
        ((176, 256, 256), (1.2, 1, 1), 0),  # sagittal partitions of a 3D acquisition
        ((176, 320, 320), (0.9, 0.5, 0.5), 10),
        ((260, 311, 260), (0.7, 0.7, 0.7), 25),
        ((512, 100, 512), (0.4, 1.5, 0.4), 0),  # thin coronal slices of the whole head
    ],
)
def test_axial_and_3d_grids_are_accepted(shape, sizes, tilt):
    check_t2w_grid(shape, tilted(sizes, tilt))
