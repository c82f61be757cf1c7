"""How well predicted counts and grades agree with the truth."""

import warnings
from dataclasses import dataclass

import numpy as np

from pvs_workflow.science.grading import GRADES

LIMIT = 1.96
"""Standard deviations to either side that hold 95 % of normally distributed differences."""


@dataclass(frozen=True)
class Correlation:
    """An intraclass correlation coefficient and its 95 % confidence interval.

    Attributes
    ----------
    value, low, high : float
        NaN where undefined: too few subjects, or nothing that varies.

    """

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Limits:
    """Bland and Altman's limits of agreement (1986, Lancet 327:307).

    Attributes
    ----------
    bias, sd : float
        Mean and standard deviation of predicted − true.
    low, high : float
        ``bias`` ± 1.96 ``sd``.

    """

    bias: float
    sd: float
    low: float
    high: float


def intraclass_correlation(ratings: np.ndarray) -> Correlation:
    """Return the ICC(2,1): two-way random effects, absolute agreement, single rater.

    Shrout & Fleiss 1979, Psychol Bull 86:420; the interval is that of McGraw & Wong 1996,
    Psychol Methods 1:30. Computed by pingouin.

    Parameters
    ----------
    ratings : (n, k) array
        ``n`` subjects by ``k`` raters; here, predicted and true counts.

    Returns
    -------
    Correlation

    Raises
    ------
    ValueError
        If the ratings are not a finite table of at least two raters.

    Examples
    --------
    >>> ratings = [[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9],
    ...            [6, 2, 4, 7]]  # Shrout & Fleiss 1979, table 2
    >>> round(intraclass_correlation(ratings).value, 2)
    0.29

    """
    ratings = np.asarray(ratings, float)
    if ratings.ndim != 2 or ratings.shape[1] < 2 or not np.isfinite(ratings).all():
        raise ValueError(
            'ratings must be finite numbers, subjects by at least two raters, received the shape '
            f'{ratings.shape}'
        )
    if len(ratings) < 3 or not np.ptp(ratings) > 0:
        return Correlation(np.nan, np.nan, np.nan)
    if not np.ptp(ratings, axis=1).any():
        # No error at all: the F ratios of the interval have a zero below them.
        return Correlation(1.0, 1.0, 1.0)
    import pandas as pd
    import pingouin

    subjects, raters = np.indices(ratings.shape)
    columns = {'subject': subjects.ravel(), 'rater': raters.ravel(), 'rating': ratings.ravel()}
    rounding = dict(pingouin.options)
    try:
        # Its default rounds intervals to two decimals.
        pingouin.options['round.column.CI95'] = None
        with warnings.catch_warnings(), np.errstate(all='ignore'):
            # pingouin 0.7 calls pandas 3 in a way that pandas 4 will refuse.
            warnings.simplefilter('ignore')
            table = pingouin.intraclass_corr(pd.DataFrame(columns), 'subject', 'rater', 'rating')
    finally:
        pingouin.options.update(rounding)
    row = table.set_index('Type').loc['ICC(A,1)']
    return Correlation(float(row['ICC']), *(float(end) for end in row['CI95']))


def weighted_kappa(predicted: np.ndarray, true: np.ndarray) -> float:
    """Return Cohen's kappa of Potter grades with quadratic weights (1968, Psychol Bull 70:213).

    Parameters
    ----------
    predicted, true : (n,) arrays of int, 0 to 4

    Returns
    -------
    float
        NaN where both have one and the same grade only.

    Examples
    --------
    >>> weighted_kappa([1, 2, 3, 4], [1, 2, 3, 4])
    1.0

    """
    predicted, true = _paired(predicted, true)
    if np.unique(np.concatenate([predicted, true])).size < 2:
        return float('nan')
    from sklearn.metrics import cohen_kappa_score

    return float(cohen_kappa_score(true, predicted, labels=list(GRADES), weights='quadratic'))


def confusion_matrix(predicted: np.ndarray, true: np.ndarray) -> np.ndarray:
    """Count how often each true grade was predicted as which.

    Parameters
    ----------
    predicted, true : (n,) arrays of int, 0 to 4

    Returns
    -------
    (5, 5) array of int
        Rows are true, columns predicted grades.

    Examples
    --------
    >>> confusion_matrix([1, 2, 2], [1, 1, 2])[1:3, 1:3].tolist()
    [[1, 1], [0, 1]]

    """
    predicted, true = (grades.astype(int) for grades in _paired(predicted, true))
    out = np.zeros((len(GRADES), len(GRADES)), int)
    np.add.at(out, (true, predicted), 1)
    return out


def limits_of_agreement(predicted: np.ndarray, true: np.ndarray) -> Limits:
    """Return mean and 95 % limits of predicted − true.

    Parameters
    ----------
    predicted, true : (n,) arrays

    Examples
    --------
    >>> limits_of_agreement([3.0, 5.0, 7.0], [3.0, 4.0, 5.0])
    Limits(bias=1.0, sd=1.0, low=-0.96, high=2.96)

    """
    predicted, true = _paired(predicted, true)
    difference = predicted.astype(float) - true
    bias = float(difference.mean())
    sd = float(difference.std(ddof=1)) if difference.size > 1 else float('nan')
    return Limits(bias, sd, bias - LIMIT * sd, bias + LIMIT * sd)


def _paired(predicted, true) -> tuple[np.ndarray, np.ndarray]:
    predicted, true = np.asarray(predicted), np.asarray(true)
    if predicted.shape != true.shape or predicted.ndim != 1 or predicted.size == 0:
        raise ValueError(
            'predicted and true must be two lists of one length ≥ 1, received shapes '
            f'{predicted.shape} and {true.shape}'
        )
    return predicted, true
