import numpy as np
import pytest
from nibabel.affines import apply_affine

from benchmarks.altered import KINDS, Head, alter
from tests.builders.heads import image

AFFINE = np.array([[2.0, 0, 0, -90], [0, 2, 0, -120], [0, 0, 4, -70], [0, 0, 0, 1]])
SHAPE = 90, 110, 38


@pytest.fixture(scope='module')
def head():
    """Return a head in template space: a ROI on each side, and signal everywhere."""
    voxels = np.random.default_rng(1).uniform(50, 100, SHAPE)
    roi = np.zeros(SHAPE, int)
    roi[30:38, 55:70, 16:22], roi[52:60, 55:70, 16:22] = 1, 2
    return Head(image(voxels, AFFINE), np.eye(4), roi)


def voxels(head):
    return np.asarray(head.t2w.dataobj)


def edges(head):
    """Return the world coordinates of the ROI's first and last voxel."""
    indices = np.argwhere(head.roi)
    return apply_affine(head.t2w.affine, [indices.min(axis=0), indices.max(axis=0)])


@pytest.mark.parametrize('kind', KINDS)
def test_an_altered_head_differs_and_keeps_both_sides(head, kind):
    before = voxels(head).copy(), head.roi.copy()
    altered = alter(head, kind)
    assert altered.roi.shape == altered.t2w.shape
    assert set(np.unique(altered.roi)) == {0, 1, 2}
    assert altered.t2w.shape != head.t2w.shape or not np.array_equal(voxels(altered), before[0])
    assert np.array_equal(voxels(head), before[0])
    assert np.array_equal(head.roi, before[1])
    if 'atrophied' not in kind:
        assert np.allclose(edges(altered), edges(head))


def test_stripping_removes_what_is_outside_the_brain(head):
    loose, tight = (voxels(alter(head, f'skull-stripped{how}')) for how in ('', ' tightly'))
    assert loose[0, 0, 0] == 0 < loose[45, 60, 20]
    assert np.count_nonzero(tight) < 0.95 * np.count_nonzero(loose)


@pytest.mark.parametrize(('kind', 'side'), [('cropped above', 1), ('cropped below', 0)])
def test_cropping_leaves_10_mm(head, kind, side):
    heights = np.flatnonzero(alter(head, kind).roi.any(axis=(0, 1)))
    shape = alter(head, kind).t2w.shape[2]
    assert (heights[0], shape - 1 - heights[-1])[side] == round(10 / 4)


def test_atrophy_moves_the_basal_ganglia_away_from_the_ventricles(head):
    roi = alter(head, 'atrophied').roi
    left, right = (
        [apply_affine(AFFINE, np.argwhere(labels == side)).mean(axis=0)[0] for side in (1, 2)]
        for labels in (head.roi, roi)
    )
    assert right[0] < left[0] - 0.5
    assert right[1] > left[1] + 0.5


@pytest.mark.parametrize(('kind', 'level'), [('large cavity', 98), ('large signal void', 0)])
def test_damage_is_large_and_spares_the_roi(head, kind, level):
    changed = np.abs(voxels(alter(head, kind)) - voxels(head)) > 1
    volume = changed.sum() * abs(np.linalg.det(AFFINE)) / 1000
    assert 40 < volume < 120  # ml
    assert not (changed & (head.roi > 0)).any()
    centre = tuple(np.round(apply_affine(np.linalg.inv(AFFINE), (48, -20, 22))).astype(int))
    assert voxels(alter(head, kind))[centre] == pytest.approx(level, abs=3)
