"""The distribution of the calibration images' statistics, fitted."""

import numpy as np

from pvs_workflow.uncertainty.image_statistics import STATISTICS
from pvs_workflow.uncertainty.in_distribution import ImageReference, distances

FLAGGED = 0.01
"""Share of calibration images that may lie beyond the limit."""

_SHRINKAGE = 0.1
"""Shrinkage of the covariances towards 0: keeps the inverse steady with few images."""

_VARIANCE = 1e-4
"""Added to every variance, so that a statistic that never varied may vary in other images."""

EVERYTHING = ImageReference(
    STATISTICS,
    (0.0,) * len(STATISTICS),
    tuple(map(tuple, np.eye(len(STATISTICS)).tolist())),
    1e6,
)
"""Placeholder that accepts every image, used before calibration."""


def fit_reference(statistics: np.ndarray, participants) -> ImageReference:
    """Fit the distribution of known images to calibration images.

    The limit is the conformal quantile of each image's distance from all *other* participants:
    a new image of the same kind lies beyond it with a probability of about 1 % (of 1 / (n + 1),
    where there are fewer than 99 images).

    Parameters
    ----------
    statistics : (n, k) array
        From :func:`pvs_workflow.uncertainty.image_statistics.describe_images`.
    participants : sequence of n
        Whose image each is. With one person alone nothing is known of how people differ, and
        every image is in distribution.

    Raises
    ------
    ValueError
        If lengths differ, or there are numbers that are not finite.

    """
    statistics = _checked(statistics, participants)
    if len(set(participants)) < 2:
        return EVERYTHING
    mean, precision = _fit(statistics)
    others = np.sort(held_out_distances(statistics, participants, statistics, participants))
    rank = min(int(np.ceil((1 - FLAGGED) * (others.size + 1))), others.size)
    return ImageReference(
        STATISTICS,
        tuple(round(float(value), 6) for value in mean),
        tuple(tuple(float(f'{value:.8g}') for value in row) for row in precision),
        round(float(others[rank - 1]), 4),
    )


def held_out_distances(known, known_participants, images, participants) -> np.ndarray:
    """Return each image's distance from the known images of all other people.

    Takes the (m, k) statistics of the known images and the (n, k) ones of the images, and whose
    each is; returns (n,) floats.
    """
    known, images = _checked(known, known_participants), np.asarray(images, float)
    owners, whose = np.asarray(known_participants), np.asarray(participants)
    out = np.zeros(len(images))
    for person in np.unique(whose):
        out[whose == person] = distances(images[whose == person], *_fit(known[owners != person]))
    return out


def _fit(statistics: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return mean and inverse of the shrunk covariance."""
    mean = statistics.mean(axis=0)
    away = statistics - mean
    covariance = away.T @ away / max(len(statistics) - 1, 1)
    variances = np.diag(np.diag(covariance) + _VARIANCE)
    inverse = np.linalg.inv((1 - _SHRINKAGE) * covariance + _SHRINKAGE * variances)
    return mean, (inverse + inverse.T) / 2


def _checked(statistics, participants) -> np.ndarray:
    statistics, shape = np.asarray(statistics, float), (len(participants), len(STATISTICS))
    if statistics.shape != shape or not np.isfinite(statistics).all():
        raise ValueError(
            f'statistics must be {len(STATISTICS)} finite numbers of each image, received shape '
            f'{statistics.shape} for {len(participants)} images'
        )
    return statistics
