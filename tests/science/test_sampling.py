import numpy as np
import pytest

from pvs_workflow.science.intensity import Preprocessing
from pvs_workflow.science.sampling import assemble, cut_six, place_back
from pvs_workflow.science.slices import IMAGE_SHAPE, View

PREPROCESSING = Preprocessing(outside='keep')


def head(affine, shape, seed=0):
    """Return a T2w of two boxes of tissue with a bright spot in the left one, and its ROI."""
    grid = np.stack(np.meshgrid(*[np.arange(n) for n in shape], indexing='ij'), axis=-1)
    x, y, z = np.moveaxis(grid @ affine[:3, :3].T + affine[:3, 3], -1, 0)
    roi = np.zeros(shape, np.uint8)
    box = (np.abs(np.abs(x) - 20) < 12) & (np.abs(y) < 20) & (np.abs(z) < 11)
    roi[box] = np.where(x < 0, 1, 2)[box]
    t2w = np.random.default_rng(seed).normal(300, 3, shape)
    t2w[(np.hypot(x + 20, y - 5) < 2.0)] = 900
    return t2w, roi


def grid(size, thickness, extent=(120, 120, 60)):
    shape = tuple(round(e / s) for e, s in zip(extent, (size, size, thickness), strict=True))
    affine = np.diag([size, size, thickness, 1.0])
    affine[:3, 3] = -(np.array(shape) - 1) / 2 * [size, size, thickness]
    return affine, shape


@pytest.mark.parametrize(('size', 'thickness'), [(0.573, 5), (0.8, 3), (0.9, 1.0)])
def test_a_left_spot_is_in_the_left_images_only_and_is_pasted_at_its_position(size, thickness):
    affine, shape = grid(size, thickness)
    t2w, roi = head(affine, shape)
    views, images, rois = cut_six(t2w, roi, affine, PREPROCESSING)
    assert [view.hemisphere for view in views] == list('LLLRRR')
    assert images.shape == rois.shape == (6, 80, 96)
    assert (images[:3].max(axis=(1, 2)) > 0.9).all()
    assert images[3:].max() < 0.6

    spots = (images > 0.7).astype(np.int32) * np.arange(1, 7)[:, None, None]
    enhanced, labels = place_back(images, spots, views, shape, affine)
    points = np.argwhere(labels > 0) @ affine[:3, :3].T + affine[:3, 3]
    assert np.abs(points[:, :2].mean(axis=0) - [-20, 5]).max() < 0.3
    assert set(np.unique(labels)) == {0, 1, 2, 3}
    covered = enhanced > 0
    n = round(5 / thickness) if thickness < 2.5 else 1
    assert np.count_nonzero(covered.any(axis=(0, 1))) == 3 * n
    if n == 1:
        expected = np.clip(t2w / (2.5 * np.median(t2w[roi > 0])), 0, 1)
        assert np.quantile(np.abs(enhanced - expected)[covered], 0.99) < 0.02


def test_images_do_not_depend_on_gain_and_follow_mirroring():
    affine, shape = grid(0.573, 5)
    t2w, roi = head(affine, shape)
    _, images, _ = cut_six(t2w, roi, affine, PREPROCESSING)
    _, scaled, _ = cut_six(t2w * 3, roi, affine, PREPROCESSING)
    assert np.allclose(images, scaled, atol=1e-6)
    mirrored = np.where(roi > 0, 3 - roi, 0)[::-1].astype(np.uint8)
    _, other, _ = cut_six(t2w[::-1], mirrored, affine, PREPROCESSING)
    assert np.allclose(other[3:], images[:3, ::-1], atol=1e-6)


SHAPE = (170, 120, 12)
AFFINE = np.diag([0.573, 0.573, 2.0, 1.0])
VIEWS = [
    View(side, z, z + 1, (x, 60.0)) for side, x in (('L', 55.0), ('R', 115.0)) for z in range(3)
]


def numbered(shape=IMAGE_SHAPE):
    return [np.full(shape, float(number)) for number in range(1, 7)]


def test_each_image_is_pasted_at_its_centre_in_its_slice():
    volume = assemble(numbered(), VIEWS, SHAPE, AFFINE)
    for number, view in enumerate(VIEWS, 1):
        assert volume[round(view.centre[0]), 60, view.slice_index] == number
    assert not volume[:, :, 3:].any()


def test_every_slice_of_a_slab_gets_its_image():
    volume = assemble(numbered(), VIEWS, SHAPE, AFFINE, n=3)
    single = assemble(numbered(), VIEWS, SHAPE, AFFINE)
    for z in range(9):
        np.testing.assert_array_equal(volume[:, :, z], single[:, :, z // 3])
    assert not volume[:, :, 9:].any()


def test_where_images_overlap_a_voxel_belongs_to_the_nearer_one():
    volume = assemble(numbered(), VIEWS, SHAPE, AFFINE)
    # Images extend 40 voxels from their centres, which are 60 voxels apart.
    assert set(volume[46:85, 60, 0]) == {1.0}
    assert set(volume[85:124, 60, 0]) == {4.0}


@pytest.mark.parametrize('order', [0, 1])
def test_voxels_outside_the_fields_of_view_are_zero(order):
    volume = assemble(numbered(), VIEWS, SHAPE, AFFINE, order=order)
    assert not volume[:14].any()
    assert not volume[156:].any()
    assert not volume[:, :11].any()
    assert not volume[:, 109:].any()


def test_labels_keep_their_values():
    images = [np.random.default_rng(view.rank).integers(0, 9, IMAGE_SHAPE) for view in VIEWS]
    volume = assemble(images, VIEWS, SHAPE, np.diag([0.4, 0.4, 2.0, 1.0]), order=0)
    assert set(np.unique(volume)) == set(range(9))
