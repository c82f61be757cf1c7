"""Calibration of a trained cascade on people that it was not trained on."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from pvs_workflow.lab.training.augment import ROI_ERRORS, augmented_image
from pvs_workflow.lab.training.conformal import (
    error_quantiles,
    fit_ends,
    fit_growth,
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

STRAINS = (
    ROI_ERRORS,
    ROI_ERRORS,
    ROI_ERRORS,
    replace(ROI_ERRORS, noise=0.15),
    replace(ROI_ERRORS, blur=1.2),
    replace(ROI_ERRORS, shading=0.15),
)
"""How each calibration image is varied: three times as registration would, and three times with
much more noise, blur or shading than in training as well. From these the calibration learns
how errors grow on images that are less like the known ones."""


BELIEF = 500.0
"""ePVS that a new counter is taken to have counted without bias: few people change it little."""


def unbiased_factor(predicted: np.ndarray, true: np.ndarray) -> float:
    """Return what counts must be multiplied by to be neither too low nor too high.

    A network that learns by absolute errors leans to the middle of what it has seen, and finds
    less than there is where many lie close together. Least squares of the errors in units of
    √(count + 1), with a prior around 1.

    Examples
    --------
    >>> ten, six = np.full(1000, 10.0), np.full(6, 10.0)
    >>> round(unbiased_factor(ten, 1.1 * ten), 3), round(unbiased_factor(six, 1.1 * six), 3)
    (1.094, 1.009)

    """
    weights = 1 / (np.asarray(true, float) + 1)
    wanted, found = weights * predicted @ true, weights * predicted @ predicted
    return float((BELIEF + wanted) / (BELIEF + found))


@dataclass(frozen=True)
class Calibrated:
    """What :func:`calibrate` finds.

    Attributes
    ----------
    calibration : Calibration
    reference : ImageReference
    predicted : (n,) array of float
        Counts of the images as registration would give them.
    distances : (n,) array of float
        Of these images from those of all other people.

    """

    calibration: Calibration
    reference: ImageReference
    predicted: np.ndarray
    distances: np.ndarray


def calibrate(
    cascade: Cascade, samples: Sequence[Sample], coverage: float, rng: np.random.Generator
) -> Calibrated:
    """Fit intervals, grade probabilities and the reference of familiar images.

    Parameters
    ----------
    cascade : Cascade
        Its card's calibration and reference are not used.
    samples : sequence of n Sample
        The six images of each calibration participant. Their truth is the number of ePVS in the
        true ROI, whatever is done to the images.
    coverage : float, in (0, 1)
    rng : numpy.random.Generator

    """
    how, people = cascade.card.preprocessing, [sample.participant for sample in samples]
    counts, described = [], []
    for strain in STRAINS:
        images = [augmented_image(sample, how, strain, rng).image for sample in samples]
        found = cascade.predict(np.stack(images))
        counts.append(found.counts)
        described.append(describe_images(np.stack(images), found.evidence, found.counts))
    known = described[0], people
    # One person has no others to be compared with: nothing then is known of difficulty.
    several = len(set(people)) > 1
    away = [held_out_distances(*known, part, people) if several else None for part in described]
    calibration = fit_calibration(
        np.concatenate(counts),
        np.tile([sample.count for sample in samples], len(STRAINS)),
        coverage,
        # The same person in another variation may err in another way: not the same company.
        participants=[(i, person) for i in range(len(STRAINS)) for person in people],
        difficulty=np.concatenate(away) if several else None,
    )
    return Calibrated(calibration, fit_reference(*known), counts[0], away[0])


def fit_calibration(
    predicted, true, coverage: float = 0.9, *, participants=None, difficulty=None
) -> Calibration:
    """Fit intervals and probabilities on images that were held out of training.

    Parameters
    ----------
    predicted, true : (n,) arrays, ≥ 0
        Counts of the calibration images.
    coverage : float, in (0, 1)
    participants : sequence of n, optional
        Whose image each is; where the same person was imaged or varied repeatedly, each time
        has its own. Without it, errors are taken as independent.
    difficulty : (n,) array, optional
        What is known of an image before it is counted and may go with larger errors, such as
        its distance from familiar images; of calibration images, measured as if they were new.

    Raises
    ------
    ValueError
        If the arrays are empty, differ in length or hold unusable values.

    Examples
    --------
    >>> calibration = fit_calibration(np.full(19, 3.0), np.full(19, 3))
    >>> [ends.tolist() for ends in calibration.interval([3.0, 4.5])]
    [[3.0, 4.5], [3.0, 4.5]]

    """
    predicted, true = as_counts(predicted), as_counts(true)
    if predicted.shape != true.shape or predicted.size == 0:
        raise ValueError(
            'predicted and true must be two lists of one length ≥ 1, received shapes '
            f'{predicted.shape} and {true.shape}'
        )
    difficulty = np.zeros(true.size) if difficulty is None else difficulty
    difficulty = as_difficulties(difficulty, true.size)
    participants = range(true.size) if participants is None else list(participants)
    if len(participants) != true.size:
        raise ValueError(
            f'participants must be {true.size}, one per count, received {len(participants)}'
        )
    excess = predicted - true
    errors = excess / np.sqrt(true + 1)
    knots, under, over = fit_growth(errors, difficulty)
    # Errors are taken as if all images were easy ones.
    growth = (growth_at(difficulty, knots, factors) for factors in (under, over))
    factors = np.where(excess < 0, *growth)
    levels, low, high = fit_ends(errors / factors, true, 1 - coverage)
    residuals = excess / np.sqrt(predicted + 1) / factors
    centres, quantiles = error_quantiles(-residuals, predicted)
    calibration = Calibration(
        coverage,
        levels,
        *map(_rounded, (low, high, centres)),
        residuals=tuple(map(_rounded, quantiles)),
        correlation=0.0,
        difficulty=_rounded(knots),
        under=_rounded(under),
        over=_rounded(over),
        n_images=true.size,
    )
    # The truth's place in its predicted distribution, in the middle of a whole number's step.
    above = calibration.below(predicted, true + 0.5, difficulty)
    below = calibration.below(predicted, true - 0.5, difficulty)
    correlation = shared_correlation((above + below) / 2, participants)
    return replace(calibration, correlation=round(correlation, 4))


def _rounded(values) -> tuple[float, ...]:
    return tuple(round(float(value), 6) for value in values)
