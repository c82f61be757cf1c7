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
    """How far a person's predicted counts can be relied on.

    Attributes
    ----------
    lows, highs : (n,) arrays of float
        The prediction interval of each count.
    probabilities : (5,) array of float
        Of the person's Potter grade being 0 to 4; sums to 1.
    distances : (n,) array of float
        Of each image from those that the cascade was calibrated on.
    in_distribution : (n,) array of bool
        Whether that distance is within the limit.

    """

    lows: np.ndarray
    highs: np.ndarray
    probabilities: np.ndarray
    distances: np.ndarray
    in_distribution: np.ndarray


@dataclass(frozen=True)
class ImageCounts(Prediction, Uncertainty, Saved):
    """What the cascade found in the six images, and how far that can be relied on."""


def count(six: SixImages, model: Path, model_sha256: str, seed: int) -> ImageCounts:
    """Enhance the six images and count the ePVS in them.

    ``model`` is the cascade bundle, ``model_sha256`` the checksum of its card, and ``seed``
    TensorFlow's.
    """
    # One thread: the last digits of a sum depend on how many share it.
    configure_tensorflow(1, seed)
    cascade = cached_bundle(model, model_sha256)
    prediction = cascade.predict(six.images)
    uncertainty = estimate(cascade.card, six.images, prediction)
    return ImageCounts(**vars(prediction), **vars(uncertainty))


def estimate(card: Card, images: np.ndarray, prediction: Prediction) -> Uncertainty:
    """Estimate the uncertainty of a person's counts.

    Intervals and probabilities are wider the less an image looks like those that the cascade was
    calibrated on.

    Parameters
    ----------
    card : Card
        Of the cascade that predicted.
    images : (n, 80, 96) array of float32, in [0, 1]
        All images of one person.
    prediction : Prediction
        Of them.

    """
    counts = prediction.counts
    distances = card.reference.distance(describe_images(images, prediction.evidence, counts))
    return Uncertainty(
        *card.calibration.interval(counts, distances),
        card.calibration.grade_probabilities(counts, distances),
        distances,
        distances <= card.reference.limit,
    )
