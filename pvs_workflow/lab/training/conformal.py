"""Errors of predictions: their tails, and how those of one person's images go together."""

from collections import defaultdict
from collections.abc import Hashable, Sequence

import numpy as np
from scipy.special import ndtri

from pvs_workflow.science.grading import UPPER_COUNTS
from pvs_workflow.uncertainty.calibration import MAX_CORRELATION

LEAST_IN_LEVEL = 20
"""Images from which 5 % tails can be estimated: the (n + 1) rank needs 19."""

_BINS = 5
"""Number of difficulty bins."""

_SMALLEST_ERROR = 0.25
"""Least error of an easy image, in √(count + 1): keeps growth from dividing by zero."""

_LEAST_IN_PART, _MAX_PARTS, _QUANTILES = 40, 8, 39
"""Distributions of errors: images in each, their largest number, and quantiles of each."""

_LARGEST_SCORE = 3.0
"""Normal scores are clipped there: a single gross error must not set the correlation."""


def fit_growth(errors: np.ndarray, difficulty) -> tuple[tuple[float, ...], ...]:
    """Find how many times larger errors are on difficult images than on easy ones.

    Parameters
    ----------
    errors : (n,) array
        Normalised, negative for undercounting.
    difficulty : (n,) array

    Returns
    -------
    knots : tuple of float
        The middle difficulty of five equal parts of the images (of one part with fewer than
        100), rising.
    under, over : tuple of float
        There, the 90 % quantile of under- and of overcounting as a multiple of the easiest
        part's, never falling.

    """
    difficulty = np.asarray(difficulty)
    order = np.argsort(difficulty, kind='stable')
    parts = np.array_split(order, _BINS if order.size >= 20 * _BINS else 1)
    middles = [float(np.median(difficulty[part])) for part in parts]
    knots, first = np.unique(middles, return_index=True)
    factors = []
    for sizes in (np.maximum(-errors, 0), np.maximum(errors, 0)):
        large = [float(np.quantile(sizes[part], 0.9)) for part in parts]
        risen = np.maximum.accumulate(np.maximum(large, _SMALLEST_ERROR))
        factors.append(tuple((risen / risen[0])[first].tolist()))
    return (tuple(knots.tolist()), *factors)


def tail_end(errors, miss: float, upper: bool) -> float:
    """Return the error that is exceeded with at most a given probability.

    The (n + 1) rank of split conformal prediction: a new, exchangeable error lies beyond the end
    with a probability of at most ``miss`` (Vovk et al. 2005; Lei et al. 2018, J Am Stat Assoc
    113:1094, section 2.2). With too few errors for that, the most extreme one is returned.

    Parameters
    ----------
    errors : (n,) array, n ≥ 1
    miss : float, in (0, 1)
    upper : bool
        Which tail.

    Examples
    --------
    >>> tail_end(range(19), 0.05, upper=True), tail_end(range(19), 0.05, upper=False)
    (18.0, 0.0)
    >>> tail_end(range(99), 0.05, upper=True)
    94.0

    """
    ordered = np.sort(np.asarray(errors, float))
    # The 1e-9 keeps 0.05 * 100 from becoming 5.000000000000004.
    rank = max(int(np.floor((ordered.size + 1) * miss + 1e-9)), 1)
    return float(ordered[-rank] if upper else ordered[rank - 1])


def fill_levels(true, starts: Sequence[int], least: int = LEAST_IN_LEVEL) -> tuple[int, ...]:
    """Join neighbouring levels until each has enough images to know its tails.

    Parameters
    ----------
    true : (n,) array
        True counts.
    starts : sequence of int
        The smallest count of each level, rising.

    Returns
    -------
    tuple of int
        The starts that remain; the first always does. The emptiest level joins its emptier
        neighbour first, the lower one at a tie.

    Examples
    --------
    >>> fill_levels([0] + [5] * 20 + [15] * 20, (0, 1, 11, 21))
    (0, 11)

    """
    starts = list(starts)
    while len(starts) > 1:
        places = np.searchsorted(starts, true, side='right') - 1
        sizes = np.bincount(places, minlength=len(starts))
        poorest = int(np.argmin(sizes))
        if sizes[poorest] >= least:
            break
        after = poorest + 1 < len(starts)
        upwards = after and (poorest == 0 or sizes[poorest + 1] < sizes[poorest - 1])
        del starts[poorest + 1 if upwards else poorest]
    return tuple(starts)


def fit_ends(errors, true, miss: float) -> tuple[tuple[int, ...], list[float], list[float]]:
    """Find how far predictions may lie from the truth, for each level of the truth.

    Parameters
    ----------
    errors : (n,) array
        Normalised, negative for undercounting.
    true : (n,) array
        True counts.
    miss : float
        Share of images that may lie beyond, half of it at either end.

    Returns
    -------
    levels : tuple of int
        Each level's smallest count.
    low, high : lists of float
        Ends of the errors, ``low ≤ 0 ≤ high``.

    """
    levels = fill_levels(true, (0, *(upper + 1 for upper in UPPER_COUNTS)))
    level = np.searchsorted(levels, true, side='right') - 1
    low, high = [], []
    for index in range(len(levels)):
        here = errors[level == index]
        # Nothing can be predicted below none: all that may be missed lies above.
        tail = miss / 2 if true[level == index].any() else miss
        low.append(min(tail_end(here, tail, upper=False), 0.0))
        high.append(max(tail_end(here, tail, upper=True), 0.0))
    return levels, low, high


def error_quantiles(errors, places) -> tuple[list[float], list[np.ndarray]]:
    """Return the distribution of (n,) errors around several of their (n,) places.

    Returns
    -------
    centres : list of float
        Mean place of equal parts of the images, at least 40 in each, at most eight; rising.
    quantiles : list of (39,) arrays
        Around each, quantiles at (i + ½) / 39, rising.

    """
    errors, places = np.asarray(errors, float), np.asarray(places, float)
    order = np.argsort(places, kind='stable')
    parts = np.array_split(order, int(np.clip(order.size // _LEAST_IN_PART, 1, _MAX_PARTS)))
    steps = (np.arange(_QUANTILES) + 0.5) / _QUANTILES
    members: dict[float, list[np.ndarray]] = defaultdict(list)
    for part in parts:
        # Equal places (many images with nothing on them) share one distribution.
        members[round(float(places[part].mean()), 6)].append(errors[part])
    quantiles = [np.quantile(np.concatenate(values), steps) for values in members.values()]
    return list(members), quantiles


def shared_correlation(probabilities, groups: Sequence[Hashable]) -> float:
    """Return how strongly the errors within a group go together.

    Parameters
    ----------
    probabilities : (n,) array, in [0, 1]
        Where each truth lay in its predicted distribution; evenly spread when that is right.
    groups : sequence of n
        Equal for errors that may share something (one person's images).

    Returns
    -------
    float, in [0, 0.9]
        The mean product of the normal scores of two members, as a part of their mean square: the
        one-way intraclass correlation (Fisher 1925). 0 when no group has two.

    """
    scores = np.clip(ndtri(np.asarray(probabilities, float)), -_LARGEST_SCORE, _LARGEST_SCORE)
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
