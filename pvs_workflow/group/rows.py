"""Rows of the group's tables, and the order of each participant's sessions."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd

from pvs_workflow.derivatives.results import Result
from pvs_workflow.inputs.sessions import SessionOrder, order_sessions


def result_rows(results: Sequence[Result]) -> tuple[pd.DataFrame, list[Result]]:
    """Return the grades and facts of all results, and the results in the order of the rows.

    Rows are sorted by participant, session and T2w.
    """
    records = [result.grade | result.describe() | {'result': result} for result in results]
    rows = _sort(records, ['participant_id', 'session_id', 't2w'])
    return rows, list(rows.pop('result'))


def count_rows(results: Sequence[Result]) -> pd.DataFrame:
    """Return the counts of results, sorted by participant, session, hemisphere and slice."""
    records = [row for result in results for row in result.counts]
    return _sort(records, ['participant_id', 'session_id', 'hemisphere', 'slice'])


def session_orders(rows: pd.DataFrame, bids_dir: Path | None) -> dict[str, SessionOrder]:
    """Return the order of the sessions of each participant with several.

    Parameters
    ----------
    rows : DataFrame
        Columns ``participant_id``, ``session_id`` and ``t2w``.
    bids_dir : Path, optional
        The raw dataset.

    """
    sessions: dict[str, dict[str, str]] = {}
    known = rows[rows['session_id'].notna()]
    for participant, session, t2w in zip(
        known['participant_id'], known['session_id'], known['t2w'], strict=True
    ):
        sessions.setdefault(participant, {}).setdefault(session, t2w)
    return {
        participant: order_sessions(bids_dir, participant, t2w, t2w)
        for participant, t2w in sessions.items()
        if len(t2w) > 1
    }


def first_sessions(rows: pd.DataFrame, orders: Mapping[str, SessionOrder]) -> pd.DataFrame:
    """Sort rows by participant, then by the order of the sessions."""
    places = [
        list(orders[participant].times).index(session) if participant in orders else 0
        for participant, session in zip(rows['participant_id'], rows['session_id'], strict=True)
    ]
    keys = pd.DataFrame({'person': rows['participant_id'], 'place': places}, rows.index)
    return rows.loc[keys.sort_values(['person', 'place'], kind='stable').index]


def _sort(records: list[dict], by: list[str]) -> pd.DataFrame:
    """Make a table with sorted rows; missing values come first, ties keep their order."""
    frame = pd.DataFrame(records)
    return frame.sort_values(by, kind='stable', na_position='first', ignore_index=True)
