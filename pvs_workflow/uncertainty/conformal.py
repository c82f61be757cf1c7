"""How far predictions are off: tails of errors, by level of the truth and by difficulty."""

from collections import defaultdict
from collections.abc import Sequence

import numpy as np

from pvs_workflow.science.grading import UPPER_COUNTS

Growth = tuple[tuple[float, ...], tuple[float, ...], tuple[float, ...]]

LEAST_IN_LEVEL = 20
"""Images from which 5 % tails can be told: the (n + 1) rank needs 19."""

_PARTS = 5
"""Into which images are shared by their difficulty."""

_SMALLEST_ERROR = 0.25
"""Of an easy image, in √(count + 1): growth would otherwise be a division by nothing."""

_LEAST_IN_PART, _MOST_PARTS, _QUANTILES = 40, 8, 39
"""Of the distributions of errors: images in each, their number, and how finely each is kept."""


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

    Returns
    -------
    float

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


def fit_growth(predicted, true, difficulty=None) -> Growth:
    """Find how much larger under- and overcounting is on more difficult images.

    Parameters
    ----------
    predicted, true : (n,) arrays, ≥ 0
    difficulty : (n,) array, optional

    Returns
    -------
    knots, under, over : tuples of float
        Difficulties, and at each of them multiples of the errors of easy images, ≥ 1.

    """
    if difficulty is None:
        return (0.0,), (1.0,), (1.0,)
    errors = (predicted - true) / np.sqrt(true + 1)
    knots, under = error_growth(np.maximum(-errors, 0), difficulty)
    return knots, under, error_growth(np.maximum(errors, 0), difficulty)[1]


def fit_ends(
    predicted, true, miss: float, growth: Growth, difficulty=None
) -> tuple[tuple[int, ...], list[float], list[float]]:
    """Find how far predictions may lie from the truth, for each level of the truth.

    Parameters
    ----------
    predicted, true : (n,) arrays, ≥ 0
    miss : float
        Share of images that may lie beyond, half of it at either end.
    growth : tuple
        From :func:`fit_growth`.
    difficulty : (n,) array, optional

    Returns
    -------
    levels : tuple of int
        Each level's smallest count.
    low, high : lists of float
        Ends of (predicted − true) / √(true + 1) over the growth, ``low ≤ 0 ≤ high``.

    """
    errors = _shrunk((predicted - true) / np.sqrt(true + 1), growth, difficulty)
    levels = fill_levels(true, (0, *(upper + 1 for upper in UPPER_COUNTS)))
    place = np.searchsorted(levels, true, side='right') - 1
    low, high = [], []
    for index in range(len(levels)):
        here = errors[place == index]
        # Nothing can be predicted below none: all that may be missed lies above.
        part = miss / 2 if true[place == index].any() else miss
        low.append(min(tail_end(here, part, upper=False), 0.0))
        high.append(max(tail_end(here, part, upper=True), 0.0))
    return levels, low, high


def fit_residuals(predicted, true, growth: Growth, difficulty=None) -> tuple:
    """Find how the truth lies around predictions: :func:`error_quantiles` of its errors.

    They are (true − predicted) / √(predicted + 1) over the growth.
    """
    errors = _shrunk((predicted - true) / np.sqrt(predicted + 1), growth, difficulty)
    return error_quantiles(-errors, predicted)


def _shrunk(errors, growth: Growth, difficulty) -> np.ndarray:
    """Divide errors, negative for undercounting, by how large they are at their difficulty."""
    if difficulty is None:
        return errors
    knots, under, over = growth
    sizes = [growth_at(difficulty, knots, part) for part in (under, over)]
    return errors / np.where(errors < 0, *sizes)


def growth_at(difficulty, knots: Sequence[float], growth: Sequence[float]) -> np.ndarray:
    """Return how large errors are at some difficulties.

    Linear between the knots, level before the first, and beyond the last going on as steeply as
    over the last two, up to one and a half times the last value.

    Examples
    --------
    >>> growth_at([0.0, 1.5, 3.0, 9.0], (1.0, 2.0), (1.0, 2.0)).tolist()
    [1.0, 1.5, 3.0, 3.0]

    """
    difficulty = np.asarray(difficulty, float)
    out = np.interp(difficulty, knots, growth)
    if len(knots) < 2:
        return out
    slope = (growth[-1] - growth[-2]) / (knots[-1] - knots[-2])
    beyond = slope * np.maximum(difficulty - knots[-1], 0)
    return out + np.minimum(beyond, growth[-1] / 2)


def fill_levels(true, starts: Sequence[int], least: int = LEAST_IN_LEVEL) -> tuple[int, ...]:
    """Join neighbouring levels until each has enough images to know its tails.

    Parameters
    ----------
    true : (n,) array
        True counts.
    starts : sequence of int
        The smallest count of each level, rising.
    least : int

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


def error_growth(sizes, difficulty) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Find how much larger errors are on more difficult images.

    Parameters
    ----------
    sizes : (n,) array, ≥ 0
        Normalised errors of one direction.
    difficulty : (n,) array

    Returns
    -------
    knots, growth : tuples of float
        Middle difficulty of five equal parts of the images (of one part with fewer than 100), and
        there the 90 % quantile of the error as a multiple of the easiest part's, never falling.

    """
    order = np.argsort(difficulty, kind='stable')
    parts = np.array_split(order, _PARTS if order.size >= 20 * _PARTS else 1)
    middles = [float(np.median(np.asarray(difficulty)[part])) for part in parts]
    large = [float(np.quantile(np.asarray(sizes)[part], 0.9)) for part in parts]
    risen = np.maximum.accumulate(np.maximum(large, _SMALLEST_ERROR))
    knots, first = np.unique(middles, return_index=True)
    return tuple(map(float, knots)), tuple(map(float, (risen / risen[0])[first]))


def error_quantiles(errors, places) -> tuple[list[float], list[np.ndarray]]:
    """Return the distribution of errors around several places.

    Parameters
    ----------
    errors, places : (n,) arrays

    Returns
    -------
    centres : list of float
        Mean place of equal parts of the images, at least 40 in each, at most eight; rising.
    quantiles : list of (39,) arrays
        Around each, quantiles at (i + ½) / 39, rising.

    """
    errors, places = np.asarray(errors, float), np.asarray(places, float)
    order = np.argsort(places, kind='stable')
    parts = np.array_split(order, int(np.clip(order.size // _LEAST_IN_PART, 1, _MOST_PARTS)))
    steps = (np.arange(_QUANTILES) + 0.5) / _QUANTILES
    found: dict[float, list[np.ndarray]] = defaultdict(list)
    for part in parts:
        # Equal places (many images with nothing on them) must not be told apart.
        found[round(float(places[part].mean()), 6)].append(errors[part])
    quantiles = [np.quantile(np.concatenate(values), steps) for values in found.values()]
    return list(found), quantiles
