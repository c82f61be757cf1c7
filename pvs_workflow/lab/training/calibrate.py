"""Calibrate a trained cascade on held-out participants."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from pvs_workflow.lab.training.augment import ROI_ERRORS, augmented_image
from pvs_workflow.lab.training.conformal import (
    error_quantiles,
    fit_growth,
    fit_tails,
    shared_correlation,
)
from pvs_workflow.lab.training.reference import fit_reference, held_out_distances
from pvs_workflow.lab.training.samples import Sample
from pvs_workflow.networks.cascade import Cascade
from pvs_workflow.uncertainty.calibration import (
    Calibration,
    as_counts,
    as_difficulties,
    growth_at,
)
from pvs_workflow.uncertainty.image_statistics import describe_images
from pvs_workflow.uncertainty.in_distribution import ImageReference

CALIBRATION_VARIATIONS = (
    ROI_ERRORS,
    ROI_ERRORS,
    ROI_ERRORS,
    replace(ROI_ERRORS, noise=0.15),
    replace(ROI_ERRORS, blur=1.2),
    replace(ROI_ERRORS, shading=0.15),
)
"""Variations of each calibration image: three with registration errors only, and three with much
more noise, blur or shading than in training as well. The latter show how errors grow on images
that differ from the training images."""


PRIOR_COUNT = 500.0
"""Strength of the prior around 1, as a number of ePVS counted without bias. With few participants,
the factor stays close to 1."""


def unbiased_factor(predicted: np.ndarray, true: np.ndarray) -> float:
    """Return the factor by which counts must be multiplied to be unbiased.

    A network trained on absolute errors is biased towards the median of its training data. It
    undercounts where many ePVS lie close together. The factor minimises the squared errors in
    units of √(count + 1), with a prior around 1.

    Examples
    --------
    >>> ten, six = np.full(1000, 10.0), np.full(6, 10.0)
    >>> round(unbiased_factor(ten, 1.1 * ten), 3), round(unbiased_factor(six, 1.1 * six), 3)
    (1.094, 1.009)

    """
    weights = 1 / (np.asarray(true, float) + 1)
    cross, square = weights * predicted @ true, weights * predicted @ predicted
    return float((PRIOR_COUNT + cross) / (PRIOR_COUNT + square))


@dataclass(frozen=True)
class CalibrationResult:
    """Result of :func:`calibrate`.

    Attributes
    ----------
    calibration : Calibration
    reference : ImageReference
    predicted : (n,) array of float
        Counts of the images with registration errors.
    distances : (n,) array of float
        Distances of these images from the images of all other participants.

    """

    calibration: Calibration
    reference: ImageReference
    predicted: np.ndarray
    distances: np.ndarray


def calibrate(
    cascade: Cascade, samples: Sequence[Sample], coverage: float, rng: np.random.Generator
) -> CalibrationResult:
    """Fit intervals, grade probabilities and the reference distribution of the images.

    Parameters
    ----------
    cascade : Cascade
        The calibration and the reference on its card are ignored.
    samples : sequence of n Sample
        The six images of each calibration participant. The true count is always the number of
        ePVS in the true ROI, also for varied images.
    coverage : float, in (0, 1)
    rng : numpy.random.Generator

    """
    preprocessing, people = cascade.card.preprocessing, [sample.participant for sample in samples]
    counts, statistics = [], []
    for variation in CALIBRATION_VARIATIONS:
        images = [
            augmented_image(sample, preprocessing, variation, rng).image for sample in samples
        ]
        prediction = cascade.predict(np.stack(images))
        counts.append(prediction.counts)
        statistics.append(
            describe_images(np.stack(images), prediction.evidence, prediction.counts)
        )
    known = statistics[0], people
    # The difficulty is a distance from other participants: with one, it is undefined.
    several = len(set(people)) > 1
    distances = [
        held_out_distances(*known, part, people) if several else None for part in statistics
    ]
    calibration = fit_calibration(
        np.concatenate(counts),
        np.tile([sample.count for sample in samples], len(CALIBRATION_VARIATIONS)),
        coverage,
        # Errors of one person may differ between variations: these are different groups.
        participants=[
            (i, person) for i in range(len(CALIBRATION_VARIATIONS)) for person in people
        ],
        difficulty=np.concatenate(distances) if several else None,
    )
    return CalibrationResult(calibration, fit_reference(*known), counts[0], distances[0])


def fit_calibration(
    predicted, true, coverage: float = 0.9, *, participants=None, difficulty=None
) -> Calibration:
    """Fit intervals and probabilities to counts of images that were held out of training.

    Parameters
    ----------
    predicted, true : (n,) arrays, ≥ 0
        Counts of the calibration images.
    coverage : float, in (0, 1)
    participants : sequence of n, optional
        Group of each image; a person who was imaged or varied repeatedly forms a group each
        time. By default, errors are independent.
    difficulty : (n,) array, optional
        Quantity that is known before an image is counted and may predict larger errors, such as
        its distance from the training images. For calibration images, the held-out distance.

    Raises
    ------
    ValueError
        If the arrays are empty, differ in length or hold invalid values.

    Examples
    --------
    >>> calibration = fit_calibration(np.full(19, 3.0), np.full(19, 3))
    >>> [ends.tolist() for ends in calibration.interval([3.0, 4.5])]
    [[3.0, 4.5], [3.0, 4.5]]

    """
    predicted, true = as_counts(predicted), as_counts(true)
    if predicted.shape != true.shape or predicted.size == 0:
        raise ValueError(
            'predicted and true must be non-empty and of equal length; their shapes are '
            f'{predicted.shape} and {true.shape}'
        )
    difficulty = np.zeros(true.size) if difficulty is None else difficulty
    difficulty = as_difficulties(difficulty, true.size)
    participants = range(true.size) if participants is None else list(participants)
    if len(participants) != true.size:
        raise ValueError(
            f'expected {true.size} participants, one per count, received {len(participants)}'
        )
    excess = predicted - true
    errors = excess / np.sqrt(true + 1)
    knots, under, over = fit_growth(errors, difficulty)
    # Rescale all errors to those of easy images.
    growth = (growth_at(difficulty, knots, factors) for factors in (under, over))
    factors = np.where(excess < 0, *growth)
    levels, low, high = fit_tails(errors / factors, true, 1 - coverage)
    residuals = excess / np.sqrt(predicted + 1) / factors
    centres, quantiles = error_quantiles(-residuals, predicted)
    calibration = Calibration(
        coverage,
        levels,
        *map(_round, (low, high, centres)),
        residuals=tuple(map(_round, quantiles)),
        correlation=0.0,
        difficulty=_round(knots),
        under=_round(under),
        over=_round(over),
        n_images=true.size,
    )
    # Predicted cumulative probability of the truth, halfway through the step of its integer.
    above = calibration.below(predicted, true + 0.5, difficulty)
    below = calibration.below(predicted, true - 0.5, difficulty)
    correlation = shared_correlation((above + below) / 2, participants)
    return replace(calibration, correlation=round(correlation, 4))


def _round(values) -> tuple[float, ...]:
    return tuple(round(float(value), 6) for value in values)
