"""Distributions of prediction errors: tails, and correlation within participants."""

from collections import defaultdict
from collections.abc import Hashable, Sequence

import numpy as np
from scipy.special import ndtri

from pvs_workflow.science.grading import UPPER_COUNTS
from pvs_workflow.uncertainty.calibration import MAX_CORRELATION

MIN_PER_LEVEL = 20
"""Minimum number of images to estimate 5 % tails: the (n + 1) rank needs 19."""

_BINS = 5
"""Number of difficulty bins."""

_MIN_ERROR = 0.25
"""Minimum error of an easy image, in √(count + 1): avoids a division by zero."""

_MIN_PER_PART, _MAX_PARTS, _QUANTILES = 40, 8, 39
"""Error distributions: minimum number of images in each, their maximum number, and the number of
quantiles of each."""

_MAX_SCORE = 3.0
"""Normal scores are clipped to ±3, so that a single gross error does not dominate the
correlation."""


def fit_growth(errors: np.ndarray, difficulty) -> tuple[tuple[float, ...], ...]:
    """Return the ratio of errors on difficult images to those on easy ones.

    Parameters
    ----------
    errors : (n,) array
        Normalised errors, negative for undercounting.
    difficulty : (n,) array

    Returns
    -------
    knots : tuple of float
        Median difficulty of each of five equal parts of the images, in ascending order. With
        fewer than 100 images there is one part.
    under, over : tuple of float
        90 % quantiles of under- and of overcounting at the knots, relative to the easiest part,
        non-decreasing.

    """
    difficulty = np.asarray(difficulty)
    order = np.argsort(difficulty, kind='stable')
    parts = np.array_split(order, _BINS if order.size >= 20 * _BINS else 1)
    medians = [float(np.median(difficulty[part])) for part in parts]
    knots, first = np.unique(medians, return_index=True)
    factors = []
    for sizes in (np.maximum(-errors, 0), np.maximum(errors, 0)):
        quantiles = [float(np.quantile(sizes[part], 0.9)) for part in parts]
        monotonic = np.maximum.accumulate(np.maximum(quantiles, _MIN_ERROR))
        factors.append(tuple((monotonic / monotonic[0])[first].tolist()))
    return (tuple(knots.tolist()), *factors)


def tail_quantile(errors, miss: float, upper: bool) -> float:
    """Return the error that is exceeded with at most a given probability.

    This is the (n + 1) rank of split conformal prediction: a new, exchangeable error is more
    extreme with a probability of at most ``miss`` (Vovk et al. 2005; Lei et al. 2018, J Am Stat
    Assoc 113:1094, section 2.2). With too few errors, the most extreme one is returned.

    Parameters
    ----------
    errors : (n,) array, n ≥ 1
    miss : float, in (0, 1)
    upper : bool
        Upper or lower tail.

    Examples
    --------
    >>> tail_quantile(range(19), 0.05, upper=True), tail_quantile(range(19), 0.05, upper=False)
    (18.0, 0.0)
    >>> tail_quantile(range(99), 0.05, upper=True)
    94.0

    """
    ordered = np.sort(np.asarray(errors, float))
    # The 1e-9 keeps 0.05 * 100 from becoming 5.000000000000004.
    rank = max(int(np.floor((ordered.size + 1) * miss + 1e-9)), 1)
    return float(ordered[-rank] if upper else ordered[rank - 1])


def merge_levels(true, starts: Sequence[int], minimum: int = MIN_PER_LEVEL) -> tuple[int, ...]:
    """Merge neighbouring levels until each has enough images to estimate its tails.

    Parameters
    ----------
    true : (n,) array
        True counts.
    starts : sequence of int
        Smallest count of each level, in ascending order.
    minimum : int
        Minimum number of images in a level.

    Returns
    -------
    tuple of int
        The remaining starts, always including the first. The smallest level is merged first,
        with its smaller neighbour, or the lower one if they are equal.

    Examples
    --------
    >>> merge_levels([0] + [5] * 20 + [15] * 20, (0, 1, 11, 21))
    (0, 11)

    """
    starts = list(starts)
    while len(starts) > 1:
        levels = np.searchsorted(starts, true, side='right') - 1
        sizes = np.bincount(levels, minlength=len(starts))
        smallest = int(np.argmin(sizes))
        if sizes[smallest] >= minimum:
            break
        has_upper = smallest + 1 < len(starts)
        upwards = has_upper and (smallest == 0 or sizes[smallest + 1] < sizes[smallest - 1])
        del starts[smallest + 1 if upwards else smallest]
    return tuple(starts)


