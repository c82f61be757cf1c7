import numpy as np
import pytest

from pvs_workflow.errors import ImageError
from pvs_workflow.science.slices import (
    FIELD_OF_VIEW,
    IMAGE_SHAPE,
    View,
    choose_slices,
    cut_image,
    find_views,
    paste_image,
)

PAPER = np.diag([0.573, 0.573, 5, 1])


def test_ties_are_resolved_towards_inferior_slices():
    assert choose_slices(np.array([0, 5, 5, 5, 5, 0])) == 1
    assert choose_slices(np.array([0, 5, 5, 5, 6, 0])) == 2


@pytest.mark.parametrize(
    ('areas', 'message'),
    [([3, 4], 'it has 2 axial slices'), ([0, 0, 0, 0], 'does not show the basal ganglia')],
)
def test_too_few_slices_and_an_empty_roi_are_refused(areas, message):
    with pytest.raises(ImageError, match=message):
        choose_slices(np.array(areas))


def two_boxes():
    roi = np.zeros((200, 220, 12), np.uint8)
    roi[60:80, 100:140, 4:9] = 1
    roi[120:140, 100:140, 4:9] = 2
    roi[55:85, 95:145, 6] = 1
    return roi


def test_views_are_centred_on_each_hemisphere():
    views = find_views(two_boxes())
    assert [(v.hemisphere, v.slice_index, v.rank) for v in views] == [
        (side, z, z - 3) for side in 'LR' for z in (4, 5, 6)
    ]
    assert views[0].centre == (69.5, 119.5)
    assert views[3].centre == (129.5, 119.5)


def test_a_missing_hemisphere_is_named():
    roi = two_boxes()
    roi[roi == 2] = 0
    with pytest.raises(ImageError, match='does not show the right basal ganglia'):
        find_views(roi)


def test_at_the_papers_pixel_size_cutting_copies_voxels():
    volume = np.random.default_rng(0).random((200, 220, 12)).astype(np.float32)
    view = View('L', 5, 2, (69.5, 119.5))
    image = cut_image(volume, PAPER, view)
    assert np.array_equal(image, volume[30:110, 72:168, 5])


@pytest.mark.parametrize('size', [0.4, 0.573, 0.9])
def test_the_field_of_view_is_physical(size):
    affine = np.diag([size, size, 5, 1])
    x, y = np.meshgrid(np.arange(300) * size, np.arange(300) * size, indexing='ij')
    volume = np.stack([x, y], axis=-1)
    for axis, (pixels, extent) in enumerate(zip(IMAGE_SHAPE, FIELD_OF_VIEW, strict=True)):
        view = View('L', axis, 1, (150.5, 149.5))
        image = cut_image(volume, affine, view)
        steps = np.diff(image, axis=axis)
        assert np.allclose(steps, extent / pixels, rtol=0.006)
        assert np.isclose(image.mean(), view.centre[axis] * size, atol=1e-3)


def test_pixels_outside_the_volume_are_zero():
    image = cut_image(np.ones((60, 60, 3)), PAPER, View('L', 1, 2, (0.5, 30.5)))
    assert image[:39].max() == 0
    assert image[41:50, 20:70].min() == 1


@pytest.mark.parametrize('size', [0.4, 0.573, 0.9])
def test_pasting_inverts_cutting(size):
    affine = np.diag([size, size, 5, 1])
    grid = np.stack(np.meshgrid(*[np.linspace(0, 3, 260)] * 2, indexing='ij'))
    volume = np.sin(grid).sum(axis=0)[..., np.newaxis]
    view = View('R', 0, 1, (130.5, 120.5))
    values, inside = paste_image(cut_image(volume, affine, view), (260, 260), affine, view)
    area = np.count_nonzero(inside) * size**2
    assert np.isclose(area, np.prod(FIELD_OF_VIEW), rtol=0.03)
    assert np.abs(values - volume[..., 0])[inside].max() < 0.02
    assert not values[~inside].any()
