"""What changed from one session to the next, beside what changes when nothing does."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd

from pvs_workflow.science.agreement import LIMIT

MEASURES = ('count_max', 'count_left', 'count_right', 'count_sum', 'potter')

LEAST_PAIRS = 10
"""People with a rescan from whom a group's own repeatability is told; the standard deviation of
fewer is known to a third at best (chi-squared distribution)."""

RESCAN_DAYS = 31.0
"""Sessions that are at most this far apart are a scan and its rescan: ePVS are not known to
change within a month."""


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


PUBLIC_RESCAN = PublicRescan(2, 12, 1.85, 'pvs_workflow cascade 0.5')
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


@dataclass(frozen=True)
class Pairs:
    """Which results of a group belong together, as places of rows.

    Attributes
    ----------
    consecutive : tuple of (int, int, float)
        First and second session of a person, and the days between them (NaN where not known).
    rescans : tuple of (int, int)
        A scan and its rescan, of each person that has them: two runs of one session, else two
        sessions at most :data:`RESCAN_DAYS` apart.

    """

    consecutive: tuple[tuple[int, int, float], ...]
    rescans: tuple[tuple[int, int], ...]


def find_pairs(
    rows: pd.DataFrame, order: Callable[[str, list[str]], dict[str, datetime | None]]
) -> Pairs:
    """Pair the T2w of consecutive sessions that have the same other entities.

    Parameters
    ----------
    rows : DataFrame
        ``participant_id``, ``session_id``, ``t2w``, ``qc``, ``count_max``, ``model_sha256``;
        index 0 … n − 1.
    order : callable
        From a participant and its sessions to these in their order, with their times.

    """
    consecutive, rescans = [], []
    repeated = rows[rows.duplicated('participant_id', keep=False)]
    for participant, own in repeated.groupby('participant_id', sort=True):
        labels = list(dict.fromkeys(own['session_id'].dropna()))
        times = order(participant, labels) if len(labels) > 1 else {}
        place = {label: number for number, label in enumerate(times)}
        between = []
        for _, series in _alike(own, 'ses'):
            dated = [index for index in series.index if series.loc[index, 'session_id'] in place]
            dated.sort(key=lambda index: place[own.loc[index, 'session_id']])
            for one, two in pairwise(dated):
                before, after = (times[own.loc[index, 'session_id']] for index in (one, two))
                between.append((one, two, _days(before, after)))
        consecutive += sorted(between, key=lambda pair: place[own.loc[pair[0], 'session_id']])
        runs = [tuple(alike.index[:2]) for _, alike in _alike(own, 'run') if len(alike) > 1]
        soon = [(one, two) for one, two, days in between if days <= RESCAN_DAYS]
        fit = [pair for pair in (*runs, *soon) if _comparable(*(rows.loc[i] for i in pair))]
        rescans += fit[:1]
    return Pairs(tuple(consecutive), tuple(rescans))


def _alike(rows: pd.DataFrame, but: str) -> list[tuple[tuple, pd.DataFrame]]:
    """Group T2w by all entities of their names but one."""
    keys = [
        tuple(part for part in Path(str(t2w)).name.split('_') if not part.startswith(f'{but}-'))
        for t2w in rows['t2w']
    ]
    return [(key, rows[[own == key for own in keys]]) for key in dict.fromkeys(keys)]


def _days(first: datetime | None, second: datetime | None) -> float:
    if first is None or second is None:
        return np.nan
    return (second - first).total_seconds() / 86400


def compare_sessions(
    rows: pd.DataFrame, order: Callable[[str, list[str]], dict[str, datetime | None]]
) -> tuple[pd.DataFrame, Yardstick]:
    """Compare each person's consecutive sessions.

    Parameters
    ----------
    rows : DataFrame
        Grades, with ``count_sum``, ``top_low`` and ``top_high``; index 0 … n − 1.
    order : callable
        See :func:`find_pairs`.

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
    if not _comparable(first, second):
        return None
    change = second['count_max'] - first['count_max']
    if yardstick.kind == 'repeatability':
        beyond = abs(change) > yardstick.limit
    else:
        beyond = second['top_low'] > first['top_high'] or second['top_high'] < first['top_low']
    if not beyond:
        return 'within'
    return 'increase' if change > 0 else 'decrease'


def _comparable(first: pd.Series, second: pd.Series) -> bool:
    return (
        'fail' not in (first['qc'], second['qc'])
        and first['model_sha256'] == second['model_sha256']
        and bool(np.isfinite([first['count_max'], second['count_max']]).all())
    )
