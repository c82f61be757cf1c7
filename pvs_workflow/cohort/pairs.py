"""Pair the results of consecutive sessions, and of scans with their rescans."""

import math
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain, combinations, pairwise
from pathlib import PurePosixPath

import pandas as pd

from pvs_workflow.cohort.selection import preference
from pvs_workflow.inputs.dataset import natural_key
from pvs_workflow.inputs.sessions import SessionOrder

RESCAN_DAYS = 31.0
"""Maximum time between a scan and its rescan, days; ePVS are not known to change in a month."""

_COLUMNS = [
    'participant_id',
    'session_id',
    't2w',
    'qc',
    'qc_reasons',
    'potter',
    'thickness',
    'count_max',
    'model_sha256',
]
_DAY = 86400


@dataclass(frozen=True)
class Pairs:
    """Row numbers of results that are compared.

    Attributes
    ----------
    consecutive : list of (int, int, float)
        A participant's earlier and later session, and the days between them (NaN if unknown).
    rescans : list of (int, int)
        A scan and its rescan, at most one pair per participant.
    copies : list of (int, int)
        Two images that were reconstructed from one acquisition, so not a rescan.

    """

    consecutive: list[tuple[int, int, float]]
    rescans: list[tuple[int, int]]
    copies: list[tuple[int, int]]


def pair_sessions(
    rows: pd.DataFrame,
    orders: Mapping[str, SessionOrder],
    absent: Collection[str] = (),
    is_copy: Callable[[int, int], bool] = lambda one, two: False,
) -> Pairs:
    """Pair the results of consecutive sessions, and of scans with their rescans.

    Consecutive sessions are compared by T2w whose other entities, except the run, are equal. A
    session with several such T2w takes part once: with the T2w that has a partner in the nearest
    session, then by :func:`~pvs_workflow.cohort.selection.preference`. A rescan is a further run
    of a session, else a session at most :data:`RESCAN_DAYS` later.

    Parameters
    ----------
    rows : DataFrame
        Columns ``participant_id``, ``session_id``, ``t2w``, ``qc``, ``potter``, ``count_max`` and
        ``model_sha256``, and ``qc_reasons`` and ``thickness`` if known; index 0 … n − 1.
    orders : mapping of str to SessionOrder
        The sessions of each participant with several.
    absent : collection of str
        Values of ``t2w`` that are no longer in the dataset; others are preferred.
    is_copy : callable
        Function of two row numbers that returns whether both images are of one acquisition.

    Returns
    -------
    Pairs

    """
    absent = frozenset(absent)
    columns = [name for name in _COLUMNS if name in rows]
    repeated = rows.loc[rows['participant_id'].duplicated(keep=False), columns].to_dict('index')
    participants: dict[str, dict[int, Mapping]] = {}
    for number, scan in repeated.items():
        participants.setdefault(scan['participant_id'], {})[number] = scan
    result = Pairs([], [], [])
    for participant, scans in sorted(participants.items()):
        order = orders.get(participant, SessionOrder({}, ''))
        consecutive = _pair_consecutive(scans, order, absent)
        result.consecutive.extend(consecutive)
        close = ((one, two) for one, two, days in consecutive if abs(days) <= RESCAN_DAYS)
        for one, two in chain(_pair_runs(scans), close):
            if not comparable(scans[one], scans[two]):
                continue
            if is_copy(one, two):
                result.copies.append((one, two))
                continue
            result.rescans.append((one, two))
            break
    return result


def comparable(first: Mapping, second: Mapping) -> bool:
    """Return whether two results may be compared.

    They must come from the same model, have a count and not have failed quality control.

    Examples
    --------
    >>> row = {'qc': 'pass', 'model_sha256': 'a', 'count_max': 1.0}
    >>> comparable(row, row), comparable(row, row | {'qc': 'fail'})
    (True, False)

    """
    return (
        'fail' not in (first['qc'], second['qc'])
        and first['model_sha256'] == second['model_sha256']
        and all(pd.notna(row['count_max']) for row in (first, second))
    )


def _pair_consecutive(
    scans: Mapping[int, Mapping], order: SessionOrder, absent: Collection[str]
) -> list[tuple[int, int, float]]:
    """Pair a participant's consecutive sessions; each has at most one before and one after."""
    rank = {label: position for position, label in enumerate(order.times)}
    keys = {number: preference(scan, absent) for number, scan in scans.items()}
    best: dict[tuple, dict[int, int]] = {}  # per acquisition and session
    for number in sorted(scans, key=keys.get):
        if (position := rank.get(scans[number]['session_id'])) is not None:
            acquisition = _other_entities(scans[number], ('ses', 'run'))
            best.setdefault(acquisition, {}).setdefault(position, number)
    candidates = []
    for sessions in best.values():
        for first, second in pairwise(sorted(sessions)):
            one, two = sessions[first], sessions[second]
            quality = max(keys[one][:2], keys[two][:2])
            candidates.append((second - first, quality, keys[one], first, second, one, two))
    labels, pairs, before, after = list(order.times), [], set(), set()
    for *_, first, second, one, two in sorted(candidates):
        if first in before or second in after:
            continue
        before.add(first)
        after.add(second)
        ends = (order.times[labels[first]], order.times[labels[second]])
        days = math.nan if None in ends else (ends[1] - ends[0]).total_seconds() / _DAY
        pairs.append((first, one, two, days))
    return [pair[1:] for pair in sorted(pairs)]


def _pair_runs(scans: Mapping[int, Mapping]) -> Iterator[tuple[int, int]]:
    """Yield all pairs of T2w whose names differ in the run only."""
    groups: dict[tuple, list[int]] = {}
    for number in sorted(scans, key=lambda number: natural_key(str(scans[number]['t2w']))):
        groups.setdefault(_other_entities(scans[number], ('run',)), []).append(number)
    for group in groups.values():
        yield from combinations(group, 2)


def _other_entities(scan: Mapping, ignored: tuple[str, ...]) -> tuple[str, ...]:
    entities = PurePosixPath(str(scan['t2w'])).name.split('_')
    return tuple(part for part in entities if part.partition('-')[0] not in ignored)
