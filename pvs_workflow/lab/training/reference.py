"""Fit the distribution of the calibration images' statistics."""

import numpy as np

from pvs_workflow.uncertainty.image_statistics import STATISTICS
from pvs_workflow.uncertainty.in_distribution import ImageReference, distances

FLAGGED = 0.01
"""Share of calibration images beyond the limit."""

_SHRINKAGE = 0.1
"""Shrinkage of the covariances towards 0, which stabilises the inverse with few images."""

_VARIANCE = 1e-4
"""Constant added to every variance, for statistics that are constant in the calibration images."""

ACCEPT_ALL = ImageReference(
    STATISTICS,
    (0.0,) * len(STATISTICS),
    tuple(map(tuple, np.eye(len(STATISTICS)).tolist())),
    1e6,
)
"""Placeholder that accepts every image, used before calibration."""


def fit_reference(statistics: np.ndarray, participants) -> ImageReference:
    """Fit the reference distribution to the statistics of calibration images.

    The limit is the conformal quantile of each image's distance from all *other* participants. A
    new image of the same kind exceeds it with a probability of about 1 %, or 1 / (n + 1) with
    fewer than 99 images.

    Parameters
    ----------
    statistics : (n, k) array
        From :func:`pvs_workflow.uncertainty.image_statistics.describe_images`.
    participants : sequence of n
        Participant of each image. With a single participant, the variation between people is
        unknown and every image is in distribution.

    Raises
    ------
    ValueError
        If lengths differ, or a value is not finite.

    """
    statistics = _check_statistics(statistics, participants)
    if len(set(participants)) < 2:
        return ACCEPT_ALL
    mean, precision = _fit(statistics)
    ranked = np.sort(held_out_distances(statistics, participants, statistics, participants))
    rank = min(int(np.ceil((1 - FLAGGED) * (ranked.size + 1))), ranked.size)
    return ImageReference(
        STATISTICS,
        tuple(round(float(value), 6) for value in mean),
        tuple(tuple(float(f'{value:.8g}') for value in row) for row in precision),
        round(float(ranked[rank - 1]), 4),
    )


def held_out_distances(known, known_participants, images, participants) -> np.ndarray:
    """Return each image's distance from the known images of all other participants.

    Takes the (m, k) statistics and the participants of the known images, and the (n, k)
    statistics and the participants of the images; returns n distances.
    """
    known, images = _check_statistics(known, known_participants), np.asarray(images, float)
    known_participants = np.asarray(known_participants)
    participants = np.asarray(participants)
    out = np.zeros(len(images))
    for person in np.unique(participants):
        rows = participants == person
        out[rows] = distances(images[rows], *_fit(known[known_participants != person]))
    return out


def _fit(statistics: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the mean and the inverse of the shrunken covariance."""
    mean = statistics.mean(axis=0)
    deviations = statistics - mean
    covariance = deviations.T @ deviations / max(len(statistics) - 1, 1)
    variances = np.diag(np.diag(covariance) + _VARIANCE)
    inverse = np.linalg.inv((1 - _SHRINKAGE) * covariance + _SHRINKAGE * variances)
    return mean, (inverse + inverse.T) / 2


def _check_statistics(statistics, participants) -> np.ndarray:
    statistics, shape = np.asarray(statistics, float), (len(participants), len(STATISTICS))
    if statistics.shape != shape or not np.isfinite(statistics).all():
        raise ValueError(
            f'statistics must be finite and have shape {shape}; their shape is {statistics.shape}'
        )
    return statistics
