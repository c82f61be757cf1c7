import json
from datetime import datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from pvs_workflow.cohort.change import (
    PUBLIC_RESCAN,
    compare_sessions,
    rescan_threshold,
)
from pvs_workflow.derivatives.columns import describe_columns
from pvs_workflow.inputs.sessions import SessionOrder
from tests.builders.sessions import by_label, by_time, row

REAL = Path(__file__).parents[2] / 'docs' / 'validation' / 'real.json'


def compare(rows, orders=None):
    """Return changes and threshold; sessions are in the order of their labels by default."""
    frame = pd.DataFrame(rows)
    comparison = compare_sessions(frame, orders or by_label(frame))
    return comparison.changes, comparison.threshold


def make_rescans(differences, start=100):
    """Return rows of people with two runs of a session."""
    rows = []
    for number, difference in enumerate(differences, start=start):
        rows += [row(number, None, 8.0, run=1), row(number, None, 8.0 + difference, run=2)]
    return rows


def test_consecutive_sessions_are_paired_and_subtracted():
    rows = [row('1', 'a', 4.0), row('1', 'b', 7.0), row('1', 'c', 6.0), row('2', 'a', 3.0)]
    changes, threshold = compare(rows)
    assert list(changes.columns) == list(describe_columns('group_change'))
    assert changes[['session_first', 'session_second']].to_numpy().tolist() == [
        ['ses-a', 'ses-b'],
        ['ses-b', 'ses-c'],
    ]
    assert changes['count_max_change'].tolist() == [3.0, -1.0]
    assert changes['count_right_change'].tolist() == [1.5, -0.5]
    assert changes['count_sum_change'].tolist() == [9.0, -3.0]
    assert changes['days'].isna().all()
    assert threshold.kind == 'interval'
    assert changes['change'].tolist() == ['increase', 'within']


def test_times_order_sessions_and_define_rescans():
    orders = by_time('sub-1', b=datetime(2020, 1, 1), a=datetime(2020, 1, 31, 12))
    rows = [row('1', 'a', 5.0), row('1', 'b', 4.0)]
    changes, threshold = compare(rows, orders)
    assert changes['days'].tolist() == [30.5]
    assert changes['count_max_change'].tolist() == [1.0]
    assert threshold.pairs == 1


def test_sessions_far_apart_are_not_rescans():
    orders = by_time('sub-1', a=datetime(2020, 1, 1), b=datetime(2020, 2, 2))
    assert compare([row('1', 'a', 5.0), row('1', 'b', 4.0)], orders)[1].pairs == 0


def test_without_an_order_changes_have_no_sign():
    rows = [row('1', 'A', 5.0), row('1', 'B', 40.0), row('2', '1', 5.0), row('2', '2', 40.0)]
    orders = by_label(pd.DataFrame(rows)) | {
        'sub-1': SessionOrder({'ses-A': None, 'ses-B': datetime(2020, 1, 1)}, '')
    }
    comparison = compare_sessions(pd.DataFrame(rows), orders)
    unknown, known = comparison.changes.to_dict('records')
    assert (unknown['session_first'], unknown['count_max_first']) == ('ses-A', 5)
    for name in ('days', 'change', 'count_max_change', 'count_sum_change', 'potter_change'):
        assert pd.isna(unknown[name])
    assert (known['count_max_change'], known['change']) == (35, 'increase')
    assert comparison.sources == {'sub-1': '', 'sub-2': 'labels'}


def test_two_reconstructions_of_an_acquisition_do_not_enter_the_repeatability():
    rows = pd.DataFrame(make_rescans([2, -2] * 6))
    copies = {(0, 1), (4, 5)}
    comparison = compare_sessions(rows, {}, is_copy=lambda one, two: (one, two) in copies)
    assert comparison.threshold.pairs == 10
    assert comparison.copies == [tuple(rows['t2w'][[0, 1]]), tuple(rows['t2w'][[4, 5]])]


