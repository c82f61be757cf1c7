import numpy as np
import pytest

from pvs_workflow.science.intensity import Preprocessing
from pvs_workflow.science.sampling import cut_six, place_back

HOW = Preprocessing(outside='keep')


def head(affine, shape, seed=0):
    """Two boxes of tissue whose left one has a bright spot, given in millimetres."""
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
def test_left_spot_is_on_the_left_images_only_and_goes_back_to_its_place(size, thickness):
    affine, shape = grid(size, thickness)
    t2w, roi = head(affine, shape)
    views, images, rois = cut_six(t2w, roi, affine, HOW)
    assert [view.hemisphere for view in views] == list('LLLRRR')
    assert images.shape == rois.shape == (6, 80, 96)
    assert (images[:3].max(axis=(1, 2)) > 0.9).all()
    assert images[3:].max() < 0.6

    spots = (images > 0.7).astype(np.int32) * np.arange(1, 7)[:, None, None]
    enhanced, labels = place_back(images, spots, views, shape, affine)
    where = np.argwhere(labels > 0) @ affine[:3, :3].T + affine[:3, 3]
    assert np.abs(where[:, :2].mean(axis=0) - [-20, 5]).max() < 0.3
    assert set(np.unique(labels)) == {0, 1, 2, 3}
    covered = enhanced > 0
    n = round(5 / thickness) if thickness < 2.5 else 1
    assert np.count_nonzero(covered.any(axis=(0, 1))) == 3 * n
    if n == 1:
        expected = np.clip(t2w / (2.5 * np.median(t2w[roi > 0])), 0, 1)
        assert np.quantile(np.abs(enhanced - expected)[covered], 0.99) < 0.02


def test_gain_and_mirroring_of_the_person():
    affine, shape = grid(0.573, 5)
    t2w, roi = head(affine, shape)
    _, images, _ = cut_six(t2w, roi, affine, HOW)
    _, scaled, _ = cut_six(t2w * 3, roi, affine, HOW)
    assert np.allclose(images, scaled, atol=1e-6)
    mirrored = np.where(roi > 0, 3 - roi, 0)[::-1].astype(np.uint8)
    _, other, _ = cut_six(t2w[::-1], mirrored, affine, HOW)
    assert np.allclose(other[3:], images[:3, ::-1], atol=1e-6)
