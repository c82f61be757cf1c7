"""How well a cascade counts on images whose truth is known."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

import numpy as np

from pvs_workflow.networks.calibration import Calibration
from pvs_workflow.networks.cascade import Cascade
from pvs_workflow.science.grading import person_grade, potter_grade
from pvs_workflow.training.augment import (
    ROI_ERRORS,
    TrainingImage,
    augmented_image,
    plain_image,
)
from pvs_workflow.training.samples import Sample


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

    def to_card(self) -> dict:
        """Return plain, rounded values for a card."""
        return {
            name: round(value, 4) if isinstance(value, float) else value
            for name, value in asdict(self).items()
        }


def predict_counts(cascade: Cascade, images: Sequence[TrainingImage]) -> np.ndarray:
    """Return the cascade's count of each image, as the app would."""
    return cascade.predict(np.stack([image.image for image in images])).counts


def score(
    predicted: np.ndarray,
    true: np.ndarray,
    participants: Sequence[str],
    calibration: Calibration,
) -> Scores:
    """Compare counts of images with the truth.

    Parameters
    ----------
    predicted, true : (n,) arrays, ≥ 0
    participants : sequence of n str
        Whose image each is.
    calibration : Calibration

    Returns
    -------
    Scores

    """
    predicted, true = np.asarray(predicted, float), np.asarray(true, float)
    persons: Mapping[str, list[int]] = defaultdict(list)
    for index, participant in enumerate(participants):
        persons[participant].append(index)
    right = [person_grade(predicted[i]) == person_grade(true[i]) for i in persons.values()]
    low, high = calibration.interval(predicted)
    varies = predicted.size > 1 and np.ptp(predicted) > 0 and np.ptp(true) > 0
    return Scores(
        n_participants=len(persons),
        n_images=predicted.size,
        mae=float(np.mean(np.abs(predicted - true))),
        bias=float(np.mean(predicted - true)),
        correlation=float(np.corrcoef(predicted, true)[0, 1]) if varies else 0.0,
        image_accuracy=float(np.mean(potter_grade(predicted) == potter_grade(true))),
        participant_accuracy=float(np.mean(right)),
        interval_coverage=float(np.mean((low <= true) & (true <= high))),
        mean_interval_width=float(np.mean(high - low)),
    )


def evaluate(cascade: Cascade, samples: Sequence[Sample], seed: int) -> dict[str, Scores]:
    """Score a cascade on images it was not trained on.

    Parameters
    ----------
    cascade : Cascade
    samples : sequence of Sample
        The six images of each participant.
    seed : int
        Of the ROI errors.

    Returns
    -------
    dict of Scores
        ``true_roi``, and ``roi_errors`` with random errors of the ROI like registration's. The
        truth is the number of ePVS in the true ROI for both.

    """
    rng = np.random.default_rng(seed)
    how = cascade.card.preprocessing
    true = np.array([sample.count for sample in samples])
    people = [sample.participant for sample in samples]
    images = {
        'true_roi': [plain_image(sample, how) for sample in samples],
        'roi_errors': [augmented_image(sample, how, ROI_ERRORS, rng) for sample in samples],
    }
    return {
        name: score(predict_counts(cascade, part), true, people, cascade.card.calibration)
        for name, part in images.items()
    }
