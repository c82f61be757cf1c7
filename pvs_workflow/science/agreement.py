"""Agreement between predicted and true counts and grades, and between raters."""

from dataclasses import dataclass

import numpy as np

from pvs_workflow.science.grading import GRADES

LIMIT = 1.96
"""Half-width of the 95 % interval of a normal distribution, in standard deviations."""


@dataclass(frozen=True)
class Correlation:
    """An intraclass correlation coefficient and its 95 % interval; NaN if undefined.

    Attributes
    ----------
    value : float
        At most 1; negative values are possible.
    low, high : float
        Limits of the interval.

    """

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Limits:
    """Bland–Altman limits of agreement (1986, Lancet 327:307).

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

    The coefficient is that of Shrout & Fleiss 1979, Psychol Bull 86:420; the 95 % interval is
    that of ICC(A,1) in McGraw & Wong 1996, Psychol Methods 1:30, table 7.

    Parameters
    ----------
    ratings : (n, k) array
        Finite ratings of ``n`` subjects by ``k`` ≥ 2 raters, such as predicted and true counts.

    Returns
    -------
    Correlation
        NaN for fewer than three subjects or constant ratings.

    Raises
    ------
    ValueError
        If ratings are not finite, or not an array with two columns or more.

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
            'ratings must be finite, with a row per item and at least two columns, received '
            f'shape {ratings.shape}'
        )
    n, k = ratings.shape
    if n < 3 or not np.ptp(ratings) > 0:
        return Correlation(np.nan, np.nan, np.nan)
    if not np.ptp(ratings, axis=1).any():
        # Perfect agreement: the F ratios below would divide by zero.
        return Correlation(1.0, 1.0, 1.0)
    from scipy.stats import f

    centred = ratings - ratings.mean()
    subjects, raters = centred.mean(axis=1, keepdims=True), centred.mean(axis=0)
    df = (n - 1) * (k - 1)
    # Mean squares: between subjects, between raters, residual.
    msb = k * (subjects**2).sum() / (n - 1)
    msj = n * (raters**2).sum() / (k - 1)
    mse = ((centred - subjects - raters) ** 2).sum() / df
    icc = (msb - mse) / (msb + (k - 1) * mse + k * (msj - mse) / n)
    with np.errstate(all='ignore'):
        # Satterthwaite's degrees of freedom of a · MSJ + b · MSE.
        a, b = k * icc / (n * (1 - icc)), 1 + k * icc * (n - 1) / (n * (1 - icc))
        v = (a * msj + b * mse) ** 2 / ((a * msj) ** 2 / (k - 1) + (b * mse) ** 2 / df)
        upper, lower = f.ppf(0.975, n - 1, v), f.ppf(0.975, v, n - 1)
        rest = k * msj + (k * n - k - n) * mse
        low = n * (msb - upper * mse) / (upper * rest + n * msb)
        high = n * (lower * msb - mse) / (rest + n * lower * msb)
    return Correlation(float(icc), float(low), float(high))


def weighted_kappa(predicted: np.ndarray, true: np.ndarray) -> float:
    """Return Cohen's kappa of Potter grades with quadratic weights (1968, Psychol Bull 70:213).

    Parameters
    ----------
    predicted, true : (n,) arrays of int
        Grades, 0 to 4.

    Returns
    -------
    float
        At most 1; NaN if all grades are equal.

    Raises
    ------
    ValueError
        If the arrays are empty or differ in length.

    Examples
    --------
    >>> weighted_kappa([1, 2, 3, 4], [1, 2, 3, 4])
    1.0

    """
    predicted, true = _check_pairs(predicted, true)
    if np.unique(np.concatenate([predicted, true])).size < 2:
        return float('nan')
    from sklearn.metrics import cohen_kappa_score

    return float(cohen_kappa_score(true, predicted, labels=list(GRADES), weights='quadratic'))


def confusion_matrix(predicted: np.ndarray, true: np.ndarray) -> np.ndarray:
    """Return the confusion matrix of Potter grades.

    Parameters
    ----------
    predicted, true : (n,) arrays of int
        Grades, 0 to 4.

    Returns
    -------
    (5, 5) array of int
        Numbers of pairs, true grades in rows and predicted ones in columns.

    Raises
    ------
    ValueError
        If the arrays are empty or differ in length.

    """
    predicted, true = _check_pairs(predicted, true)
    from sklearn import metrics

    return metrics.confusion_matrix(true, predicted, labels=GRADES)


def limits_of_agreement(predicted: np.ndarray, true: np.ndarray) -> Limits:
    """Return the mean and the 95 % limits of predicted − true.

    Parameters
    ----------
    predicted, true : (n,) arrays
        Counts or grades.

    Returns
    -------
    Limits
        All but ``bias`` are NaN for a single pair.

    Raises
    ------
    ValueError
        If the arrays are empty or differ in length.

    Examples
    --------
    >>> limits_of_agreement([3.0, 5.0, 7.0], [3.0, 4.0, 5.0])
    Limits(bias=1.0, sd=1.0, low=-0.96, high=2.96)

    """
    predicted, true = _check_pairs(predicted, true)
    difference = predicted.astype(float) - true
    bias = float(difference.mean())
    sd = float(difference.std(ddof=1)) if difference.size > 1 else float('nan')
    return Limits(bias, sd, bias - LIMIT * sd, bias + LIMIT * sd)


def _check_pairs(predicted, true) -> tuple[np.ndarray, np.ndarray]:
    predicted, true = np.asarray(predicted), np.asarray(true)
    if predicted.shape != true.shape or predicted.ndim != 1 or predicted.size == 0:
        raise ValueError(
            'predicted and true must be non-empty lists of the same length, received shapes '
            f'{predicted.shape} and {true.shape}'
        )
    return predicted, true
