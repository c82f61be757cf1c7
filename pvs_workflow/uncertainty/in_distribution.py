"""Detection of images outside the distribution of the calibration images.

The distance between an image and the calibration images is the Mahalanobis distance of its
statistics (Mahalanobis 1936), a common baseline of out-of-distribution detection (Lee et al. 2018,
Adv Neural Inf Process Syst 31:7167).
"""

from dataclasses import dataclass

import numpy as np

from pvs_workflow.uncertainty.image_statistics import STATISTICS


@dataclass(frozen=True)
class ImageReference:
    """Distribution of the statistics of the calibration images.

    Attributes
    ----------
    statistics : tuple of str
        Names of the k statistics, equal to :data:`STATISTICS`.
    mean : tuple of k float
    precision : tuple of k tuples of k float
        Inverse of the covariance.
    limit : float, > 0
        Distance above which an image is out of distribution.

    """

    statistics: tuple[str, ...]
    mean: tuple[float, ...]
    precision: tuple[tuple[float, ...], ...]
    limit: float

    def __post_init__(self):
        k = len(STATISTICS)
        if self.statistics != STATISTICS:
            raise ValueError(f'statistics must be {STATISTICS}, received {self.statistics}')
        if len(self.mean) != k or {len(self.precision), *map(len, self.precision)} != {k}:
            raise ValueError(f'mean and precision must cover {k} statistics')
        precision = np.array(self.precision)
        if not (np.allclose(precision, precision.T) and np.linalg.eigvalsh(precision).min() > 0):
            raise ValueError('precision must be symmetric and positive definite')
        if not self.limit > 0:
            raise ValueError(f'limit must be > 0, received {self.limit}')

    def distance(self, statistics: np.ndarray) -> np.ndarray:
        """Return the (n,) distances of (n, k) statistics from the calibration images."""
        return distances(statistics, np.array(self.mean), np.array(self.precision))


def distances(statistics: np.ndarray, mean: np.ndarray, precision: np.ndarray) -> np.ndarray:
    """Return the (n,) Mahalanobis distances of (n, k) statistics from a mean."""
    difference = np.asarray(statistics, float) - mean
    squares = np.einsum('ni,ij,nj->n', difference, precision, difference)
    return np.sqrt(np.maximum(squares, 0.0))
