"""Prediction intervals and grade probabilities of predicted counts, from held-out images.

*Intervals* are split conformal prediction for each level of the true count (label-conditional or
"Mondrian": Vovk et al. 2005, *Algorithmic Learning in a Random World*, section 4.5). A true count
belongs to the interval unless the prediction would be unusually far from it among the calibration
images of its Potter grade. Coverage therefore holds in each grade and does not depend on the
distribution of grades in a cohort. True counts that almost no calibration image with a similar
prediction had are excluded. Otherwise intervals of low counts on difficult images would include
very high counts.

*Probabilities* need the distribution of the truth given the prediction, which is that of the
calibration images with similar predictions (Boström et al. 2021, *Mondrian conformal predictive
distributions*, PMLR 152:24). :func:`all_below` accounts for the correlation between the errors of
a person's images.

Both scale errors by √(count + 1) and by their growth with the difficulty of the image (locally
weighted: Lei et al. 2018, J Am Stat Assoc 113:1094, section 5.2). Undercounting and overcounting
have separate growth.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.polynomial.hermite_e import hermegauss
from scipy.special import ndtr, ndtri

from pvs_workflow.science.grading import UPPER_COUNTS

_TRUE_COUNTS = np.arange(1000.0)
"""Candidates for the true count of an image, up to more ePVS than an image can show."""

NODES = 101
"""Number of quadrature nodes for the shared error; 51 change no probability by over 1e-3."""

MAX_CORRELATION = 0.9
"""Maximum correlation of errors; larger ones would need more quadrature nodes."""


@dataclass(frozen=True)
class Calibration:
    """Quantiles of normalised errors of the calibration images.

    Attributes
    ----------
    coverage : float
        Nominal share of images whose interval contains the true count.
    levels : tuple of int
        Minimum true count of each level; the first is 0.
    low, high : tuple of float
        Limits of (predicted − true) / √(true + 1) for each level; ``low ≤ 0 ≤ high``.
    centres : tuple of float
        Predicted counts at which ``residuals`` are given, increasing.
    residuals : tuple of tuples of float
        Evenly spaced quantiles of (true − predicted) / √(predicted + 1) at each centre.
    correlation : float
        Correlation between the errors of a person's images.
    difficulty : tuple of float
        Difficulties at which ``under`` and ``over`` are given, increasing.
    under, over : tuple of float
        Growth of under- and overcounting at each difficulty, relative to easy images, ≥ 1.
    n_images : int
        Number of calibration images.

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
        if not 0 <= self.correlation <= MAX_CORRELATION:
            raise ValueError(f'correlation must be 0 to {MAX_CORRELATION}')
        for name in ('levels', 'centres', 'difficulty'):
            if not _increases(getattr(self, name)):
                raise ValueError(f'{name} must be strictly increasing')
        if not (self.levels[0] == 0 and len(self.levels) == len(self.low) == len(self.high)):
            raise ValueError('levels must start with 0 and have the same length as low and high')
        if not max(self.low) <= 0 <= min(self.high):
            raise ValueError('low must be ≤ 0 and high ≥ 0')
        rows = self.residuals
        if not (len(rows) == len(self.centres) and len(set(map(len, rows))) == 1 and rows[0]):
            raise ValueError('residuals must have one row per centre, all of the same length')
        if any(list(row) != sorted(row) for row in rows):
            raise ValueError('residuals must be sorted within each row')
        if not len(self.difficulty) == len(self.under) == len(self.over):
            raise ValueError('difficulty, under and over must have the same length')
        if min(*self.under, *self.over) < 1:
            raise ValueError('under and over must be ≥ 1')

    def interval(self, counts, difficulty=None) -> tuple[np.ndarray, np.ndarray]:
        """Return the prediction interval of each count.

        Parameters
        ----------
        counts : (n,) array, ≥ 0
        difficulty : (n,) array, optional
            Difficulty of each image; default: the middle of :attr:`difficulty`.

        Returns
        -------
        low, high : (n,) arrays
            ``0 <= low <= count <= high``; integers, unless equal to the count.

        """
        counts = as_counts(counts)
        under, over = self._growth(difficulty, counts.size)
        label_low, label_high = self._label_conditional(counts, under, over)
        # Exclude true counts that almost no image with a similar prediction had.
        errors, scale = self._errors(counts), np.sqrt(counts + 1)
        lowest = np.floor(counts + np.minimum(errors[:, 0], 0) * scale * over)
        highest = np.ceil(counts + np.maximum(errors[:, -1], 0) * scale * under)
        low, high = np.maximum(label_low, lowest), np.minimum(label_high, highest)
        return np.minimum(low, counts), np.maximum(high, counts)

    def below(self, counts, limit: float, difficulty=None) -> np.ndarray:
        """Return the (n,) probabilities that true counts are below a limit, or (n,) limits.

        ``counts`` and ``difficulty`` are those of :meth:`interval`. Probabilities are 0 or 1
        outside the range of calibration errors.
        """
        counts = as_counts(counts)
        under, over = self._growth(difficulty, counts.size)
        z = (limit - counts) / np.sqrt(counts + 1)
        z = np.where(z > 0, z / under, z / over)
        errors = self._errors(counts)
        steps = (np.arange(errors.shape[1]) + 0.5) / errors.shape[1]
        pairs = zip(z, errors, strict=True)
        return np.array([np.interp(x, row, steps, left=0.0, right=1.0) for x, row in pairs])

    def grade_probabilities(self, counts, difficulty=None) -> np.ndarray:
        """Return the probability of each Potter grade of a person.

        A person has the highest grade of the images. P(grade ≤ g) is therefore the probability
        that all counts are below the upper limit of g. Limits lie half-way between integers,
        where ``potter_grade`` rounds.

        Parameters
        ----------
        counts : (n,) array, ≥ 0
            Predicted counts of a person's six images, in any order.
        difficulty : (n,) array, optional

        Returns
        -------
        (5,) array of float
            Probabilities of grades 0 to 4; their sum is 1.

        """
        each = np.array([self.below(counts, upper + 0.5, difficulty) for upper in UPPER_COUNTS])
        # Sorted, because the last digits of a product depend on the order of its factors.
        at_most = np.maximum.accumulate(all_below(np.sort(each, axis=1), self.correlation))
        return np.diff([0.0, *at_most, 1.0])

    def _errors(self, counts: np.ndarray) -> np.ndarray:
        """Return the (n, m) quantiles of errors around each prediction, increasing."""
        table = np.array(self.residuals)
        return np.stack([np.interp(counts, self.centres, column) for column in table.T], axis=1)

    def _label_conditional(self, counts, under, over) -> tuple[np.ndarray, np.ndarray]:
        """Return the label-conditional interval of each prediction."""
        level = np.searchsorted(self.levels, _TRUE_COUNTS, side='right') - 1
        scale = np.sqrt(_TRUE_COUNTS + 1)
        low, high = np.array(self.low)[level], np.array(self.high)[level]
        lowest = _TRUE_COUNTS + low * scale * under[:, np.newaxis]
        highest = _TRUE_COUNTS + high * scale * over[:, np.newaxis]
        # argmax gives the first match; gaps where levels meet are part of the interval.
        first = np.argmax(highest >= counts[:, np.newaxis], axis=1)
        last = np.argmax((lowest <= counts[:, np.newaxis])[:, ::-1], axis=1)
        return _TRUE_COUNTS[first], _TRUE_COUNTS[::-1][last]

    def _growth(self, difficulty, n: int) -> tuple[np.ndarray, np.ndarray]:
        """Return the growth of under- and of overcounting for each image."""
        if difficulty is None:
            difficulty = np.full(n, self.difficulty[len(self.difficulty) // 2])
        difficulty = as_difficulties(difficulty, n)
        under = growth_at(difficulty, self.difficulty, self.under)
        return under, growth_at(difficulty, self.difficulty, self.over)


def growth_at(difficulty, knots: Sequence[float], growth: Sequence[float]) -> np.ndarray:
    """Return the growth of errors at the given difficulties.

    It is linear between the knots and constant before the first. Beyond the last knot it continues
    with the last slope, up to 1.5 times the last value.

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
    """Return the probability that equally correlated variables are all below their limits.

    This is a Gaussian copula with the same correlation for each pair (Sklar 1959; Li 2000, J Fixed
    Income 9:43). Given the shared component, the variables are independent; the component is
    integrated out by Gauss–Hermite quadrature.

    Parameters
    ----------
    probabilities : (..., n) array, in [0, 1]
        Probability of each variable to be below its limit.
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
    distance = ndtri(probabilities)[..., np.newaxis] - np.sqrt(correlation) * nodes
    conditional = np.prod(ndtr(distance / np.sqrt(1 - correlation)), axis=-2)
    return np.clip(conditional @ (weights / weights.sum()), 0.0, 1.0)


def _increases(values) -> bool:
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
