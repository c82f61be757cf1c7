"""What the images look like that a cascade knows: a mean, a spread, and how far is too far."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass

import numpy as np

from pvs_workflow.errors import BundleError
from pvs_workflow.uncertainty.familiarity import STATISTICS, distances

FLAGGED = 0.01
"""Share of calibration images that may lie beyond the limit."""

_SHRINKAGE = 0.1
"""Of the covariances towards none: keeps the inverse steady with few images."""

_VARIANCE = 1e-4
"""Added to every variance: a statistic that never varied must not forbid it ever after."""


@dataclass(frozen=True)
class Reference:
    """Where the statistics of known images lie.

    Attributes
    ----------
    statistics : tuple of str
        Names of the k statistics, as :data:`STATISTICS`.
    mean : tuple of k float
    precision : tuple of k tuples of k float
        Inverse of the covariance.
    limit : float
        The distance beyond which an image is unfamiliar.

    """

    statistics: tuple[str, ...]
    mean: tuple[float, ...]
    precision: tuple[tuple[float, ...], ...]
    limit: float

    def distance(self, statistics: np.ndarray) -> np.ndarray:
        """Return the distance of each image from the known ones, (n, k) to (n,)."""
        return distances(statistics, np.array(self.mean), np.array(self.precision))

    def to_card(self) -> dict:
        """Return plain values for a card."""
        return asdict(self) | {
            'statistics': list(self.statistics),
            'mean': list(self.mean),
            'precision': [list(row) for row in self.precision],
        }

    @classmethod
    def from_card(cls, values: Mapping) -> 'Reference':
        """Read from a card; refuse what cannot be a reference."""
        known = set(cls.__dataclass_fields__)
        if not isinstance(values, Mapping) or set(values) != known:
            received = sorted(values) if isinstance(values, Mapping) else type(values).__name__
            raise BundleError(
                f"the cascade's card has the reference {received}, expected the fields "
                f'{sorted(known)}'
            )
        if values['statistics'] != list(STATISTICS):
            raise BundleError(
                "the cascade's card has a reference of other statistics, expected "
                f'{list(STATISTICS)}, received {values["statistics"]}'
            )
        if not _usable(values):
            raise BundleError(
                f"the cascade's card has an unusable reference, expected {len(STATISTICS)} means, "
                'a symmetric precision that is positive definite and a limit > 0, received '
                f'{dict(values)}'
            )
        rows = tuple(tuple(map(float, row)) for row in values['precision'])
        mean = tuple(map(float, values['mean']))
        return cls(STATISTICS, mean, rows, float(values['limit']))


EVERYTHING = Reference(
    STATISTICS,
    (0.0,) * len(STATISTICS),
    tuple(tuple(row) for row in np.eye(len(STATISTICS)).tolist()),
    1e6,
)
"""To which every image is familiar: of a cascade that has not been calibrated yet."""


def fit_reference(statistics: np.ndarray, participants) -> Reference:
    """Learn what is familiar from calibration images.

    The limit is the conformal quantile of each image's distance from all *other* participants:
    a new image of the same kind lies beyond it with a probability of about 1 % (of 1 / (n + 1),
    where there are fewer than 99 images).

    Parameters
    ----------
    statistics : (n, k) array
        From :func:`pvs_workflow.uncertainty.familiarity.describe_images`.
    participants : sequence of n
        Whose image each is. With one person alone nothing is known of how people differ, and
        every image is familiar.

    Returns
    -------
    Reference

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
    return Reference(
        STATISTICS,
        tuple(round(float(value), 6) for value in mean),
        tuple(tuple(float(f'{value:.8g}') for value in row) for row in precision),
        round(float(others[rank - 1]), 4),
    )


def held_out_distances(known, known_participants, images, participants) -> np.ndarray:
    """Return each image's distance from the known images of all other people.

    Parameters
    ----------
    known : (m, k) array
        Statistics of the known images.
    known_participants : sequence of m
    images : (n, k) array
    participants : sequence of n

    Returns
    -------
    (n,) array of float

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
    statistics = np.asarray(statistics, float)
    if (
        statistics.shape != (len(participants), len(STATISTICS))
        or not np.isfinite(statistics).all()
    ):
        raise ValueError(
            f'statistics must be {len(STATISTICS)} finite numbers of each image, received shape '
            f'{statistics.shape} for {len(participants)} images'
        )
    return statistics


def _usable(values: Mapping) -> bool:
    mean, rows, limit = (values[name] for name in ('mean', 'precision', 'limit'))
    if not all(isinstance(part, list) for part in (mean, rows)):
        return False
    if not all(isinstance(row, list) and len(row) == len(STATISTICS) for row in rows):
        return False
    numbers = [limit, *mean, *(number for row in rows for number in row)]
    if not all(type(number) in (int, float) and np.isfinite(number) for number in numbers):
        return False
    if not len(mean) == len(rows) == len(STATISTICS) or not limit > 0:
        return False
    precision = np.array(rows, float)
    return np.allclose(precision, precision.T) and bool(np.linalg.eigvalsh(precision).min() > 0)
