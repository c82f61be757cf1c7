"""Scores of predicted counts, intervals and grade probabilities against the truth."""

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np

from pvs_workflow.science.grading import GRADES, person_grade, potter_grade
from pvs_workflow.uncertainty.calibration import Calibration

DECIMALS = 4


@dataclass(frozen=True)
class Reliability:
    """Predicted probabilities and observed frequencies, in bins that are not empty.

    Attributes
    ----------
    predicted, observed : tuple of float
        Mean predicted probability and observed frequency of each bin; equal if calibrated.
    numbers : tuple of int
        Number of probabilities in each bin (five for each participant).
    brier : float
        Mean over participants of the sum over grades of (probability − truth)², 0 to 2
        (Brier 1950, Mon Weather Rev 78:1).
    calibration_error : float
        Mean absolute difference between predicted and observed over all grades, weighted by the
        numbers, 0 to 1 (Naeini et al. 2015, Proc AAAI Conf Artif Intell 29:2901).

    """

    predicted: tuple[float, ...]
    observed: tuple[float, ...]
    numbers: tuple[int, ...]
    brier: float
    calibration_error: float


def reliability(probabilities, grades: Sequence[int], bins: int = 10) -> Reliability:
    """Compare predicted grade probabilities with the true grades.

    Parameters
    ----------
    probabilities : (n, 5) array, in [0, 1]
        Probabilities of the grades 0 to 4 of each participant; rows sum to 1.
    grades : sequence of n int, at least one
        True grades.
    bins : int
        Number of bins of equal width, as in :func:`sklearn.calibration.calibration_curve`.

    Examples
    --------
    >>> half = [0.0, 0.5, 0.5, 0.0, 0.0]
    >>> result = reliability([half, half], [1, 2])
    >>> result.predicted, result.observed, result.brier, result.calibration_error
    ((0.0, 0.5), (0.0, 0.5), 0.5, 0.0)

    """
    from sklearn.calibration import calibration_curve

    # Rounding errors may exceed the range.
    p = np.clip(np.asarray(probabilities, float), 0, 1)
    true = np.asarray(grades)[:, np.newaxis] == np.array(GRADES)
    observed, predicted = calibration_curve(true.ravel(), p.ravel(), n_bins=bins)
    indices = np.searchsorted(np.linspace(0, 1, bins + 1)[1:-1], p.ravel())
    numbers = np.unique(indices, return_counts=True)[1]
    return Reliability(
        predicted=tuple(predicted.tolist()),
        observed=tuple(observed.tolist()),
        numbers=tuple(numbers.tolist()),
        brier=float(np.mean(np.sum((p - true) ** 2, axis=1))),
        calibration_error=float(np.average(np.abs(predicted - observed), weights=numbers)),
    )


@dataclass(frozen=True)
class Scores:
    """Agreement of predicted with true counts.

    Attributes
    ----------
    n_participants, n_images : int
    mae, bias : float
        Mean absolute and mean signed error of the image counts.
    correlation : float
        Pearson correlation over images.
    image_accuracy, participant_accuracy : float
        Share with the correct Potter grade; a participant's grade is the highest of the images.
    interval_coverage : float
        Share of images whose interval contains the true count.
    mean_interval_width : float
    coverage_by_grade : tuple of 5 (float or None)
        Interval coverage among the images of each true grade.
    reliability : Reliability
        Reliability of the probabilities of the participants' grades.

    """

    n_participants: int
    n_images: int
    mae: float
    bias: float
    correlation: float
    image_accuracy: float
    participant_accuracy: float
    interval_coverage: float
    mean_interval_width: float
    coverage_by_grade: tuple[float | None, ...]
    reliability: Reliability

    def to_card(self) -> dict:
        """Return plain, rounded values for a card."""
        return plain(asdict(self))


def score(
    predicted: np.ndarray,
    true: np.ndarray,
    participants: Sequence[str],
    calibration: Calibration,
    difficulty: np.ndarray | None = None,
) -> Scores:
    """Compare (n,) predicted counts ≥ 0 of participants' images with the true counts.

    ``difficulty`` is each image's distance from the calibration images.
    """
    predicted, true = np.asarray(predicted, float), np.asarray(true, float)
    names = np.asarray(participants)
    people = [np.flatnonzero(names == name) for name in dict.fromkeys(participants)]
    grades = [person_grade(true[person]) for person in people]
    probabilities = [
        calibration.grade_probabilities(
            predicted[person], None if difficulty is None else difficulty[person]
        )
        for person in people
    ]
    low, high = calibration.interval(predicted, difficulty)
    covered = (low <= true) & (true <= high)
    varies = predicted.size > 1 and np.ptp(predicted) > 0 and np.ptp(true) > 0
    return Scores(
        n_participants=len(people),
        n_images=predicted.size,
        mae=float(np.mean(np.abs(predicted - true))),
        bias=float(np.mean(predicted - true)),
        correlation=float(np.corrcoef(predicted, true)[0, 1]) if varies else 0.0,
        image_accuracy=float(np.mean(potter_grade(predicted) == potter_grade(true))),
        participant_accuracy=float(
            np.mean([person_grade(predicted[i]) for i in people] == np.array(grades))
        ),
        interval_coverage=float(np.mean(covered)),
        mean_interval_width=float(np.mean(high - low)),
        coverage_by_grade=mean_by_grade(covered, potter_grade(true)),
        reliability=reliability(probabilities, grades),
    )


def mean_by_grade(values, grades: Sequence[int]) -> tuple[float | None, ...]:
    """Return the mean value at each true grade, 0 to 4; ``None`` for grades without images.

    Examples
    --------
    >>> mean_by_grade([True, False, True], [1, 1, 3])
    (None, 0.5, None, 1.0, None)

    """
    values, grades = np.asarray(values, float), np.asarray(grades)
    parts = (values[grades == grade] for grade in GRADES)
    return tuple(float(part.mean()) if part.size else None for part in parts)


def plain(value):
    """Return plain, rounded values for a JSON file; NaN and infinity become None.

    Examples
    --------
    >>> plain({'a': [0.123456, float('nan')], 'b': 3})
    {'a': [0.1235, None], 'b': 3}

    """
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, float):
        return round(value, DECIMALS) if math.isfinite(value) else None
    return value
