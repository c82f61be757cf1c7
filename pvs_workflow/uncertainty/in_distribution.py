"""Whether an image is in the distribution of those that a cascade was calibrated on.

How far its statistics lie from those of the calibration images is the Mahalanobis distance
(Mahalanobis 1936), the usual baseline of out-of-distribution detection (Lee et al. 2018, Adv
Neural Inf Process Syst 31:7167).
"""

from dataclasses import dataclass

import numpy as np

from pvs_workflow.uncertainty.image_statistics import STATISTICS


@dataclass(frozen=True)
class ImageReference:
    """The distribution of the statistics of known images.

    Attributes
    ----------
    statistics : tuple of str
        Names of the k statistics, as :data:`STATISTICS`.
    mean : tuple of k float
    precision : tuple of k tuples of k float
        Inverse of the covariance.
    limit : float, > 0
        The distance beyond which an image is out of distribution.

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
            raise ValueError(f'mean and precision must be of {k} statistics')
        precision = np.array(self.precision)
        if not (np.allclose(precision, precision.T) and np.linalg.eigvalsh(precision).min() > 0):
            raise ValueError('precision must be symmetric and positive definite')
        if not self.limit > 0:
            raise ValueError(f'limit must be > 0, received {self.limit}')

    def distance(self, statistics: np.ndarray) -> np.ndarray:
        """Return the distance of each image from the known ones, (n, k) to (n,)."""
        return distances(statistics, np.array(self.mean), np.array(self.precision))


def distances(statistics: np.ndarray, mean: np.ndarray, precision: np.ndarray) -> np.ndarray:
    """Return the (n,) Mahalanobis distances of (n, k) statistics from a mean."""
    away = np.asarray(statistics, float) - mean
    return np.sqrt(np.maximum(np.einsum('ni,ij,nj->n', away, precision, away), 0.0))