def test_repeatability_follows_bland_and_altman():
    differences = np.random.default_rng(1).normal(0, 2, 200)
    threshold = rescan_threshold(differences)
    # For two measurements, the within-person variance is that of one-way ANOVA.
    pairs = np.column_stack([np.zeros(200), differences])
    within = np.sqrt(np.mean(np.var(pairs, axis=1, ddof=1)))
    assert threshold.within_sd == pytest.approx(within)
    assert threshold.limit == pytest.approx(2.77 * within, rel=1e-3)
    assert threshold.low < 2.77 * np.sqrt(2) < threshold.high
    assert np.mean(np.abs(differences) <= threshold.limit) == pytest.approx(0.95, abs=0.03)


def test_the_interval_of_the_repeatability_covers_the_true_value():
    rng = np.random.default_rng(2)
    true = 1.96 * np.sqrt(2) * 1.5
    samples = [rng.normal(0, 1.5 * np.sqrt(2), 12) for _ in range(500)]
    thresholds = [rescan_threshold(sample) for sample in samples]
    covered = [threshold.low < true < threshold.high for threshold in thresholds]
    assert np.mean(covered) == pytest.approx(0.95, abs=0.03)


def test_ten_rescans_of_the_group_give_the_threshold():
    rows = [row('1', 'a', 5.0, width=0.1), row('1', 'b', 9.0, width=0.1)]
    changes, threshold = compare(make_rescans([2, -2] * 5) + rows)
    assert threshold.kind == 'repeatability'
    assert changes['limit'].tolist() == pytest.approx([3.92])
    assert changes['change'].tolist() == ['increase']
    changes, threshold = compare(make_rescans([2, -2] * 4 + [2]) + rows)
    assert (threshold.kind, threshold.pairs) == ('interval', 9)
    assert changes['limit'].isna().all()


def test_identical_rescans_give_no_repeatability():
    assert rescan_threshold([0.0] * 20).kind == 'interval'


@pytest.mark.parametrize(
    'second',
    [
        {'qc': 'fail', 'count': 30.0},
        {'model': '1' * 64, 'count': 30.0},
        {'count': np.nan},
    ],
)
def test_results_that_cannot_be_compared_are_not_classified(second):
    count = second.pop('count')
    changes, _ = compare([row('1', 'a', 5.0), row('1', 'b', count, **second)])
    assert changes['change'].isna().all()
    assert len(changes) == 1


def test_order_of_participants_does_not_matter():
    rng = np.random.default_rng(3)
    rows = make_rescans(rng.normal(0, 1, 15))
    for number in range(20):
        rows += [row(number, 'a', rng.uniform(0, 9)), row(number, 'b', rng.uniform(0, 9))]
    expected = compare(rows)
    order = rng.permutation(len(rows))
    result = compare([rows[number] for number in order])
    by = ['participant_id', 'session_first', 't2w_first']
    pd.testing.assert_frame_equal(
        result[0].sort_values(by, ignore_index=True),
        expected[0].sort_values(by, ignore_index=True),
    )
    assert abs(result[1].limit - expected[1].limit) < 1e-9


def test_single_sessions_are_not_compared():
    changes, threshold = compare([row('1', 'a', 5.0), row('2', None, 4.0)])
    assert len(changes) == 0
    assert threshold.pairs == 0


def test_the_public_repeatability_is_the_measured_one():
    real = json.loads(REAL.read_text())
    rescan = next(value for value in real.values() if isinstance(value, dict) and 'pairs' in value)
    assert PUBLIC_RESCAN.pairs == rescan['n_pairs']
    assert PUBLIC_RESCAN.images == sum(len(pair['differences']) for pair in rescan['pairs'])
    assert PUBLIC_RESCAN.within_sd == pytest.approx(rescan['sd_within'], abs=0.005)
    assert PUBLIC_RESCAN.model == real['model']
    assert max(session['grade'] for session in real['sessions']) == 1
