"""Prediction intervals and grade probabilities of predicted counts, from held-out images.

*Intervals* are split conformal prediction, apart for each level of the true count
(label-conditional, "Mondrian": Vovk et al. 2005, *Algorithmic Learning in a Random World*,
section 4.5): a true count belongs to the interval unless the prediction would be unusually far
from it among the calibration images of its own Potter grade. Coverage therefore holds in each
grade, and does not depend on how frequent the grades are in a cohort. What next to no image with
such a prediction had is left out: on difficult images, a crowd of which much may be missed would
else reach down to few.

*Probabilities* need the opposite, the truth given the prediction: the errors of calibration
images with similar predictions (Boström et al. 2021, *Mondrian conformal predictive
distributions*, PMLR 152:24). One person's images err together; :func:`all_below` accounts for it.

Both take errors in units of √(count + 1), as counts scatter, times how much larger errors are on
images as difficult as this one (locally weighted: Lei et al. 2018, J Am Stat Assoc 113:1094,
section 5.2). Undercounting and overcounting grow apart.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.polynomial.hermite_e import hermegauss
from scipy.special import ndtr, ndtri

from pvs_workflow.science.grading import UPPER_COUNTS

_TRUE_COUNTS = np.arange(1000.0)
"""Candidates for the true count of an image: more ePVS than any image could show."""

NODES = 101
"""Of the quadrature over a person's shared error; 51 change no probability by more than 1e-3."""

LARGEST_CORRELATION = 0.9
"""Beyond it the quadrature would need more nodes, and six images would hardly be more than one."""


