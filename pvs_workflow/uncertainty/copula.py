"""Errors that come together: a person's images share what makes them hard to count."""

from collections import defaultdict
from collections.abc import Hashable, Sequence

import numpy as np
from numpy.polynomial.hermite_e import hermegauss
from scipy.special import ndtr, ndtri

NODES = 101
"""Of the quadrature over a person's shared error; 51 change no probability by more than 1e-3."""

LARGEST_CORRELATION = 0.9
"""Beyond it the quadrature would need more nodes, and six images would hardly be more than one."""

_LARGEST_SCORE = 3.0
"""Normal scores are clipped there: a single gross error must not set the correlation."""


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
    return float(np.clip(products / pairs / square, 0.0, LARGEST_CORRELATION))
