"""Compare changes between consecutive sessions with scan–rescan variation."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from pathlib import PurePosixPath
from types import SimpleNamespace

import numpy as np
import pandas as pd

from pvs_workflow.derivatives.columns import column_names
from pvs_workflow.science.agreement import LIMIT

MEASURES = ('count_max', 'count_left', 'count_right', 'count_sum', 'potter')
"""Columns whose change is reported."""

MIN_PAIRS = 10
"""Minimum number of participants with a rescan for a repeatability coefficient of the group; with
ten, its 95 % interval spans 0.70 to 1.75 of the estimate (chi-squared distribution)."""

RESCAN_DAYS = 31.0
"""Maximum time between a scan and its rescan, days; ePVS are not known to change in a month."""

_COLUMNS = ['participant_id', 'session_id', 't2w', 'qc', 'count_max', 'model_sha256']


@dataclass(frozen=True)
class ChangeThreshold:
    """The threshold beyond which a change exceeds scan–rescan variation.

    Attributes
    ----------
    kind : {'repeatability', 'interval'}
        The repeatability coefficient of the group, or the counts' 90 % intervals if there are
        not enough rescans.
    limit : float
        Repeatability coefficient 1.96 · √2 · ``within_sd``; NaN with intervals.
    within_sd : float
        Within-person standard deviation of the highest count, √(Σ d² / 2n) (Bland & Altman 1996,
        BMJ 312:1654); NaN without rescans.
    low, high : float
        95 % interval of ``limit``, from the chi-squared distribution; NaN with intervals.
    pairs : int
        Number of participants with a rescan.

    """

    kind: str
    limit: float
    within_sd: float
    low: float
    high: float
    pairs: int


PUBLIC_RESCAN = SimpleNamespace(
    pairs=2, images=12, within_sd=0.89, model='pvs_workflow cascade 0.6'
)
"""Repeatability of image counts measured on public scans, shown for comparison.

