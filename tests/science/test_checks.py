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


@pytest.mark.parametrize(
    ('shape', 'sizes', 'message'),
    [
        ((384, 384, 2), (0.5, 0.5, 5), 'too few axial slices'),
        ((200, 200, 12), (1, 1, 1), r'\(12 of 1.00 mm\)'),
        ((40, 384, 200), (5, 0.5, 0.5), r'\(5.00 × 0.50 mm\)'),
    ],
)
def test_grids_too_coarse_to_show_epvs_are_refused(shape, sizes, message):
    with pytest.raises(ImageError, match=message):
        check_t2w_grid(shape, np.diag([*sizes, 1]))
