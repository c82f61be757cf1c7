"""Overlap and distances, compared with figures worked out in another way."""

import numpy as np
import pytest
from scipy.spatial.distance import cdist
from skimage.metrics import hausdorff_distance

from benchmarks import registration_overlap, scores
from tests.builders.benchmarks import AFFINE, basal_ganglia


def block(corner, size, label=1, shape=(20, 22, 9)):
    out = np.zeros(shape, dtype=int)
    out[tuple(slice(c, c + s) for c, s in zip(corner, size, strict=True))] = label
    return out


def test_dice_counts_shared_voxels_of_all_labels():
    ours, theirs = block((2, 2, 2), (4, 4, 2), 11), block((4, 2, 2), (4, 4, 2), 50)
    # 32 voxels each, 2 × 4 × 2 = 16 shared; the labels of both sides are one structure.
    assert scores.dice(ours, theirs, (11, 50)) == 0.5
    assert scores.dice(ours, theirs, (11,)) == 0.0
    assert scores.dice(ours, theirs, (12,)) is None


@pytest.mark.parametrize('percent', [95, 50, 100])
def test_hausdorff_agrees_with_all_pairs_of_border_voxels(rng, percent):
    ours = block((3, 4, 2), (7, 8, 4)) * (rng.random((20, 22, 9)) < 0.8)
    theirs = block((5, 3, 3), (8, 9, 5)) * (rng.random((20, 22, 9)) < 0.8)

    def border(labels):
        padded = np.pad(labels > 0, 1)
        inside = padded.copy()
        for axis in range(3):
            for step in (-1, 1):
                inside &= np.roll(padded, step, axis)
        return (np.argwhere(padded & ~inside) - 1) * [0.5, 0.8, 4.0]

    apart = cdist(border(ours), border(theirs))
    expected = max(np.percentile(apart.min(axis=axis), percent) for axis in (0, 1))
    found = scores.hausdorff(ours, theirs, (1,), AFFINE, percent)
    assert found == pytest.approx(expected, abs=0.006)
    assert found > 0.5


def test_largest_hausdorff_is_that_of_scikit_image():
    ours, theirs = block((3, 4, 2), (7, 8, 4)), block((5, 3, 3), (8, 9, 5))
    expected = hausdorff_distance(ours > 0, theirs > 0)
    assert scores.hausdorff(ours, theirs, (1,), np.eye(4), 100) == round(expected, 2)


def test_hausdorff_is_in_millimetres_along_each_axis():
    ours = block((3, 4, 2), (6, 6, 3))
    for axis, size in enumerate((0.5, 0.8, 4.0)):
        theirs = np.roll(ours, 2, axis)
        assert scores.hausdorff(ours, theirs, (1,), AFFINE, 100) == pytest.approx(2 * size)
    assert scores.hausdorff(ours, ours, (1,), AFFINE) == 0
    assert scores.hausdorff(ours, 0 * ours, (1,), AFFINE) is None


def test_hausdorff_at_the_edge_of_the_volume_is_that_of_its_middle():
    edge = block((0, 0, 0), (4, 5, 3)), block((0, 2, 0), (5, 5, 3))
    middle = block((6, 6, 3), (4, 5, 3)), block((6, 8, 3), (5, 5, 3))
    found = [scores.hausdorff(*pair, (1,), AFFINE) for pair in (edge, middle)]
    assert found[0] == found[1] > 0


def test_score_holds_each_structure_and_the_whole_roi():
    truth = basal_ganglia()
    found = scores.score(basal_ganglia(shift=2), truth, AFFINE)
    assert set(found['dice']) == set(registration_overlap.NAMES)
    # Every structure is 4 voxels wide and lies 2 of 0.5 mm aside.
    assert found['dice']['caudate'] == found['dice']['together'] == 0.5
    assert found['hd95_mm']['putamen'] == 1.0
    assert found['dice']['pallidum'] is found['hd95_mm']['pallidum'] is None
    # The ROI swaps no sides: labels of both count as one.
    assert found['dice']['roi'] == 0.5


@pytest.mark.parametrize('up', [-2, 0, 1])
def test_slice_offset_counts_slices_upwards(up):
    assert scores.slice_offset(basal_ganglia(up=up), basal_ganglia(), AFFINE) == up


def test_slice_offset_of_thin_slices_counts_slabs():
    thin = np.diag([0.5, 0.8, 1.0, 1.0])
    raised = [np.repeat(basal_ganglia(up=up), 5, axis=2) for up in (1, 0)]
    assert scores.slice_offset(*raised, thin) == 1


def test_spread_tells_the_worst_and_leaves_out_nothing_silently():
    values = [4.0, None, 1.0, 3.0, 2.0, 5.0]
    found = scores.spread(values)
    assert found == {
        'n': 5,
        'none': 1,
        'median': 3.0,
        'quartiles': [2.0, 4.0],
        'percentile_95': 4.8,
        'worst': 5.0,
    }
    assert scores.spread(values, min)['worst'] == 1.0
    assert scores.spread([None]) == {'n': 0, 'none': 1}
