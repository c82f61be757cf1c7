"""Train a cascade: first the enhancer, then the counter on the enhanced images."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np

from pvs_workflow.errors import BundleError, PVSError
from pvs_workflow.lab.training.augment import ROI_ERRORS, TrainingImage, augmented_image
from pvs_workflow.lab.training.batches import (
    CountingBatches,
    EnhancingBatches,
    counting_targets,
    counting_task,
    enhance,
    enhancing_batch,
    stack,
)
from pvs_workflow.lab.training.calibrate import calibrate, fit_calibration, unbiased_factor
from pvs_workflow.lab.training.checkpoint import Epoch
from pvs_workflow.lab.training.config import TrainingConfig
from pvs_workflow.lab.training.counting import count_map, scale_counts
from pvs_workflow.lab.training.optimise import Task, learn_and_settle, optimise
from pvs_workflow.lab.training.reference import ACCEPT_ALL
from pvs_workflow.lab.training.samples import Sample
from pvs_workflow.lab.training.scores import Scores, score
from pvs_workflow.networks import counter as counter_network
from pvs_workflow.networks import enhancer as enhancer_network
from pvs_workflow.networks.card import Architecture, Card
from pvs_workflow.networks.cascade import Cascade
from pvs_workflow.networks.engine import configure_tensorflow, versions

MIN_PARTICIPANTS = 3
MIN_FOR_REFERENCE = 6
"""Minimum number of participants to calibrate on two of them instead of one: the in-distribution
check cannot be fitted to a single person."""


@dataclass(frozen=True)
class Split:
    """Samples of disjoint sets of participants for training, validation and calibration."""

    training: tuple[Sample, ...]
    validation: tuple[Sample, ...]
    calibration: tuple[Sample, ...]


@dataclass(frozen=True)
class Training:
    """Result of :func:`train_cascade`.

    Attributes
    ----------
    cascade : Cascade
        Trained cascade. The caller adds name, data and command to its card.
    config : TrainingConfig
        Configuration used, with the architecture and the preprocessing of the initial cascade.
    history : tuple of Epoch
    factor : float
        Factor by which the counter's counts were multiplied after training.
    scores : Scores
        Scores on the calibration participants, to whom the factor and the intervals were fitted.

    """

    cascade: Cascade
    config: TrainingConfig
    history: tuple[Epoch, ...]
    factor: float
    scores: Scores

    @property
    def epochs(self) -> dict[str, int]:
        """Number of epochs for which each network was trained."""
        networks = [epoch.network for epoch in self.history]
        return {name: networks.count(name) for name in ('enhancer', 'counter')}


def split_samples(
    samples: Sequence[Sample], config: TrainingConfig, rng: np.random.Generator
) -> Split:
    """Split the samples by participant into training, validation and calibration samples.

    If at least two of the participants have masks, both the training and the validation samples
    include masks.

    Raises
    ------
    PVSError
        If there are fewer than three participants.

    """
    people = sorted({sample.participant for sample in samples})
    if len(people) < MIN_PARTICIPANTS:
        raise PVSError(
            f'training needs at least {MIN_PARTICIPANTS} participants with masks or ratings of '
            f'their T2w images, received {len(people)}'
        )
    people = [people[i] for i in rng.permutation(len(people))]
    with_masks = {sample.participant for sample in samples if sample.has_masks}
    masked = [person for person in people if person in with_masks]
    if 1 < len(masked) < len(people):
        ends = masked[0], masked[-1]
        people = [ends[0], *(person for person in people if person not in ends), ends[1]]
    first = max(1, round(config.validation * len(people)))
    minimum = 2 if len(people) >= MIN_FOR_REFERENCE else 1
    second = first + max(minimum, round(config.calibration * len(people)))
    parts = (set(people[second:]), set(people[:first]), set(people[first:second]))
    return Split(*(tuple(s for s in samples if s.participant in part) for part in parts))


def train_cascade(
    samples: Sequence[Sample],
    config: TrainingConfig,
    seed: int,
    *,
    threads: int = 1,
    on_epoch: Callable[[Epoch], None] = lambda epoch: None,
    start: Cascade | None = None,
    new_counter: bool = False,
    checkpoints: Path | None = None,
    calibration: Sequence[Sample] = (),
) -> Training:
    """Train both networks and calibrate their counts.

    Parameters
    ----------
    samples : sequence of Sample or PlateSource
        Samples without masks train and calibrate only the counter.
    config : TrainingConfig
    seed : int
        With one thread and no time limit, the same seed gives the same weights.
    threads : int
    on_epoch : callable
        Called after every epoch of either network.
    start : Cascade, optional
        Cascade to start from, instead of random weights; changed in place. Its preprocessing is
        used. A network that training does not improve keeps its weights.
    new_counter : bool
        Train a counter from random weights on images enhanced by ``start``, whose enhancer
        remains unchanged.
    checkpoints : Path, optional
        Folder in which both networks are saved after every epoch, and from which they resume.
    calibration : sequence of Sample, optional
        Samples of additional participants to calibrate on.

    Raises
    ------
    PVSError
        If there are fewer than three participants; or, without a cascade to start from, if
        fewer than two have masks.
    BundleError
        If the initial cascade uses another unit of counts.

    """
    configure_tensorflow(threads, seed)
    rng = np.random.default_rng(seed)
    config = config.starting_from(start.card, new_counter) if start else config
    split = split_samples(samples, config, rng)
    enhancer, counter = _networks(config, start, new_counter)
    validation = [_with_roi_errors(sample.draw(rng), config, rng) for sample in split.validation]
    masked = tuple(s for s in split.training if s.has_masks)
    masked_validation = [
        image for image, s in zip(validation, split.validation, strict=True) if s.has_masks
    ]
    if not (start or (masked and masked_validation)):
        raise PVSError(
            'the enhancer needs ePVS masks of at least 2 participants, received '
            f'{len({s.participant for s in masked})}; add masks or start from a trained cascade'
        )
    history: list[Epoch] = []
    if masked and masked_validation and not new_counter:
        history += optimise(
            enhancer,
            Task(
                'mse',
                EnhancingBatches(masked, config, seed),
                enhancing_batch(masked_validation),
            ),
            config.enhancer,
            on_epoch=on_epoch,
            folder=checkpoints and checkpoints / 'enhancer',
            trained=start is not None,
        )
    enhanced = partial(enhance, enhancer, config.emphasis)
    history += learn_and_settle(
        count_map(counter),
        counting_task(
            CountingBatches(split.training, enhanced, config, seed),
            (
                enhanced(stack([image.image for image in validation])),
                counting_targets(validation, config.stride),
            ),
            config.places,
        ),
        config.counter,
        config.settling,
        on_epoch=on_epoch,
        folder=checkpoints and checkpoints / 'counter',
        trained=start is not None and not new_counter,
    )
    networks = start.card.architecture if start else architecture(config)
    if new_counter:
        networks = replace(networks, counter=architecture(config).counter)
    uncalibrated = Cascade(enhancer, counter, _blank_card(config, networks))
    cascade, factor, scores = _calibrate_cascade(uncalibrated, split, calibration, config, rng)
    return Training(cascade, config, tuple(history), factor, scores)


def _networks(config: TrainingConfig, start: Cascade | None, new_counter: bool):
    if start is not None and new_counter:
        return start.enhancer, counter_network.build_counter(strides=config.strides)
    if start is not None:
        if start.card.count_scale != counter_network.COUNT_SCALE:
            raise BundleError(
                f'cannot train the cascade {start.card.label}: its counts are in units of '
                f'{start.card.count_scale:g}, not {counter_network.COUNT_SCALE:g}; start from '
                'another cascade'
            )
        return start.enhancer, start.counter
    enhancer = enhancer_network.build_enhancer(config.width, adds_to_image=config.adds_to_image)
    return enhancer, counter_network.build_counter(strides=config.strides)


def _blank_card(config: TrainingConfig, networks: Architecture) -> Card:
    return Card(
        name='untitled',
        version='0',
        architecture=networks,
        preprocessing=config.preprocessing,
        emphasis=config.emphasis,
        training={},
        metrics={},
        calibration=fit_calibration([0.0], [0.0], config.coverage),
        reference=ACCEPT_ALL,
        versions=versions(),
    )


def _calibrate_cascade(
    cascade: Cascade, split: Split, others: Sequence[Sample], config: TrainingConfig, rng
) -> tuple[Cascade, float, Scores]:
    """Remove the bias of the counts and fit the intervals on the held-out participants.

    The six images of each participant are used; if none of them was rated, all rated images. The
    images have simulated ROI errors, the true counts do not: see :func:`calibrate`.
    """
    sources = [s for s in split.calibration if s.chosen] or split.calibration
    samples = [*(sample.draw(rng) for sample in sources), *others]
    true = np.array([sample.count for sample in samples], float)
    images = np.stack([_with_roi_errors(sample, config, rng).image for sample in samples])
    factor = unbiased_factor(cascade.predict(images).counts, true)
    scale_counts(cascade.counter, factor)
    result = calibrate(cascade, samples, config.coverage, rng)
    people = [sample.participant for sample in samples]
    scores = score(result.predicted, true, people, result.calibration, result.distances)
    card = replace(cascade.card, calibration=result.calibration, reference=result.reference)
    return replace(cascade, card=card), factor, scores


def architecture(config: TrainingConfig) -> Architecture:
    """Return the architecture of the networks of a configuration."""
    return Architecture(
        enhancer=enhancer_network.EnhancerArchitecture(
            config.width, adds_to_image=config.adds_to_image
        ),
        counter=counter_network.CounterArchitecture(strides=config.strides),
    )


def _with_roi_errors(
    sample: Sample, config: TrainingConfig, rng: np.random.Generator
) -> TrainingImage:
    return augmented_image(sample, config.preprocessing, ROI_ERRORS, rng)
