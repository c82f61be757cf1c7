"""The median of differences, with an interval."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

RESAMPLES = 2000
MIN_DIFFERENCES = 5
"""Minimum number of differences for an interval."""

_BATCH = 100
"""Resamples in memory at once."""


@dataclass(frozen=True)
class MedianDifference:
    """A median and its 95 % interval (percentile bootstrap, Efron 1979).

    Attributes
    ----------
    value, low, high : float
    n : int
        Differences.

    """

    value: float
    low: float
    high: float
    n: int


def median_difference(differences: Sequence[float], seed: int = 0) -> MedianDifference | None:
    """Return the median of paired differences, with a bootstrap interval by SciPy.

    The differences are finite, one for each person. There is none for fewer than five.

    Examples
    --------
    >>> median_difference([1.0, 1.0, 1.0, 1.0, 1.0])
    MedianDifference(value=1.0, low=1.0, high=1.0, n=5)

    """
    values = np.sort(np.asarray(differences, dtype=float))
    if len(values) < MIN_DIFFERENCES:
        return None
    from scipy.stats import bootstrap

    found = bootstrap(
        (values,),
        np.median,
        n_resamples=RESAMPLES,
        batch=_BATCH,
        method='percentile',
        rng=np.random.default_rng(seed),
        vectorized=True,
    ).confidence_interval
    return MedianDifference(*map(float, (np.median(values), *found)), len(values))
