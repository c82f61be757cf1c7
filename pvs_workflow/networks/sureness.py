"""How sure a cascade can be of what it predicted: the one function that the app asks."""

from dataclasses import dataclass

import numpy as np

from pvs_workflow.networks.card import Card
from pvs_workflow.networks.cascade import Prediction
from pvs_workflow.uncertainty.image_statistics import describe_images


@dataclass(frozen=True)
class Sureness:
    """What is known of a person's predicted counts.

    Attributes
    ----------
    lows, highs : (n,) arrays of float
        The prediction interval of each count.
    probabilities : (5,) array of float
        Of the person's Potter grade being 0 to 4; sums to 1.
    distances : (n,) array of float
        Of each image from those that the cascade knows.
    familiar : (n,) array of bool
        Whether that is near enough.

    """

    lows: np.ndarray
    highs: np.ndarray
    probabilities: np.ndarray
    distances: np.ndarray
    familiar: np.ndarray


def assess(card: Card, images: np.ndarray, found: Prediction) -> Sureness:
    """Give a person's counts their uncertainty.

    Parameters
    ----------
    card : Card
        Of the cascade that predicted.
    images : (n, 80, 96) array of float32, in [0, 1]
        All images of one person.
    found : Prediction
        Of them.

    Returns
    -------
    Sureness
        Intervals and probabilities are wider the less an image looks like the known ones.

    """
    away = card.reference.distance(describe_images(images, found.evidence, found.counts))
    lows, highs = card.calibration.interval(found.counts, away)
    probabilities = card.calibration.grade_probabilities(found.counts, away)
    return Sureness(lows, highs, probabilities, away, away <= card.reference.limit)
