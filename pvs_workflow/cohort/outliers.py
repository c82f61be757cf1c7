"""Find outlying results in a group, and explain them."""

import numpy as np
import pandas as pd
from scipy.stats import median_abs_deviation

from pvs_workflow.science.grading import GRADES, potter_grade

OUTLIER_SCORE = 3.5
"""Modified z score beyond which a value is an outlier (Iglewicz & Hoaglin 1993, How to Detect and
Handle Outliers, ASQC)."""

MIN_RESULTS = 20
"""Minimum number of results for comparisons in the group; with fewer, the spread is unknown."""

MIN_PROBABILITY = 0.5
"""Minimum probability of a grade; below it, the other grades together are more probable."""

_NORMAL = 0.6745
"""Median absolute deviation of a standard normal distribution."""


def robust_z(values: np.ndarray) -> np.ndarray:
    """Return modified z scores (Iglewicz & Hoaglin 1993).

    The score is the distance from the median divided by the scaled median absolute deviation. If
    more than half of the values are equal, this deviation is 0, and so are all scores. The score
    of NaN is NaN.

    Examples
    --------
    >>> robust_z(np.array([1, 2, 3, 4, 100.0])).round(2).tolist()
    [-1.35, -0.67, 0.0, 0.67, 65.43]

    """
    values = np.asarray(values, dtype=float)
    if np.isnan(values).all():
        return values.copy()
    distances = values - np.nanmedian(values)
    deviation = median_abs_deviation(values, nan_policy='omit')
    return _NORMAL * distances / deviation if deviation else 0 * distances


def outlier_reasons(rows: pd.DataFrame) -> list[tuple[str, ...]]:
    """Return the reasons why each result is an outlier.

    Counts are compared by their square roots, which stabilise the variance (Anscombe 1948,
    Biometrika 35:246). Results that failed quality control are ignored.

    Parameters
    ----------
    rows : DataFrame
        Columns ``potter``, ``count_max``, ``count_left``, ``count_right``, ``p_potter0`` … ``4``,
        ``qc``, and ``top_low`` and ``top_high``, the 90 % interval of the highest count.

    Returns
    -------
    list of tuple of str
        One phrase for each reason; empty for results that are not outliers.

    """
    usable = (rows['qc'] != 'fail') & rows['potter'].notna()
    reasons: list[list[str]] = [[] for _ in range(len(rows))]
    for number in np.flatnonzero(usable):
        reasons[number] += _reasons_without_group(rows.iloc[number])
    if usable.sum() >= MIN_RESULTS:
        root = {
            name: np.sqrt(rows[name].where(usable).astype(float).to_numpy())
            for name in ('count_max', 'count_left', 'count_right')
        }
        for number, score in _find_outliers(root['count_max']):
            side = 'above' if score > 0 else 'below'
            reasons[number].append(f'highest count far {side} the group’s (z {score:+.1f})')
        for number, score in _find_outliers(root['count_left'] - root['count_right']):
            side = 'left' if score > 0 else 'right'
            reasons[number].append(
                f'many more on the {side} than usual in the group (z {abs(score):.1f})'
            )
    return [tuple(phrases) for phrases in reasons]


def _reasons_without_group(row: pd.Series) -> list[str]:
    """Return the reasons that do not depend on other results."""
    reasons = []
    grade = int(row['potter'])
    probability = row[f'p_potter{grade}']
    if probability < MIN_PROBABILITY:
        likeliest = max(GRADES, key=lambda value: row[f'p_potter{value}'])
        is_likelier = row[f'p_potter{likeliest}'] > probability
        other = f'; grade {likeliest} is more probable' if is_likelier else ''
        reasons.append(f'grade {grade} has a probability of {probability:.2f}{other}')
    if np.isfinite([row['top_low'], row['top_high']]).all():
        low, high = (int(value) for value in potter_grade([row['top_low'], row['top_high']]))
        if high - low > 1:
            reasons.append(
                f'the interval of the highest count, {row["top_low"]:.0f} to '
                f'{row["top_high"]:.0f}, spans grades {low} to {high}'
            )
    return reasons


def _find_outliers(values: np.ndarray) -> list[tuple[int, float]]:
    """Return the indices of outlying values, and their scores."""
    scores = robust_z(values)
    return [(index, scores[index]) for index in np.flatnonzero(np.abs(scores) > OUTLIER_SCORE)]