Source: docs/validation/real.json, two people of the Ljubljana multiple sclerosis data who were
scanned twice at unpublished times, with no grade above 1."""


def rescan_threshold(differences: Sequence[float]) -> ChangeThreshold:
    """Return the threshold estimated from scan–rescan differences.

    Parameters
    ----------
    differences : sequence of float
        Difference in the highest count for each participant with a rescan; NaN is ignored.

    Returns
    -------
    ChangeThreshold

    Examples
    --------
    >>> rescan_threshold([2, -2] * 5).limit.round(2)
    np.float64(3.92)
    >>> rescan_threshold([2, -2]).kind
    'interval'

    """
    from scipy.stats import chi2

    values = np.asarray(differences, dtype=float)
    values = values[np.isfinite(values)]
    n = len(values)
    within = float(np.sqrt(np.mean(values**2) / 2)) if n else np.nan
    if n < MIN_PAIRS or within == 0:
        return ChangeThreshold('interval', np.nan, within, np.nan, np.nan, n)
    limit = LIMIT * np.sqrt(2) * within
    low, high = limit * np.sqrt(n / chi2.ppf([0.975, 0.025], n))
    return ChangeThreshold('repeatability', limit, within, float(low), float(high), n)


def pair_sessions(
    rows: pd.DataFrame, order: Callable[[str, list[str]], dict[str, datetime | None]]
) -> tuple[list[tuple[int, int, float]], list[tuple[int, int]]]:
    """Pair the T2w of consecutive sessions whose other entities are equal.

    Parameters
    ----------
    rows : DataFrame
        Columns ``participant_id``, ``session_id``, ``t2w``, ``qc``, ``count_max`` and
        ``model_sha256``; index 0 … n − 1.
    order : callable
        Function of a participant and its sessions that returns the sessions in order, with their
        times.

    Returns
    -------
    consecutive : list of (int, int, float)
        Row numbers of a participant's earlier and later session, and the days between them (NaN
        if unknown).
    rescans : list of (int, int)
        Row numbers of a scan and its rescan, at most one pair per participant: two runs of a
        session, else two sessions at most :data:`RESCAN_DAYS` apart.

    """
    repeated = rows.loc[rows['participant_id'].duplicated(keep=False), _COLUMNS].to_dict('index')
    participants: dict[str, dict[int, Mapping]] = {}
    for number, scan in repeated.items():
        participants.setdefault(scan['participant_id'], {})[number] = scan
    consecutive, rescans = [], []
    for participant, scans in sorted(participants.items()):
        sessions = [scan['session_id'] for scan in scans.values()]
        labels = list(dict.fromkeys(label for label in sessions if isinstance(label, str)))
        times = order(participant, labels) if len(labels) > 1 else {}
        pairs = _pair_consecutive(scans, times)
        consecutive += pairs
        runs = [group[:2] for group in _group_scans(scans, 'run') if len(group) > 1]
        close = [(one, two) for one, two, days in pairs if days <= RESCAN_DAYS]
        valid = [(one, two) for one, two in (*runs, *close) if comparable(scans[one], scans[two])]
        rescans += valid[:1]
    return consecutive, rescans


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


def compare_sessions(
    rows: pd.DataFrame, order: Callable[[str, list[str]], dict[str, datetime | None]]
) -> tuple[pd.DataFrame, ChangeThreshold]:
    """Compare each participant's consecutive sessions.

    Parameters
    ----------
    rows : DataFrame
        Rows of the grade table with ``count_sum``, ``top_low`` and ``top_high``; index 0 … n − 1.
    order : callable
        Function that puts sessions in order, see :func:`pair_sessions`.

    Returns
    -------
    changes : DataFrame
        The rows of ``group_change.tsv``, possibly none.
    threshold : ChangeThreshold

    """
    consecutive, rescans = pair_sessions(rows, order)
    highest = rows['count_max'].astype(float)
    threshold = rescan_threshold([highest[two] - highest[one] for one, two in rescans])
    numbers = sorted({number for pair in consecutive for number in pair[:2]})
    records = rows.loc[numbers].to_dict('index')
    changes = [
        _change_row(records[one], records[two], days, threshold) for one, two, days in consecutive
    ]
    return pd.DataFrame(changes, columns=column_names('group_change')), threshold


def _change_row(first: Mapping, second: Mapping, days: float, threshold: ChangeThreshold) -> dict:
    """Return the row of ``group_change`` for two results."""
    row = {
        'participant_id': first['participant_id'],
        'days': days,
        'yardstick': threshold.kind,
        'limit': threshold.limit,
        'change': _classify(first, second, threshold),
    }
    for end, scan in (('first', first), ('second', second)):
        row[f'session_{end}'] = scan['session_id']
        row |= {f'{name}_{end}': scan[name] for name in ('t2w', 'qc', *MEASURES)}
    return row | {f'{name}_change': second[name] - first[name] for name in MEASURES}


def _classify(first: Mapping, second: Mapping, threshold: ChangeThreshold) -> str | None:
    """Classify the change of the highest count; None if the results are not comparable."""
    if not comparable(first, second):
        return None
    change = second['count_max'] - first['count_max']
    if threshold.kind == 'repeatability':
        beyond = abs(change) > threshold.limit
    else:
        beyond = second['top_low'] > first['top_high'] or second['top_high'] < first['top_low']
    if not beyond:
        return 'within'
    return 'increase' if change > 0 else 'decrease'


def _pair_consecutive(
    scans: Mapping[int, Mapping], times: Mapping[str, datetime | None]
) -> list[tuple[int, int, float]]:
    """Pair a participant's consecutive scans, in the order of the sessions."""
    rank = {label: position for position, label in enumerate(times)}
    session = {number: scan['session_id'] for number, scan in scans.items()}
    pairs = []
    for group in _group_scans(scans, 'ses'):
        in_sessions = [number for number in group if session[number] in rank]
        for one, two in pairwise(sorted(in_sessions, key=lambda number: rank[session[number]])):
            ends = times[session[one]], times[session[two]]
            days = math.nan if None in ends else (ends[1] - ends[0]).total_seconds() / 86400
            pairs.append((one, two, days))
    return sorted(pairs, key=lambda pair: rank[session[pair[0]]])


def _group_scans(scans: Mapping[int, Mapping], ignored: str) -> list[Sequence[int]]:
    """Group T2w by all entities of their names except one."""
    groups: dict[tuple, list[int]] = {}
    for number, scan in scans.items():
        entities = PurePosixPath(str(scan['t2w'])).name.split('_')
        others = tuple(entity for entity in entities if not entity.startswith(f'{ignored}-'))
        groups.setdefault(others, []).append(number)
    return list(groups.values())
