"""Which results of a group stand out, and why."""

import numpy as np
import pandas as pd
from scipy.stats import median_abs_deviation

from pvs_workflow.science.grading import GRADES, potter_grade

FAR = 3.5
"""Modified z score from which a value is outlying (Iglewicz & Hoaglin 1993, How to Detect and
Handle Outliers, ASQC)."""

FEWEST = 20
"""Results from which a value is compared with the others; with fewer, the spread is not known."""

UNSURE = 0.5
"""A grade less probable than this is not the likely one against all others together."""

_NORMAL = 0.6745
"""Median absolute deviation of a standard normal distribution."""


def robust_z(values: np.ndarray) -> np.ndarray:
    """Return modified z scores: the distance from the median over the scaled median deviation.

    Iglewicz & Hoaglin 1993. Where more than half of the values are equal, there is no spread to
    measure with, and all scores are 0.

    The score of NaN is NaN.

    Examples
    --------
    >>> robust_z(np.array([1, 2, 3, 4, 100.0])).round(2).tolist()
    [-1.35, -0.67, 0.0, 0.67, 65.43]

    """
    values = np.asarray(values, dtype=float)
    if np.isnan(values).all():
        return values.copy()
    away = values - np.nanmedian(values)
    deviation = median_abs_deviation(values, nan_policy='omit')
    return _NORMAL * away / deviation if deviation else 0 * away


def outlier_reasons(rows: pd.DataFrame) -> list[tuple[str, ...]]:
    """Say of each result what stands out.

    Counts are compared by their square roots, on which the spread of a count hardly depends on
    its size (Anscombe 1948, Biometrika 35:246). Results that failed quality control are neither
    compared with nor looked at.

    Parameters
    ----------
    rows : DataFrame
        ``potter``, ``count_max``, ``count_left``, ``count_right``, ``p_potter0`` … ``4``, ``qc``,
        and ``top_low``, ``top_high``: the 90 % interval of the image with the highest count.

    Returns
    -------
    list of tuple of str
        One phrase for each thing; empty for an ordinary result.

    """
    usable = (rows['qc'] != 'fail') & rows['potter'].notna()
    reasons: list[list[str]] = [[] for _ in range(len(rows))]
    for place in np.flatnonzero(usable):
        reasons[place] += _own_reasons(rows.iloc[place])
    if usable.sum() >= FEWEST:
        root = {
            name: np.sqrt(rows[name].where(usable).astype(float).to_numpy())
            for name in ('count_max', 'count_left', 'count_right')
        }
        for place, score in _far(root['count_max']):
            side = 'above' if score > 0 else 'below'
            reasons[place].append(f'highest count far {side} the group’s (z {score:+.1f})')
        for place, score in _far(root['count_left'] - root['count_right']):
            side = 'left' if score > 0 else 'right'
            reasons[place].append(
                f'many more on the {side} than is usual in the group (z {abs(score):.1f})'
            )
    return [tuple(found) for found in reasons]


def _own_reasons(row: pd.Series) -> list[str]:
    """Return what a result tells of itself."""
    found = []
    grade = int(row['potter'])
    probability = row[f'p_potter{grade}']
    if probability < UNSURE:
        likely = max(GRADES, key=lambda value: row[f'p_potter{value}'])
        more = row[f'p_potter{likely}'] > probability
        other = f'; grade {likely} is more probable' if more else ''
        found.append(f'grade {grade} has a probability of {probability:.2f}{other}')
    if np.isfinite([row['top_low'], row['top_high']]).all():
        low, high = (int(value) for value in potter_grade([row['top_low'], row['top_high']]))
        if high - low > 1:
            found.append(
                f'the interval of the highest count, {row["top_low"]:.0f} to '
                f'{row["top_high"]:.0f}, spans grades {low} to {high}'
            )
    return found


def _far(values: np.ndarray) -> list[tuple[int, float]]:
    """Return the places of outlying values, and their scores."""
    scores = robust_z(values)
    return [(place, scores[place]) for place in np.flatnonzero(np.abs(scores) > FAR)]
