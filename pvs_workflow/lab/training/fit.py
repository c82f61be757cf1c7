"""Training a cascade: enhancer first, then the counter on what the enhancer gives."""

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
    counting_task,
    enhance,
    enhancing_batch,
    places,
    stack,
)
from pvs_workflow.lab.training.calibrate import calibrate, fit_calibration, unbiased_factor
from pvs_workflow.lab.training.checkpoint import Epoch
from pvs_workflow.lab.training.config import TrainingConfig
from pvs_workflow.lab.training.counting import count_map, scale_counts
from pvs_workflow.lab.training.optimise import Task, learn_and_settle, optimise
from pvs_workflow.lab.training.reference import EVERYTHING
from pvs_workflow.lab.training.samples import Sample
from pvs_workflow.lab.training.scores import Scores, score
from pvs_workflow.networks import counter as counter_network
from pvs_workflow.networks import enhancer as enhancer_network
from pvs_workflow.networks.card import Architecture, Card
from pvs_workflow.networks.cascade import Cascade
from pvs_workflow.networks.engine import configure_tensorflow, versions

MIN_PARTICIPANTS = 3
ENOUGH_TO_SPARE = 6
"""Participants from which two, not one, give the intervals: of one alone it cannot be known
which images are unfamiliar."""


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
    config : TrainingConfig
        As used: with the networks and the preprocessing of the cascade started from.
    history : tuple of Epoch
    factor : float
        By which the counter's counts were multiplied after learning.
    scores : Scores
        On the calibration participants (who also gave the factor and the intervals).

    """

    cascade: Cascade
    config: TrainingConfig
    history: tuple[Epoch, ...]
    factor: float
    scores: Scores

    @property
    def epochs(self) -> dict[str, int]:
        """How many epochs each network was trained."""
        networks = [epoch.network for epoch in self.history]
        return {name: networks.count(name) for name in ('enhancer', 'counter')}


def split_samples(
    samples: Sequence[Sample], config: TrainingConfig, rng: np.random.Generator
) -> Split:
    """Share the participants out, so that nobody is in two parts.

    Where some have masks and others only counts, there are masks to learn from and to choose the
    best epoch by, if two have any.

    Raises
    ------
    PVSError
        If there are fewer than three participants.

    """
    people = sorted({sample.participant for sample in samples})
    if len(people) < MIN_PARTICIPANTS:
        raise PVSError(
            f'training needs T2w images with masks or ratings, expected at least '
            f'{MIN_PARTICIPANTS} participants with them, received {len(people)}'
        )
    people = [people[i] for i in rng.permutation(len(people))]
    having = {sample.participant for sample in samples if sample.has_masks}
    drawn = [person for person in people if person in having]
    if 1 < len(drawn) < len(people):
        ends = drawn[0], drawn[-1]
        people = [ends[0], *(person for person in people if person not in ends), ends[1]]
    first = max(1, round(config.validation * len(people)))
    least = 2 if len(people) >= ENOUGH_TO_SPARE else 1
    second = first + max(least, round(config.calibration * len(people)))
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
        Those that have no masks train and calibrate the counter alone.
    config : TrainingConfig
    seed : int
        With one thread and no time limit, the same seed gives the same weights.
    threads : int
    on_epoch : callable
        Called after every epoch of either network.
    start : Cascade, optional
        Whose weights the training starts from, instead of random ones; changed in place. Its
        preprocessing is kept, and its weights where learning does not improve them.
    new_counter : bool
        Whether a counter is trained from random weights on what the enhancer of ``start`` gives,
        which stays as it is.
    checkpoints : Path, optional
        A folder: both networks are saved there after every epoch, and resume from there.
    calibration : sequence of Sample, optional
        Of other people, to calibrate on with those that are kept from learning.

    Raises
    ------
    PVSError
        If there are fewer than three participants, or fewer than two with masks and no trained
        enhancer to start from.
    BundleError
        If the cascade to start from counts in another unit.

    """
    configure_tensorflow(threads, seed)
    rng = np.random.default_rng(seed)
    config = config.starting_from(start.card, new_counter) if start else config
    split = split_samples(samples, config, rng)
    enhancer, counter = _networks(config, start, new_counter)
    held = [_errors(sample.draw(rng), config, rng) for sample in split.validation]
    drawn = tuple(s for s in split.training if s.has_masks)
    shown = [image for image, s in zip(held, split.validation, strict=True) if s.has_masks]
    if not (start or (drawn and shown)):
        raise PVSError(
            'the enhancer cannot be trained, expected ePVS masks of at least 2 participants or a '
            f'cascade to start from, received masks of {len({s.participant for s in drawn})}'
        )
    history: list[Epoch] = []
    if drawn and shown and not new_counter:
        history += optimise(
            enhancer,
            Task('mse', EnhancingBatches(drawn, config, seed), enhancing_batch(shown)),
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
            (enhanced(stack([image.image for image in held])), places(held, config.stride)),
            config.places,
        ),
        config.counter,
        config.settling,
        on_epoch=on_epoch,
        folder=checkpoints and checkpoints / 'counter',
        trained=start is not None and not new_counter,
    )
    described = start.card.architecture if start else architecture(config)
    if new_counter:
        described = replace(described, counter=architecture(config).counter)
    blank = Cascade(enhancer, counter, _blank_card(config, described))
    cascade, factor, scores = _calibrated(blank, split, calibration, config, rng)
    return Training(cascade, config, tuple(history), factor, scores)


