"""What changed from one session to the next, beside what changes when nothing does."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import pandas as pd

from pvs_workflow.cohort.pairs import comparable, find_pairs
from pvs_workflow.science.agreement import LIMIT

MEASURES = ('count_max', 'count_left', 'count_right', 'count_sum', 'potter')

LEAST_PAIRS = 10
"""People with a rescan from whom a group's own repeatability is told; with ten, its 95 % interval
goes from 0.70 to 1.75 of the estimate (chi-squared distribution)."""


@dataclass(frozen=True)
class Yardstick:
    """What a change has to exceed to be more than scan–rescan variation.

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
        People with a rescan.

    """

    kind: str
    limit: float
    within_sd: float
    low: float
    high: float
    pairs: int


@dataclass(frozen=True)
class PublicRescan:
    """The repeatability that was measured on real scans, for context.

    Attributes
    ----------
    pairs, images : int
    within_sd : float
        Of the counts of images.
    model : str
        The cascade that counted.

    """

    pairs: int
    images: int
    within_sd: float
    model: str


PUBLIC_RESCAN = PublicRescan(2, 12, 0.89, 'pvs_workflow cascade 0.6')
"""From docs/validation/real.json: two people of the Ljubljana multiple sclerosis data, scanned
twice at times that the public data do not tell, no grade above 1."""


def rescan_yardstick(differences: Sequence[float]) -> Yardstick:
    """Make a yardstick of the differences between scans and their rescans.

    Parameters
    ----------
    differences : sequence of float
        Of the highest count, one for each person.

    Examples
    --------
    >>> rescan_yardstick([2, -2] * 5).limit.round(2)
    np.float64(3.92)
    >>> rescan_yardstick([2, -2]).kind
    'interval'

    """
    from scipy.stats import chi2

    values = np.asarray(differences, dtype=float)
    values = values[np.isfinite(values)]
    n = len(values)
    within = float(np.sqrt(np.mean(values**2) / 2)) if n else np.nan
    if n < LEAST_PAIRS or within == 0:
        return Yardstick('interval', np.nan, within, np.nan, np.nan, n)
    limit = LIMIT * np.sqrt(2) * within
    low, high = limit * np.sqrt(n / chi2.ppf([0.975, 0.025], n))
    return Yardstick('repeatability', limit, within, float(low), float(high), n)


def compare_sessions(
    rows: pd.DataFrame, order: Callable[[str, list[str]], dict[str, datetime | None]]
) -> tuple[pd.DataFrame, Yardstick]:
    """Compare each person's consecutive sessions.

    Parameters
    ----------
    rows : DataFrame
        Grades, with ``count_sum``, ``top_low`` and ``top_high``; index 0 … n − 1.
    order : callable
        See :func:`pvs_workflow.cohort.pairs.find_pairs`.

    Returns
    -------
    changes : DataFrame
        The rows of ``group_change.tsv``; may be empty.
    yardstick : Yardstick

    """
    pairs = find_pairs(rows, order)
    highest = rows['count_max'].astype(float)
    yardstick = rescan_yardstick([highest[two] - highest[one] for one, two in pairs.rescans])
    used = sorted({place for pair in pairs.consecutive for place in pair[:2]})
    own = dict(rows.loc[used].iterrows())
    compared = [(own[one], own[two], days) for one, two, days in pairs.consecutive]
    changes = change_table(compared)
    changes['yardstick'] = yardstick.kind
    changes['limit'] = yardstick.limit
    changes['change'] = [judge(first, second, yardstick) for first, second, _ in compared]
    return changes, yardstick


def change_table(pairs: Sequence[tuple[pd.Series, pd.Series, float]]) -> pd.DataFrame:
    """Make the table of changes, without judging them.

    Parameters
    ----------
    pairs : sequence of (Series, Series, float)
        Rows of grades of the first and the second session, with ``count_sum``, ``top_low`` and
        ``top_high``; and the days between them, NaN where they are not known.

    Returns
    -------
    DataFrame
        The columns of ``group_change`` up to ``potter_change``.

    """
    rows = []
    for first, second, days in pairs:
        row = {
            'participant_id': first['participant_id'],
            'session_first': first['session_id'],
            'session_second': second['session_id'],
            't2w_first': first['t2w'],
            't2w_second': second['t2w'],
            'qc_first': first['qc'],
            'qc_second': second['qc'],
            'days': days,
        }
        for name in MEASURES:
            row |= {
                f'{name}_first': first[name],
                f'{name}_second': second[name],
                f'{name}_change': second[name] - first[name],
            }
        rows.append(row)
    return pd.DataFrame(rows)


def judge(first: pd.Series, second: pd.Series, yardstick: Yardstick) -> str | None:
    """Tell whether the highest count changed by more than scan–rescan variation.

    Parameters
    ----------
    first, second : Series
        Rows of grades, with ``top_low`` and ``top_high``.
    yardstick : Yardstick

    Returns
    -------
    {'increase', 'decrease', 'within'} or None
        None where the two cannot be compared: one failed quality control, has no count, or was
        counted by another model.

    """
    if not comparable(first, second):
        return None
    change = second['count_max'] - first['count_max']
    if yardstick.kind == 'repeatability':
        beyond = abs(change) > yardstick.limit
    else:
        beyond = second['top_low'] > first['top_high'] or second['top_high'] < first['top_low']
    if not beyond:
        return 'within'
    return 'increase' if change > 0 else 'decrease'
