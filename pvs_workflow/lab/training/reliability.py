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
    grades : sequence of n int, at least one
        The true ones.
    bins : int
        Of equal width, from 0 to 1, as :func:`sklearn.calibration.calibration_curve` makes them.

    Examples
    --------
    >>> half = [0.0, 0.5, 0.5, 0.0, 0.0]
    >>> found = reliability([half, half], [1, 2])
    >>> found.predicted, found.observed, found.brier, found.calibration_error
    ((0.0, 0.5), (0.0, 0.5), 0.5, 0.0)

    """
    from sklearn.calibration import calibration_curve

    # Rounding may have left the range.
    p = np.clip(np.asarray(probabilities, float), 0, 1)
    true = np.asarray(grades)[:, np.newaxis] == np.array(GRADES)
    observed, predicted = calibration_curve(true.ravel(), p.ravel(), n_bins=bins)
    places = np.searchsorted(np.linspace(0, 1, bins + 1)[1:-1], p.ravel())
    numbers = np.unique(places, return_counts=True)[1]
    return Reliability(
        predicted=tuple(predicted.tolist()),
        observed=tuple(observed.tolist()),
        numbers=tuple(numbers.tolist()),
        brier=float(np.mean(np.sum((p - true) ** 2, axis=1))),
        calibration_error=float(np.average(np.abs(predicted - observed), weights=numbers)),
    )


def coverage_by_grade(held, grades: Sequence[int]) -> tuple[float | None, ...]:
    """Return the share of intervals that held the truth, for each true grade 0 to 4.

    ``None`` stands for a grade that no image has.

    Examples
    --------
    >>> coverage_by_grade([True, False, True], [1, 1, 3])
    (None, 0.5, None, 1.0, None)

    """
    held, grades = np.asarray(held, float), np.asarray(grades)
    shares = (held[grades == grade] for grade in GRADES)
    return tuple(float(share.mean()) if share.size else None for share in shares)