@dataclass(frozen=True)
class Calibration:
    """Quantiles of normalised errors on the calibration images.

    Attributes
    ----------
    coverage : float
        Share of images whose true count the interval should hold.
    levels : tuple of int
        The smallest true count of each level; the first is 0.
    low, high : tuple of float
        Of each level, the ends of (predicted − true) / √(true + 1); ``low ≤ 0 ≤ high``.
    centres : tuple of float
        Predicted counts at which ``residuals`` are known, rising.
    residuals : tuple of tuples of float
        For each of them, evenly spaced quantiles of (true − predicted) / √(predicted + 1).
    correlation : float
        Between the errors of one person's images.
    difficulty : tuple of float
        Difficulties at which the growth of errors is known, rising.
    under, over : tuple of float
        At each of them, how much larger than on easy images under- and overcounting is, ≥ 1.
    n_images : int
        Calibration images behind it.

    """

    coverage: float
    levels: tuple[int, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]
    centres: tuple[float, ...]
    residuals: tuple[tuple[float, ...], ...]
    correlation: float
    difficulty: tuple[float, ...]
    under: tuple[float, ...]
    over: tuple[float, ...]
    n_images: int

    def __post_init__(self):
        if not 0 < self.coverage < 1:
            raise ValueError(f'coverage must lie between 0 and 1, received {self.coverage}')
        if not 0 <= self.correlation <= LARGEST_CORRELATION:
            raise ValueError(f'correlation must be 0 to {LARGEST_CORRELATION}')
        for name in ('levels', 'centres', 'difficulty'):
            if not _rises(getattr(self, name)):
                raise ValueError(f'{name} must be numbers that rise')
        if not (self.levels[0] == 0 and len(self.levels) == len(self.low) == len(self.high)):
            raise ValueError('levels must start with 0 and be as many as low and high')
        if not max(self.low) <= 0 <= min(self.high):
            raise ValueError('low must be ≤ 0 and high ≥ 0')
        rows = self.residuals
        if not (len(rows) == len(self.centres) and len(set(map(len, rows))) == 1 and rows[0]):
            raise ValueError('residuals must be rows of one length, as many as centres')
        if any(list(row) != sorted(row) for row in rows):
            raise ValueError('residuals must not fall within a row')
        if not len(self.difficulty) == len(self.under) == len(self.over):
            raise ValueError('difficulty, under and over must have one length')
        if min(*self.under, *self.over) < 1:
            raise ValueError('under and over must be ≥ 1')

    def interval(self, counts, difficulty=None) -> tuple[np.ndarray, np.ndarray]:
        """Return the prediction interval of each count.

        Parameters
        ----------
        counts : (n,) array, ≥ 0
        difficulty : (n,) array, optional
            Of each image; without it, images are taken as of middling difficulty.

        Returns
        -------
        low, high : (n,) arrays
            ``0 <= low <= count <= high``; whole numbers, unless the count itself is the end.

        """
        counts = as_counts(counts)
        under, over = self._growth(difficulty, counts.size)
        fewest, most = self._usual_truths(counts, under, over)
        # Of these, what next to no image with such a prediction had is left out.
        errors, scale = self._errors(counts), np.sqrt(counts + 1)
        least = np.floor(counts + np.minimum(errors[:, 0], 0) * scale * over)
        greatest = np.ceil(counts + np.maximum(errors[:, -1], 0) * scale * under)
        low, high = np.maximum(fewest, least), np.minimum(most, greatest)
        return np.minimum(low, counts), np.maximum(high, counts)

    def below(self, counts, limit: float, difficulty=None) -> np.ndarray:
        """Return the (n,) probabilities that true counts are less than a limit, or (n,) limits.

        Counts and difficulty are those of :meth:`interval`; 0 and 1 lie beyond the errors seen.
        """
        counts = as_counts(counts)
        under, over = self._growth(difficulty, counts.size)
        z = (limit - counts) / np.sqrt(counts + 1)
        z = np.where(z > 0, z / under, z / over)
        errors = self._errors(counts)
        steps = (np.arange(errors.shape[1]) + 0.5) / errors.shape[1]
        pairs = zip(z, errors, strict=True)
        return np.array([np.interp(at, row, steps, left=0.0, right=1.0) for at, row in pairs])

    def grade_probabilities(self, counts, difficulty=None) -> np.ndarray:
        """Return the probability of each Potter grade of a person.

        The person's grade is the highest of the images', so P(grade ≤ g) is the probability that
        all images' counts stay below g's upper limit. Limits lie half-way between whole counts,
        where ``potter_grade`` rounds.

        Parameters
        ----------
        counts : (n,) array, ≥ 0
            Predicted counts of a person's images (six), in any order.
        difficulty : (n,) array, optional

        Returns
        -------
        (5,) array of float
            Of grades 0 to 4; sums to 1.

        """
        each = np.array([self.below(counts, upper + 0.5, difficulty) for upper in UPPER_COUNTS])
        # Sorted: the last digits of a product depend on the order of its factors.
        at_most = np.maximum.accumulate(all_below(np.sort(each, axis=1), self.correlation))
        return np.diff([0.0, *at_most, 1.0])

    def _errors(self, counts: np.ndarray) -> np.ndarray:
        """Return the quantiles of errors around each prediction, (n, m), rising."""
        table = np.array(self.residuals)
        return np.stack([np.interp(counts, self.centres, part) for part in table.T], axis=1)

    def _usual_truths(self, counts, under, over) -> tuple[np.ndarray, np.ndarray]:
        """Return the fewest and the most true ePVS for which each prediction is not unusual."""
        level = np.searchsorted(self.levels, _TRUE_COUNTS, side='right') - 1
        scale = np.sqrt(_TRUE_COUNTS + 1)
        low, high = np.array(self.low)[level], np.array(self.high)[level]
        lowest = _TRUE_COUNTS + low * scale * under[:, np.newaxis]
        highest = _TRUE_COUNTS + high * scale * over[:, np.newaxis]
        # argmax finds the first: all in between belong to the interval, also where levels meet.
        first = np.argmax(highest >= counts[:, np.newaxis], axis=1)
        last = np.argmax((lowest <= counts[:, np.newaxis])[:, ::-1], axis=1)
        return _TRUE_COUNTS[first], _TRUE_COUNTS[::-1][last]

    def _growth(self, difficulty, n: int) -> tuple[np.ndarray, np.ndarray]:
        """Return the factors of under- and of overcounting of each image."""
        if difficulty is None:
            difficulty = np.full(n, self.difficulty[len(self.difficulty) // 2])
        difficulty = as_difficulties(difficulty, n)
        under = growth_at(difficulty, self.difficulty, self.under)
        return under, growth_at(difficulty, self.difficulty, self.over)


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


def all_below(probabilities: np.ndarray, correlation: float) -> np.ndarray:
    """Return the probability that all of some correlated numbers stay below their limits.

    A Gaussian copula with one correlation for every pair (Sklar 1959; Li 2000, J Fixed Income
    9:43): given the shared part z, the numbers are independent, and z is integrated out by
    Gauss–Hermite quadrature.

    Parameters
    ----------
    probabilities : (..., n) array, in [0, 1]
        Of each number alone.
    correlation : float, in [0, 0.9]

    Examples
    --------
    >>> all_below([0.5, 0.5], 0.0).item()
    0.25
    >>> round(all_below([0.5, 0.5], 0.5).item(), 4)  # 1/4 + arcsin(1/2) / 2π
    0.3333

    """
    probabilities = np.asarray(probabilities, float)
    if not correlation > 0:
        return np.prod(probabilities, axis=-1)
    nodes, weights = hermegauss(NODES)
    away = ndtri(probabilities)[..., np.newaxis] - np.sqrt(correlation) * nodes
    given = np.prod(ndtr(away / np.sqrt(1 - correlation)), axis=-2)
    return np.clip(given @ (weights / weights.sum()), 0.0, 1.0)


def _rises(values) -> bool:
    return len(values) > 0 and list(values) == sorted(set(values))


def as_counts(counts) -> np.ndarray:
    """Return (n,) counts as floats; raise `ValueError` unless all are finite and ≥ 0."""
    counts = np.asarray(counts, dtype=float)
    if counts.ndim != 1 or not (np.isfinite(counts).all() and (counts >= 0).all()):
        raise ValueError(f'counts must be a list of finite numbers ≥ 0, received {counts}')
    return counts


def as_difficulties(difficulty, n: int) -> np.ndarray:
    """Return n difficulties as floats; raise `ValueError` unless all are finite."""
    difficulty = np.asarray(difficulty, float)
    if difficulty.shape != (n,) or not np.isfinite(difficulty).all():
        raise ValueError(
            f'difficulty must be {n} finite numbers, one per count, received {difficulty}'
        )
    return difficulty
