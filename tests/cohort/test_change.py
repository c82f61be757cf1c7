import json
import math
from datetime import datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from pvs_workflow.cohort.change import (
    PUBLIC_RESCAN,
    RESCAN_DAYS,
    comparable,
    compare_sessions,
    pair_sessions,
    rescan_threshold,
)
from pvs_workflow.derivatives.columns import describe_columns
from tests.builders.sessions import by_label, row

REAL = Path(__file__).parents[2] / 'docs' / 'validation' / 'real.json'


def compare(rows, order=by_label):
    return compare_sessions(pd.DataFrame(rows), order)


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
    def order(participant, labels):
        return {'ses-b': datetime(2020, 1, 1), 'ses-a': datetime(2020, 1, 31, 12)}

    rows = [row('1', 'a', 5.0), row('1', 'b', 4.0)]
    changes, threshold = compare(rows, order)
    assert changes['days'].tolist() == [30.5]
    assert changes['count_max_change'].tolist() == [1.0]
    assert threshold.pairs == 1


def test_sessions_far_apart_are_not_rescans():
    def order(participant, labels):
        return {'ses-a': datetime(2020, 1, 1), 'ses-b': datetime(2020, 2, 2)}

    assert compare([row('1', 'a', 5.0), row('1', 'b', 4.0)], order)[1].pairs == 0


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
    shuffled = pd.DataFrame([rows[number] for number in order])
    result = compare_sessions(shuffled, by_label)
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


def test_paired_t2w_have_equal_other_entities():
    rows = [row('1', 'a', 1.0, run=1), row('1', 'a', 2.0, run=2), row('1', 'b', 9.0, run=2)]
    consecutive, rescans = pair_sessions(pd.DataFrame(rows), by_label)
    assert [pair[:2] for pair in consecutive] == [(1, 2)]
    assert rescans == [(0, 1)]


def test_pairs_follow_the_given_order_of_sessions():
    rows = pd.DataFrame([row('1', session, 1.0) for session in 'abc'])
    pairs, _ = pair_sessions(rows, lambda person, labels: dict.fromkeys(sorted(labels)[::-1]))
    assert [pair[:2] for pair in pairs] == [(2, 1), (1, 0)]
    assert all(math.isnan(days) for *_, days in pairs)


@pytest.mark.parametrize('days', [RESCAN_DAYS, RESCAN_DAYS + 1])
def test_sessions_within_a_month_are_a_rescan(days):
    times = {'ses-a': datetime(2020, 1, 1), 'ses-b': datetime(2020, 1, 1 + 1)}
    times['ses-b'] = datetime.fromtimestamp(times['ses-a'].timestamp() + 86400 * days)
    rows = pd.DataFrame([row('1', 'a', 1.0), row('1', 'b', 2.0)])
    consecutive, rescans = pair_sessions(rows, lambda participant, labels: times)
    assert consecutive[0][2] == pytest.approx(days, abs=0.1)
    assert bool(rescans) == (days <= RESCAN_DAYS)


def test_each_participant_has_at_most_one_comparable_rescan():
    rows = [row('1', None, 1.0, run=1, qc='fail'), row('1', None, 2.0, run=2)]
    rows += [row('2', None, 1.0, run=number) for number in (1, 2, 3)]
    assert pair_sessions(pd.DataFrame(rows), by_label)[1] == [(2, 3)]


@pytest.mark.parametrize(
    'change', [{'qc': 'fail'}, {'model_sha256': '1' * 64}, {'count_max': math.nan}]
)
def test_failed_results_other_models_and_missing_counts_are_not_comparable(change):
    one = row('1', 'a', 5.0)
    assert comparable(one, one | {'qc': 'review'})
    assert not comparable(one, one | change)
    assert not comparable(one | change, one)
