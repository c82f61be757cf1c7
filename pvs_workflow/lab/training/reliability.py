"""Whether probabilities of grades mean what they say."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from pvs_workflow.science.grading import GRADES


@dataclass(frozen=True)
class Reliability:
    """Predicted probabilities against what came true; bins without any are left out.

    Attributes
    ----------
    predicted, observed : tuple of float
        Of each bin, the mean probability, and the share that came true. Right is: equal.
    numbers : tuple of int
        Probabilities in each bin (five for each person).
    brier : float
        Mean over people of the sum over grades of (probability − truth)², 0 to 2 (Brier 1950, Mon
        Weather Rev 78:1).
    calibration_error : float
        Mean difference of predicted and observed, weighted by the numbers, 0 to 1 (Naeini et al.
        2015, Proc AAAI Conf Artif Intell 29:2901), over all grades together.

    """

    predicted: tuple[float, ...]
    observed: tuple[float, ...]
    numbers: tuple[int, ...]
    brier: float
    calibration_error: float


def reliability(probabilities, grades: Sequence[int], bins: int = 10) -> Reliability:
    """Compare the probabilities of grades with the true grades.

    Parameters
    ----------
    probabilities : (n, 5) array, in [0, 1]
        Of each person's grade being 0 to 4; rows sum to 1.
    grades : sequence of n int
        The true ones.
    bins : int
        Of equal width, from 0 to 1; the last holds 1.

    Returns
    -------
    Reliability

    Raises
    ------
    ValueError
        If there is nobody, lengths differ or values lie out of their range.

    Examples
    --------
    >>> half = [0.0, 0.5, 0.5, 0.0, 0.0]
    >>> found = reliability([half, half], [1, 2])
    >>> found.predicted, found.observed, found.brier, found.calibration_error
    ((0.0, 0.5), (0.0, 0.5), 0.5, 0.0)

    """
    p, grades = np.asarray(probabilities, float), np.asarray(grades)
    if p.ndim != 2 or p.shape[1] != len(GRADES) or p.shape[0] != grades.size or not grades.size:
        raise ValueError(
            'probabilities must be five for each of at least one true grade, received shape '
            f'{p.shape} for {grades.size} grades'
        )
    if not ((p >= 0).all() and np.allclose(p.sum(axis=1), 1, atol=1e-3)):
        raise ValueError('probabilities must be at least 0 and sum to 1 for each person')
    if not np.isin(grades, GRADES).all():
        raise ValueError(f'grades must be 0 to 4, received {grades.tolist()}')
    true = (grades[:, np.newaxis] == np.array(GRADES)).astype(float)
    place = np.minimum((p * bins).astype(int), bins - 1).ravel()
    numbers = np.bincount(place, minlength=bins)
    filled = numbers > 0
    predicted, observed = (
        np.bincount(place, weights=part.ravel(), minlength=bins)[filled] / numbers[filled]
        for part in (p, true)
    )
    apart = np.abs(predicted - observed) * numbers[filled]
    return Reliability(
        tuple(predicted.tolist()),
        tuple(observed.tolist()),
        tuple(numbers[filled].tolist()),
        float(np.mean(np.sum((p - true) ** 2, axis=1))),
        float(apart.sum() / numbers.sum()),
    )


def coverage_by_grade(held, grades: Sequence[int]) -> tuple[float | None, ...]:
    """Return the share of intervals that held the truth, for each true grade 0 to 4.

    Parameters
    ----------
    held : (n,) array of bool
    grades : sequence of n int
        True grades of the images.

    Returns
    -------
    tuple of 5 float
        ``None`` where there is no image of a grade.

    Examples
    --------
    >>> coverage_by_grade([True, False, True], [1, 1, 3])
    (None, 0.5, None, 1.0, None)

    """
    held, grades = np.asarray(held, float), np.asarray(grades)
    shares = (held[grades == grade] for grade in GRADES)
    return tuple(float(share.mean()) if share.size else None for share in shares)
