"""Scores of predicted counts, intervals and grade probabilities whose truth is known."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np

from pvs_workflow.lab.training.reliability import Reliability, coverage_by_grade, reliability
from pvs_workflow.science.grading import person_grade, potter_grade
from pvs_workflow.uncertainty.calibration import Calibration


@dataclass(frozen=True)
class Scores:
    """Agreement of predicted with true counts.

    Attributes
    ----------
    n_participants, n_images : int
    mae, bias : float
        Mean absolute and mean signed error of an image's count.
    correlation : float
        Pearson's, over images.
    image_accuracy, participant_accuracy : float
        Share with the right Potter grade; a participant's is the highest of the images'.
    interval_coverage : float
        Share of images whose interval holds the truth.
    mean_interval_width : float
    coverage_by_grade : tuple of 5 (float or None)
        Share of intervals that hold the truth, of the images of each true grade.
    reliability : Reliability
        Of the probabilities of the participants' grades.

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
        return _rounded(asdict(self))


def score(
    predicted: np.ndarray,
    true: np.ndarray,
    participants: Sequence[str],
    calibration: Calibration,
    difficulty: np.ndarray | None = None,
) -> Scores:
    """Compare counts of images with the truth.

    Parameters
    ----------
    predicted, true : (n,) arrays, ≥ 0
    participants : sequence of n str
        Whose image each is.
    calibration : Calibration
    difficulty : (n,) array, optional
        Of each image: its distance from the familiar ones.

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
    held = (low <= true) & (true <= high)
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
        interval_coverage=float(np.mean(held)),
        mean_interval_width=float(np.mean(high - low)),
        coverage_by_grade=coverage_by_grade(held, potter_grade(true)),
        reliability=reliability(probabilities, grades),
    )


def _rounded(value):
    if isinstance(value, dict):
        return {name: _rounded(part) for name, part in value.items()}
    if isinstance(value, tuple):
        return [_rounded(part) for part in value]
    return round(value, 4) if isinstance(value, float) else value
