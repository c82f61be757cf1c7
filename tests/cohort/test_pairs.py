import math
from datetime import datetime

import pandas as pd
import pytest

from pvs_workflow.cohort.pairs import RESCAN_DAYS, comparable, pair_sessions
from tests.builders.sessions import by_label, row


def test_t2w_are_paired_by_their_other_entities():
    rows = [row('1', 'a', 1.0, run=1), row('1', 'a', 2.0, run=2), row('1', 'b', 9.0, run=2)]
    consecutive, rescans = pair_sessions(pd.DataFrame(rows), by_label)
    assert [pair[:2] for pair in consecutive] == [(1, 2)]
    assert rescans == [(0, 1)]


def test_sessions_come_in_the_order_that_is_given(monkeypatch):
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


def test_each_participant_has_one_rescan_that_can_be_compared():
    rows = [row('1', None, 1.0, run=1, qc='fail'), row('1', None, 2.0, run=2)]
    rows += [row('2', None, 1.0, run=number) for number in (1, 2, 3)]
    assert pair_sessions(pd.DataFrame(rows), by_label)[1] == [(2, 3)]


@pytest.mark.parametrize(
    'change', [{'qc': 'fail'}, {'model_sha256': '1' * 64}, {'count_max': math.nan}]
)
def test_failed_other_and_missing_counts_are_not_comparable(change):
    one = row('1', 'a', 5.0)
    assert comparable(one, one | {'qc': 'review'})
    assert not comparable(one, one | change)
    assert not comparable(one | change, one)