def _networks(config: TrainingConfig, start: Cascade | None, new_counter: bool):
    if start is not None and new_counter:
        return start.enhancer, counter_network.build_counter(strides=config.strides)
    if start is not None:
        if start.card.count_scale != counter_network.COUNT_SCALE:
            raise BundleError(
                f'the cascade {start.card.label} cannot be trained on, expected a counter in '
                f'units of {counter_network.COUNT_SCALE:g}, received {start.card.count_scale:g}'
            )
        return start.enhancer, start.counter
    enhancer = enhancer_network.build_enhancer(config.width, adds_to_image=config.adds_to_image)
    return enhancer, counter_network.build_counter(strides=config.strides)


def _blank_card(config: TrainingConfig, described: Architecture) -> Card:
    return Card(
        name='untitled',
        version='0',
        architecture=described,
        preprocessing=config.preprocessing,
        emphasis=config.emphasis,
        training={},
        metrics={},
        calibration=fit_calibration([0.0], [0.0], config.coverage),
        reference=EVERYTHING,
        versions=versions(),
    )


def _calibrated(
    cascade: Cascade, split: Split, others: Sequence[Sample], config: TrainingConfig, rng
) -> tuple[Cascade, float, Scores]:
    """Level the counts, and fit the intervals, on the six images of each held-out participant.

    Where none of these was rated, on those that were. The images have registration's errors, the
    truth has not: see :func:`calibrate`.
    """
    held = [s for s in split.calibration if s.chosen] or split.calibration
    chosen = [*(sample.draw(rng) for sample in held), *others]
    true = np.array([sample.count for sample in chosen], float)
    erring = np.stack([_errors(sample, config, rng).image for sample in chosen])
    factor = unbiased_factor(cascade.predict(erring).counts, true)
    scale_counts(cascade.counter, factor)
    found = calibrate(cascade, chosen, config.coverage, rng)
    people = [sample.participant for sample in chosen]
    scores = score(found.predicted, true, people, found.calibration, found.distances)
    card = replace(cascade.card, calibration=found.calibration, reference=found.reference)
    return replace(cascade, card=card), factor, scores


def architecture(config: TrainingConfig) -> Architecture:
    """Return the architecture of the networks that a training makes."""
    return Architecture(
        enhancer=enhancer_network.EnhancerArchitecture(
            config.width, adds_to_image=config.adds_to_image
        ),
        counter=counter_network.CounterArchitecture(strides=config.strides),
    )


def _errors(sample: Sample, config: TrainingConfig, rng: np.random.Generator) -> TrainingImage:
    return augmented_image(sample, config.preprocessing, ROI_ERRORS, rng)
