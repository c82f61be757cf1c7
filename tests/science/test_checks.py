import numpy as np
import pytest

from pvs_workflow.errors import ImageError
from pvs_workflow.science.checks import check_shape, check_t2w_grid, check_voxels


@pytest.mark.parametrize(
    ('shape', 'said'),
    [
        ((64, 64, 20, 5), 'it is 4D, expected a 3D volume, received 64 × 64 × 20 × 5 voxels'),
        ((64, 64), 'it is 2D'),
        ((64, 64, 1), 'unusable shape'),
        ((30000, 30000, 30000), 'unusable shape'),
    ],
)
def test_unusable_shapes_are_refused(shape, said):
    with pytest.raises(ImageError, match=said):
        check_shape(shape)


@pytest.mark.parametrize(
    ('value', 'said'), [(np.nan, '1 that are NaN'), (np.inf, '1 that are NaN or infinite')]
)
def test_voxels_that_are_no_numbers_are_refused(value, said):
    data = np.random.default_rng(0).random((4, 4, 4))
    check_voxels(data)
    data[1, 2, 3] = value
    with pytest.raises(ImageError, match=said):
        check_voxels(data)


def test_an_empty_image_is_refused():
    with pytest.raises(ImageError, match='received the value 3 in every voxel'):
        check_voxels(np.full((4, 4, 4), 3.0))


@pytest.mark.parametrize(
    ('shape', 'sizes', 'said'),
    [
        ((384, 384, 2), (0.5, 0.5, 5), 'too few axial slices'),
        ((200, 200, 12), (1, 1, 1), 'received 12 of 1.00 mm'),
        ((40, 384, 200), (5, 0.5, 0.5), 'received 5.00 × 0.50 mm'),
    ],
)
def test_grids_that_cannot_show_epvs_are_refused(shape, sizes, said):
    with pytest.raises(ImageError, match=said):
        check_t2w_grid(shape, np.diag([*sizes, 1]))
