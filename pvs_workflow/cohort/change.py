"""Compare changes between consecutive sessions with scan–rescan variation."""

import math
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from types import SimpleNamespace

import numpy as np
import pandas as pd

from pvs_workflow.cohort.pairs import comparable, pair_sessions
from pvs_workflow.derivatives.columns import column_names
from pvs_workflow.inputs.sessions import SessionOrder
from pvs_workflow.science.agreement import LIMIT

MEASURES = ('count_max', 'count_left', 'count_right', 'count_sum', 'potter')
"""Columns whose change is reported."""

MIN_PAIRS = 10
"""Minimum number of participants with a rescan for a repeatability coefficient of the group; with
ten, its 95 % interval spans 0.70 to 1.75 of the estimate (chi-squared distribution)."""

_NO_CHANGE = {'days': math.nan, 'change': None} | {f'{name}_change': math.nan for name in MEASURES}
"""Columns that depend on which of two sessions was the first."""


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


@dataclass(frozen=True)
class Comparison:
    """The changes between the sessions of a group.

    Attributes
    ----------
    changes : DataFrame
        The rows of ``group_change.tsv``, possibly none.
    threshold : ChangeThreshold
    copies : list of (str, str)
        T2w that were reconstructed from one acquisition and are therefore no rescans.
    sources : mapping of str to str
        What the order of sessions comes from, by participant, see
        :class:`~pvs_workflow.inputs.sessions.SessionOrder`.

    """

    changes: pd.DataFrame
    threshold: ChangeThreshold
    copies: Sequence[tuple[str, str]] = ()
    sources: Mapping[str, str] = field(default_factory=dict)


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


def compare_sessions(
    rows: pd.DataFrame,
    orders: Mapping[str, SessionOrder],
    absent: Collection[str] = (),
    is_copy: Callable[[int, int], bool] = lambda one, two: False,
) -> Comparison:
    """Compare each participant's consecutive sessions.

    Parameters
    ----------
    rows : DataFrame
        Rows of the grade table with ``count_sum``, ``top_low`` and ``top_high``; index 0 … n − 1.
    orders, absent, is_copy
        As for :func:`~pvs_workflow.cohort.pairs.pair_sessions`.

    Returns
    -------
    Comparison

    """
    pairs = pair_sessions(rows, orders, absent, is_copy)
    highest = rows['count_max'].astype(float)
    threshold = rescan_threshold([highest[two] - highest[one] for one, two in pairs.rescans])
    numbers = sorted({number for pair in pairs.consecutive for number in pair[:2]})
    records = rows.loc[numbers].to_dict('index')
    changes, sources = [], {}
    for one, two, days in pairs.consecutive:
        participant = records[one]['participant_id']
        sources[participant] = orders[participant].source
        row = _change_row(records[one], records[two], days, threshold)
        changes.append(row if sources[participant] else row | _NO_CHANGE)
    return Comparison(
        pd.DataFrame(changes, columns=column_names('group_change')),
        threshold,
        [tuple(rows.loc[list(pair), 't2w']) for pair in pairs.copies],
        sources,
    )


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
