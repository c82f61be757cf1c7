import math
from datetime import datetime, timedelta

import pandas as pd
import pytest

from pvs_workflow.cohort.pairs import RESCAN_DAYS, comparable, pair_sessions
from pvs_workflow.inputs.sessions import SessionOrder
from tests.builders.sessions import by_label, by_time, row


def pair(rows, orders=None, **options):
    frame = pd.DataFrame(rows)
    return pair_sessions(frame, by_label(frame) if orders is None else orders, **options)


def named(participant, session, name, **facts):
    """Return a row whose T2w has further entities."""
    result = row(participant, session, 1.0, **facts)
    entities = f'sub-{participant}' + (f'_ses-{session}' if session else '')
    return result | {'t2w': f'sub-{participant}/anat/{entities}_{name}_T2w.nii.gz'}


def test_a_session_with_two_runs_takes_part_once():
    rows = [row('1', 'a', 1.0, run=1), row('1', 'a', 2.0, run=2), row('1', 'b', 9.0, run=2)]
    pairs = pair(rows)
    assert [one[:2] for one in pairs.consecutive] == [(0, 2)]
    assert pairs.rescans == [(0, 1)]
    rows[0]['qc'] = 'review'
    assert [one[:2] for one in pair(rows).consecutive] == [(1, 2)]


def test_other_entities_are_equal():
    rows = [named('1', 'a', 'acq-tse'), named('1', 'b', 'acq-space'), named('1', 'c', 'acq-tse')]
    assert [one[:2] for one in pair(rows).consecutive] == [(0, 2)]


def test_each_session_has_one_earlier_and_one_later_partner():
    rows = [named('1', session, name) for session in 'abc' for name in ('acq-hippo', 'acq-tse')]
    for number in (0, 2, 4):
        rows[number]['qc'] = 'review'
    assert [one[:2] for one in pair(rows).consecutive] == [(1, 3), (3, 5)]
    del rows[3]  # without tse in the second session, hippo has the nearest partners
    assert [one[:2] for one in pair(rows).consecutive] == [(0, 2), (2, 3)]


def test_a_failed_result_is_paired_if_there_is_no_other():
    rows = [row('1', 'a', 1.0), row('1', 'b', 2.0, qc='fail')]
    assert [one[:2] for one in pair(rows).consecutive] == [(0, 1)]


def test_results_whose_t2w_is_gone_come_last():
    rows = [row('1', 'a', 1.0, run=number) for number in (1, 2)] + [row('1', 'b', 2.0, run=1)]
    assert [one[:2] for one in pair(rows, absent=[rows[0]['t2w']]).consecutive] == [(1, 2)]


def test_pairs_follow_the_given_order_of_sessions():
    rows = [row('1', session, 1.0) for session in 'abc']
    order = SessionOrder(dict.fromkeys(['ses-c', 'ses-b', 'ses-a']), 'labels')
    pairs = pair(rows, {'sub-1': order}).consecutive
    assert [one[:2] for one in pairs] == [(2, 1), (1, 0)]
    assert all(math.isnan(days) for *_, days in pairs)


@pytest.mark.parametrize('days', [RESCAN_DAYS, RESCAN_DAYS + 1])
def test_sessions_within_a_month_are_a_rescan(days):
    first = datetime(2020, 1, 1)
    orders = by_time('sub-1', a=first, b=first + timedelta(days=days))
    pairs = pair([row('1', 'a', 1.0), row('1', 'b', 2.0)], orders)
    assert pairs.consecutive == [(0, 1, days)]
    assert bool(pairs.rescans) == (days <= RESCAN_DAYS)


def test_each_participant_has_at_most_one_comparable_rescan():
    rows = [row('1', None, 1.0, run=1, qc='fail'), row('1', None, 2.0, run=2)]
    rows += [row('2', None, 1.0, run=number) for number in (1, 2, 3)]
    assert pair(rows).rescans == [(2, 3)]


def test_a_copy_is_no_rescan_but_another_run_may_be_one():
    rows = [row('1', None, 1.0, run=number) for number in (1, 2, 3)]
    pairs = pair(rows, is_copy=lambda one, two: (one, two) == (0, 1))
    assert (pairs.copies, pairs.rescans) == ([(0, 1)], [(0, 2)])


@pytest.mark.parametrize(
    'change', [{'qc': 'fail'}, {'model_sha256': '1' * 64}, {'count_max': math.nan}]
)
def test_failed_results_other_models_and_missing_counts_are_not_comparable(change):
    one = row('1', 'a', 5.0)
    assert comparable(one, one | {'qc': 'review'})
    assert not comparable(one, one | change)
    assert not comparable(one | change, one)
