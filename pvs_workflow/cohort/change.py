"""Change from one session to the next, compared with scan–rescan variation."""

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

MIN_PAIRS = 10
"""Minimum number of participants with a rescan for a group's own repeatability; with ten, its 95 %
interval goes from 0.70 to 1.75 of the estimate (chi-squared distribution)."""

RESCAN_DAYS = 31.0
"""Sessions that are at most this far apart are a scan and its rescan: ePVS are not known to
change within a month."""

_USED = ['participant_id', 'session_id', 't2w', 'qc', 'count_max', 'model_sha256']


@dataclass(frozen=True)
class ChangeThreshold:
    """The change that is more than scan–rescan variation.

    Attributes
    ----------
    kind : {'repeatability', 'interval'}
        The group's own repeatability coefficient, or the counts' 90 % intervals where there
        are too few rescans.
    limit : float
        The repeatability coefficient 1.96 · √2 · ``within_sd``; NaN with intervals.
    within_sd : float
        Standard deviation of one person's highest counts, √(Σ d² / 2n) (Bland & Altman 1996, BMJ
        312:1654); NaN where there is no rescan.
    low, high : float
        95 % interval of ``limit``, by the chi-squared distribution; NaN with intervals.
    pairs : int
        Participants with a rescan.

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
"""The repeatability of images' counts that was measured on real scans, for context.

From docs/validation/real.json: two people of the Ljubljana multiple sclerosis data, scanned
twice at times that the public data do not tell, no grade above 1."""


def rescan_threshold(differences: Sequence[float]) -> ChangeThreshold:
    """Return the threshold that follows from differences between scans and their rescans.

    The differences are those of the highest count, one for each participant.

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
    """Pair the T2w of consecutive sessions that have the same other entities.

    Parameters
    ----------
    rows : DataFrame
        ``participant_id``, ``session_id``, ``t2w``, ``qc``, ``count_max``, ``model_sha256``;
        index 0 … n − 1.
    order : callable
        From a participant and its sessions to these in their order, with their times.

    Returns
    -------
    consecutive : list of (int, int, float)
        Rows of the first and second session of a participant, and the days between them (NaN
        where not known).
    rescans : list of (int, int)
        Rows of a scan and its rescan, of each participant that has them: two runs of one session,
        else two sessions at most :data:`RESCAN_DAYS` apart.

    """
    several = rows.loc[rows['participant_id'].duplicated(keep=False), _USED].to_dict('index')
    participants: dict[str, dict[int, Mapping]] = {}
    for place, scan in several.items():
        participants.setdefault(scan['participant_id'], {})[place] = scan
    consecutive, rescans = [], []
    for participant, scans in sorted(participants.items()):
        sessions = [scan['session_id'] for scan in scans.values()]
        labels = list(dict.fromkeys(label for label in sessions if isinstance(label, str)))
        times = order(participant, labels) if len(labels) > 1 else {}
        between = _consecutive(scans, times)
        consecutive += between
        runs = [alike[:2] for alike in _alike(scans, 'run') if len(alike) > 1]
        soon = [(one, two) for one, two, days in between if days <= RESCAN_DAYS]
        fit = [(one, two) for one, two in (*runs, *soon) if comparable(scans[one], scans[two])]
        rescans += fit[:1]
    return consecutive, rescans


def comparable(first: Mapping, second: Mapping) -> bool:
    """Tell whether two results may be compared.

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
        Grades, with ``count_sum``, ``top_low`` and ``top_high``; index 0 … n − 1.
    order : callable
        See :func:`pair_sessions`.

    Returns
    -------
    changes : DataFrame
        The rows of ``group_change.tsv``; may be empty.
    threshold : ChangeThreshold

    """
    consecutive, rescans = pair_sessions(rows, order)
    highest = rows['count_max'].astype(float)
    threshold = rescan_threshold([highest[two] - highest[one] for one, two in rescans])
    used = sorted({place for pair in consecutive for place in pair[:2]})
    records = rows.loc[used].to_dict('index')
    changes = [
        _change(records[one], records[two], days, threshold) for one, two, days in consecutive
    ]
    return pd.DataFrame(changes, columns=column_names('group_change')), threshold


def _change(first: Mapping, second: Mapping, days: float, threshold: ChangeThreshold) -> dict:
    """Return a row of ``group_change``."""
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
    """Return whether the highest count changed more than by rescanning; None: not comparable."""
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


def _consecutive(
    scans: Mapping[int, Mapping], times: Mapping[str, datetime | None]
) -> list[tuple[int, int, float]]:
    """Return a participant's pairs, in the order of the sessions."""
    rank = {label: number for number, label in enumerate(times)}
    session = {place: scan['session_id'] for place, scan in scans.items()}
    pairs = []
    for alike in _alike(scans, 'ses'):
        dated = sorted((p for p in alike if session[p] in rank), key=lambda p: rank[session[p]])
        for one, two in pairwise(dated):
            ends = times[session[one]], times[session[two]]
            days = math.nan if None in ends else (ends[1] - ends[0]).total_seconds() / 86400
            pairs.append((one, two, days))
    return sorted(pairs, key=lambda pair: rank[session[pair[0]]])


def _alike(scans: Mapping[int, Mapping], but: str) -> list[Sequence[int]]:
    """Group T2w by all entities of their names but one."""
    groups: dict[tuple, list[int]] = {}
    for place, scan in scans.items():
        parts = PurePosixPath(str(scan['t2w'])).name.split('_')
        others = tuple(part for part in parts if not part.startswith(f'{but}-'))
        groups.setdefault(others, []).append(place)
    return list(groups.values())