def fit_tails(errors, true, miss: float) -> tuple[tuple[int, ...], list[float], list[float]]:
    """Return lower and upper bounds of the errors for each level of the true count.

    Parameters
    ----------
    errors : (n,) array
        Normalised errors, negative for undercounting.
    true : (n,) array
        True counts.
    miss : float
        Share of errors outside the bounds, half of it at each end.

    Returns
    -------
    levels : tuple of int
        Smallest count of each level.
    low, high : lists of float
        Bounds of the errors, ``low ≤ 0 ≤ high``.

    """
    levels = merge_levels(true, (0, *(upper + 1 for upper in UPPER_COUNTS)))
    level = np.searchsorted(levels, true, side='right') - 1
    low, high = [], []
    for index in range(len(levels)):
        members = errors[level == index]
        # A count of 0 cannot be undercounted: the upper tail gets the whole share.
        tail = miss / 2 if true[level == index].any() else miss
        low.append(min(tail_quantile(members, tail, upper=False), 0.0))
        high.append(max(tail_quantile(members, tail, upper=True), 0.0))
    return levels, low, high


def error_quantiles(errors, predicted) -> tuple[list[float], list[np.ndarray]]:
    """Return the distributions of (n,) errors at increasing (n,) predicted counts.

    Returns
    -------
    centres : list of float
        Mean prediction of each of up to eight equal parts of the images, in ascending order. A
        part has at least 40 images.
    quantiles : list of (39,) arrays
        Quantiles of the errors of each part at (i + ½) / 39, in ascending order.

    """
    errors, predicted = np.asarray(errors, float), np.asarray(predicted, float)
    order = np.argsort(predicted, kind='stable')
    parts = np.array_split(order, int(np.clip(order.size // _MIN_PER_PART, 1, _MAX_PARTS)))
    steps = (np.arange(_QUANTILES) + 0.5) / _QUANTILES
    members: dict[float, list[np.ndarray]] = defaultdict(list)
    for part in parts:
        # Parts with the same prediction (many images without ePVS) share one distribution.
        members[round(float(predicted[part].mean()), 6)].append(errors[part])
    quantiles = [np.quantile(np.concatenate(values), steps) for values in members.values()]
    return list(members), quantiles


def shared_correlation(probabilities, groups: Sequence[Hashable]) -> float:
    """Return the correlation of the errors within a group.

    Parameters
    ----------
    probabilities : (n,) array, in [0, 1]
        Predicted cumulative probability of each truth; uniform if the predictions are
        calibrated.
    groups : sequence of n
        Group of each error, such as the participant.

    Returns
    -------
    float, in [0, 0.9]
        Mean product of the normal scores of two members of a group, divided by their mean
        square: the one-way intraclass correlation (Fisher 1925). 0 if no group has two members.

    """
    scores = np.clip(ndtri(np.asarray(probabilities, float)), -_MAX_SCORE, _MAX_SCORE)
    members: dict[Hashable, list[float]] = defaultdict(list)
    for score, group in zip(scores, groups, strict=True):
        members[group].append(float(score))
    products, pairs = 0.0, 0
    for values in map(np.array, members.values()):
        products += values.sum() ** 2 - np.sum(values**2)
        pairs += values.size * (values.size - 1)
    square = float(np.mean(scores**2))
    if pairs == 0 or square == 0:
        return 0.0
    return float(np.clip(products / pairs / square, 0.0, MAX_CORRELATION))
