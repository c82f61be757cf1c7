"""One fold of a cross-validation: an enhancer, and a counter after each enhancement."""

import logging
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import numpy as np

from pvs_workflow.files import atomic_path
from pvs_workflow.lab.evaluation.contrast import find_regions, measure_contrast
from pvs_workflow.lab.evaluation.results import FoldResult, ImageResult, part_path, save_part
from pvs_workflow.lab.evaluation.variations import (
    DEEP,
    VariationBatches,
    Variations,
    draw_variations,
    enhanced_images,
)
from pvs_workflow.lab.training.augment import ROI_ERRORS, Augmentation
from pvs_workflow.lab.training.config import EMPHASIS, PLACES, SETTLING
from pvs_workflow.lab.training.optimise import (
    Epoch,
    Schedule,
    optimise,
    run_batches,
)
from pvs_workflow.lab.training.samples import Sample
from pvs_workflow.lab.training.settle import learn_and_settle
from pvs_workflow.networks.counter import COUNT_SCALE, CountingLoss, build_counter, count_map
from pvs_workflow.networks.engine import configure_tensorflow
from pvs_workflow.networks.enhancer import WIDTH, build_enhancer
from pvs_workflow.science.emphasis import Emphasis
from pvs_workflow.science.intensity import Preprocessing

ENHANCER_SCHEDULE = Schedule(30, 1e-3, batch=8)
COUNTER_SCHEDULE = Schedule(14, 1e-3, batch=16)
"""With four folds and 76 participants, about an hour on two cores. Small batches, because a few
hundred images give few steps an epoch."""

_SPLIT, _VARIATIONS, _CHOOSING, _TESTS, _ENHANCER, _COUNTER = range(6)
"""Uses of random numbers: each has its own, so that resuming changes nothing."""


@dataclass(frozen=True)
class CrossvalConfig:
    """How the networks of a cross-validation are trained.

    Attributes
    ----------
    enhancer, counter : Schedule
        The counter's is the same after every enhancement.
    width : int
        Filters of the enhancer's first level.
    settling : float
        Epochs in which each counter settles with its norms fixed, over those before.
    places : float
        Weight of the map of counts in the counters' loss.
    validation : float
        Share of a fold's training participants that choose the best epoch.
    variations : int
        Random variations of each training image, which all networks of a fold share.
    preprocessing : Preprocessing
    emphasis : Emphasis
    augmentation : Augmentation

    """

    enhancer: Schedule = ENHANCER_SCHEDULE
    counter: Schedule = COUNTER_SCHEDULE
    width: int = WIDTH
    settling: float = SETTLING
    places: float = PLACES
    validation: float = 0.1
    variations: int = 8
    preprocessing: Preprocessing = field(default_factory=Preprocessing)
    emphasis: Emphasis = EMPHASIS
    augmentation: Augmentation = field(default_factory=Augmentation)


@dataclass(frozen=True)
class Fold:
    """One fold, before anything is drawn or trained.

    Attributes
    ----------
    number : int
        From 1.
    training, held_out : tuple of Sample
    config : CrossvalConfig
    seed : int
        Of the whole cross-validation.
    folder : Path
        Where parts are kept.

    """

    number: int
    training: tuple[Sample, ...]
    held_out: tuple[Sample, ...]
    config: CrossvalConfig
    seed: int
    folder: Path

    def rng(self, use: int) -> np.random.Generator:
        """Return the random numbers of one use."""
        return np.random.default_rng([self.seed, self.number, use])

    @cached_property
    def _split(self) -> tuple[list[Sample], list[Sample]]:
        people = sorted({sample.participant for sample in self.training})
        n = max(1, round(self.config.validation * len(people)))
        choosing = {people[i] for i in self.rng(_SPLIT).permutation(len(people))[:n]}
        parts = ([], [])
        for sample in self.training:
            parts[sample.participant in choosing].append(sample)
        return parts

    @cached_property
    def learning(self) -> list[Variations]:
        """Variations of the images that weights are learned from."""
        rng, config = self.rng(_VARIATIONS), self.config
        return [
            draw_variations(self._split[0], config.preprocessing, config.augmentation, rng)
            for _ in range(config.variations)
        ]

    @cached_property
    def choosing(self) -> Variations:
        """Images that the best epoch is chosen by, with errors of the ROI."""
        rng = self.rng(_CHOOSING)
        return draw_variations(self._split[1], self.config.preprocessing, ROI_ERRORS, rng)

    @cached_property
    def plain(self) -> Variations:
        """The held-out images with their true ROI."""
        rng = self.rng(_TESTS)
        return draw_variations(self.held_out, self.config.preprocessing, None, rng)

    @cached_property
    def erring(self) -> Variations:
        """The held-out images with errors of the ROI."""
        rng = self.rng(_TESTS)
        return draw_variations(self.held_out, self.config.preprocessing, ROI_ERRORS, rng)

    def start_network(self, use: int) -> np.random.Generator:
        """Seed keras for a network, and return the random numbers of its batches.

        All counters of a fold begin with the same weights and see the same images in turn.
        """
        rng = self.rng(use)
        # Each network is compiled once, for the two sizes of its batches: no reason to warn.
        logging.getLogger('tensorflow').setLevel(logging.ERROR)
        configure_tensorflow(threads=1, seed=int(rng.integers(2**31)))
        return rng


