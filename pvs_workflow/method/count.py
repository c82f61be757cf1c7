"""Step 6: enhance the six images, count, and estimate the uncertainty of the counts."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from pvs_workflow.method.cut import SixImages
from pvs_workflow.method.saved import Saved
from pvs_workflow.networks.bundle import cached_bundle
from pvs_workflow.networks.card import Card
from pvs_workflow.networks.cascade import Prediction
from pvs_workflow.networks.engine import configure_tensorflow
from pvs_workflow.uncertainty.image_statistics import describe_images


@dataclass(frozen=True)
class Uncertainty:
    """Uncertainty of a person's predicted counts.

    Attributes
    ----------
    lows, highs : (n,) arrays of float, ≥ 0
        90 % prediction interval of each count.
    probabilities : (5,) array of float
        Probabilities of the person's Potter grades 0 to 4; they sum to 1.
    distances : (n,) array of float, ≥ 0
        Mahalanobis distance of each image from the calibration images.
    in_distribution : (n,) array of bool
        Whether each distance is within the limit.

    """

    lows: np.ndarray
    highs: np.ndarray
    probabilities: np.ndarray
    distances: np.ndarray
    in_distribution: np.ndarray


@dataclass(frozen=True)
class ImageCounts(Prediction, Uncertainty, Saved):
    """Predictions of the cascade for the six images, with their uncertainty."""


def count(six: SixImages, model: Path, model_sha256: str, seed: int) -> ImageCounts:
    """Enhance the six images and count the ePVS in them.

    Parameters
    ----------
    six : SixImages
    model : Path
        Cascade bundle.
    model_sha256 : str
        Checksum of its card.
    seed : int
        Random seed of TensorFlow.

    Returns
    -------
    ImageCounts

    Raises
    ------
    BundleError
        If the model cannot be used or predicts values that are not finite.

    """
    # The last digits of a sum depend on the number of threads.
    configure_tensorflow(1, seed)
    cascade = cached_bundle(model, model_sha256)
    prediction = cascade.predict(six.images)
    uncertainty = estimate(cascade.card, six.images, prediction)
    return ImageCounts(**vars(prediction), **vars(uncertainty))


def estimate(card: Card, images: np.ndarray, prediction: Prediction) -> Uncertainty:
    """Estimate the uncertainty of a person's counts.

    Intervals and probabilities widen with the distance of an image from the calibration images.

    Parameters
    ----------
    card : Card
        Card of the cascade that made the prediction.
    images : (n, 80, 96) array of float32, in [0, 1]
        All images of one person.
    prediction : Prediction
        Prediction for these images.

    Returns
    -------
    Uncertainty

    """
    counts = prediction.counts
    distances = card.reference.distance(describe_images(images, prediction.evidence, counts))
    return Uncertainty(
        *card.calibration.interval(counts, distances),
        card.calibration.grade_probabilities(counts, distances),
        distances,
        distances <= card.reference.limit,
    )
