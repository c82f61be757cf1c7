"""Training a cascade: enhancer first, then the counter on what the enhancer gives."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from pvs_workflow.errors import PVSError
from pvs_workflow.networks import counter as counter_network
from pvs_workflow.networks import enhancer as enhancer_network
from pvs_workflow.networks.calibration import fit_calibration
from pvs_workflow.networks.card import Card
from pvs_workflow.networks.cascade import Cascade
from pvs_workflow.networks.engine import configure_tensorflow, versions
from pvs_workflow.networks.optimise import Epoch, optimise
from pvs_workflow.science.slices import IMAGE_SHAPE
from pvs_workflow.training.augment import ROI_ERRORS, TrainingImage, augmented_image
from pvs_workflow.training.batches import (
    CountingBatches,
    EnhancingBatches,
    enhance,
    scaled_counts,
    stack,
)
from pvs_workflow.training.config import TrainingConfig
from pvs_workflow.training.evaluate import Scores, predict_counts, score
from pvs_workflow.training.samples import Sample

MIN_PARTICIPANTS = 3


@dataclass(frozen=True)
class Split:
    """Samples of different people, for different uses."""

    training: tuple[Sample, ...]
    validation: tuple[Sample, ...]
    calibration: tuple[Sample, ...]


@dataclass(frozen=True)
class Training:
    """What :func:`train_cascade` gives.

    Attributes
    ----------
    cascade : Cascade
        Its card has no data, command or version yet: see ``card``.
    history : tuple of Epoch
    scores : Scores
        On the calibration participants (who also gave the intervals).

    """

    cascade: Cascade
    history: tuple[Epoch, ...]
    scores: Scores


def split_samples(
    samples: Sequence[Sample], config: TrainingConfig, rng: np.random.Generator
) -> Split:
    """Share the participants out, so that nobody is in two parts.

    Raises
    ------
    PVSError
        If there are fewer than three participants.

    """
    people = sorted({sample.participant for sample in samples})
    if len(people) < MIN_PARTICIPANTS:
        raise PVSError(
            f'training needs at least {MIN_PARTICIPANTS} participants with a T2w and its truth, '
            f'received {len(people)}'
        )
    people = [people[i] for i in rng.permutation(len(people))]
    first = max(1, round(config.validation * len(people)))
    second = first + max(1, round(config.calibration * len(people)))
    parts = (set(people[second:]), set(people[:first]), set(people[first:second]))
    return Split(*(tuple(s for s in samples if s.participant in part) for part in parts))


def train_cascade(
    samples: Sequence[Sample],
    config: TrainingConfig,
    seed: int,
    threads: int = 1,
    on_epoch: Callable[[Epoch], None] = lambda epoch: None,
) -> Training:
    """Train both networks and calibrate their counts.

    Parameters
    ----------
    samples : sequence of Sample
    config : TrainingConfig
    seed : int
        With one thread and no time limit, the same seed gives the same weights.
    threads : int
    on_epoch : callable
        Called after every epoch of either network.

    Returns
    -------
    Training

    """
    configure_tensorflow(threads, seed)
    rng = np.random.default_rng(seed)
    split = split_samples(samples, config, rng)
    enhancer = enhancer_network.build_enhancer(config.width)
    counter = counter_network.build_counter()
    held = [_errors(sample, config, rng) for sample in split.validation]
    enhancing = EnhancingBatches(split.training, config, rng)
    history = optimise(
        enhancer,
        'mse',
        config.enhancer,
        enhancing,
        len(enhancing),
        (stack([h.image for h in held]), stack([h.target for h in held])),
        on_epoch,
    )

    counting = CountingBatches(split.training, enhancer, config, rng)
    history += optimise(
        counter,
        'mae',
        config.counter,
        counting,
        len(counting),
        (enhance(enhancer, stack([h.image for h in held])), scaled_counts(held)),
        on_epoch,
    )
    return _calibrated(enhancer, counter, split, config, rng, history)


def _calibrated(enhancer, counter, split, config, rng, history) -> Training:
    """Fit the intervals on the six images per held-out participant that inference would use.

    The images have registration's errors, the truth has not.
    """
    chosen = [sample for sample in split.calibration if sample.chosen]
    images = [_errors(sample, config, rng) for sample in chosen]
    true = np.array([sample.count for sample in chosen], float)
    flat = fit_calibration([0.0], [0.0], config.coverage)
    card = Card(
        name='untitled',
        version='0',
        architecture=architecture(config),
        preprocessing=config.preprocessing,
        training={},
        metrics={},
        calibration=flat,
        versions=versions(),
    )
    predicted = predict_counts(Cascade(enhancer, counter, card), images)
    calibration = fit_calibration(predicted, true, config.coverage)
    scores = score(predicted, true, [sample.participant for sample in chosen], calibration)
    cascade = Cascade(enhancer, counter, replace(card, calibration=calibration))
    return Training(cascade, tuple(history), scores)


def architecture(config: TrainingConfig) -> dict:
    """Return what a card says of the networks."""
    return {
        'image_shape': list(IMAGE_SHAPE),
        'count_scale': counter_network.COUNT_SCALE,
        'enhancer': enhancer_network.ARCHITECTURE | {'width': config.width},
        'counter': dict(counter_network.ARCHITECTURE),
    }


def _errors(sample: Sample, config: TrainingConfig, rng: np.random.Generator) -> TrainingImage:
    return augmented_image(sample, config.preprocessing, ROI_ERRORS, rng)