def run_fold(fold: Fold, methods: Sequence[str]) -> Iterator[FoldResult]:
    """Compute what is missing of a fold, one enhancement after the other.

    Parameters
    ----------
    fold : Fold
    methods : sequence of str

    Yields
    ------
    FoldResult
        Each is already saved.

    """
    for method in methods:
        path = part_path(fold.folder, fold.number, method)
        if not path.is_file():
            part = _run_method(fold, method)
            save_part(path, part)
            yield part


def _run_method(fold: Fold, method: str) -> FoldResult:
    begin = time.monotonic()
    enhancer, history = _fitted_enhancer(fold) if method == DEEP else (None, [])
    counter, steps = _fitted_counter(fold, method, enhancer)
    emphasis = fold.config.emphasis
    plain = enhanced_images(fold.plain, method, enhancer, emphasis)
    counts = _counts(counter, plain)
    erring = _counts(counter, enhanced_images(fold.erring, method, enhancer, emphasis))
    images = []
    for index, sample in enumerate(fold.held_out):
        _, roi, labels = sample.cut()
        contrast = measure_contrast(plain[index, ..., 0], find_regions(labels > 0, roi))
        images.append(
            ImageResult(
                sample.participant,
                sample.view.hemisphere,
                sample.view.rank,
                fold.number,
                method,
                sample.count,
                float(counts[index]),
                float(erring[index]),
                contrast and contrast.cnr,
                contrast and contrast.cnr_tissue,
            )
        )
    losses = {'counter': _rounded(steps)}
    passes = {'counter': len(steps) * len(fold.learning[0].counts)}
    if method == DEEP:
        losses['enhancer'] = history
        passes['enhancer'] = len(history) * len(fold.learning[0].counts)
    return FoldResult(tuple(images), losses, passes, round(time.monotonic() - begin, 1))


def _fitted_counter(fold: Fold, method: str, enhancer) -> tuple[object, list[Epoch]]:
    emphasis = fold.config.emphasis
    choosing = enhanced_images(fold.choosing, method, enhancer, emphasis)
    rng, schedule = fold.start_network(_COUNTER), fold.config.counter
    counter = build_counter()
    batches = VariationBatches(
        [enhanced_images(v, method, enhancer, emphasis) for v in fold.learning],
        [variation.maps for variation in fold.learning],
        schedule.batch,
        rng,
    )
    validation, loss = (choosing, fold.choosing.maps), CountingLoss(fold.config.places)
    return counter, learn_and_settle(
        count_map(counter),
        loss,
        schedule,
        fold.config.settling,
        batches,
        len(batches),
        validation,
        score=loss.score,
    )


def _fitted_enhancer(fold: Fold) -> tuple[object, list[float]]:
    """Train a fold's enhancer, or take its kept weights."""
    path = fold.folder / f'fold-{fold.number}_enhancer.npz'
    rng, schedule = fold.start_network(_ENHANCER), fold.config.enhancer
    enhancer = build_enhancer(fold.config.width)
    if path.is_file():
        with np.load(path, allow_pickle=False) as kept:
            names = sorted((name for name in kept if name != 'losses'), key=int)
            enhancer.set_weights([kept[name] for name in names])
            return enhancer, kept['losses'].tolist()
    batches = VariationBatches(
        [variation.blanked[..., np.newaxis] for variation in fold.learning],
        [variation.targets for variation in fold.learning],
        schedule.batch,
        rng,
    )
    validation = (fold.choosing.blanked[..., np.newaxis], fold.choosing.targets)
    history = optimise(enhancer, 'mse', schedule, batches, len(batches), validation)
    losses = _rounded(history)
    weights = {str(index): array for index, array in enumerate(enhancer.get_weights())}
    with atomic_path(path) as temporary:
        np.savez(temporary, losses=losses, **weights)
    return enhancer, losses


def _counts(counter, images: np.ndarray) -> np.ndarray:
    return np.maximum(run_batches(counter, images)[:, 0] * COUNT_SCALE, 0.0)


def _rounded(history: Sequence[Epoch]) -> list[float]:
    return [float(f'{epoch.validation_loss:.4g}') for epoch in history]
