import numpy as np
import pytest

from benchmarks import scores
from tests.builders.heads import AFFINE, basal_ganglia, block


def test_dice_counts_shared_voxels_of_all_labels():
    ours, theirs = block((2, 2, 2), (4, 4, 2), 11), block((4, 2, 2), (4, 4, 2), 50)
    # 32 voxels each, 2 × 4 × 2 = 16 shared; the labels of both sides are one structure.
    assert scores.dice(ours, theirs, (11, 50)) == 0.5
    assert scores.dice(ours, theirs, (11,)) == 0.0
    assert scores.dice(ours, theirs, (12,)) is None


def test_score_holds_each_structure_and_the_whole_roi():
    dice = scores.score(basal_ganglia(shift=2), basal_ganglia())
    assert set(dice) == {*scores.STRUCTURES, 'roi'}
    # Every structure is 4 voxels wide and shifted by 2.
    assert dice['caudate'] == dice['together'] == 0.5
    assert dice['pallidum'] is None
    # The ROI's labels of both sides count as one.
    assert dice['roi'] == 0.5


@pytest.mark.parametrize('up', [-2, 0, 1])
def test_slice_offset_counts_slices_upwards(up):
    assert scores.slice_offset(basal_ganglia(up=up), basal_ganglia(), AFFINE) == up


def test_slice_offset_of_thin_slices_counts_slabs():
    thin = np.diag([0.5, 0.8, 1.0, 1.0])
    raised = [np.repeat(basal_ganglia(up=up), 5, axis=2) for up in (1, 0)]
    assert scores.slice_offset(*raised, thin) == 1


def test_spread_reports_the_worst_and_counts_missing_values():
    values = [4.0, None, 1.0, 3.0, 2.0, 5.0]
    assert scores.spread(values) == {
        'n': 5,
        'none': 1,
        'median': 3.0,
        'quartiles': [2.0, 4.0],
        'percentile_95': 4.8,
        'worst': 5.0,
    }
    assert scores.spread(values, min)['worst'] == 1.0
    assert scores.spread([None]) == {'n': 0, 'none': 1}
