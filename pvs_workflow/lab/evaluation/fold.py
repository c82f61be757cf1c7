"""One fold of a cross-validation: an enhancer, and a counter after each enhancement."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from pvs_workflow.lab.evaluation.contrast import find_regions, measure_contrast
from pvs_workflow.lab.evaluation.results import FoldResult, ImageResult
from pvs_workflow.lab.evaluation.variations import (
    DEEP,
    Variations,
    draw_variations,
    enhanced_images,
)
from pvs_workflow.lab.training.augment import ROI_ERRORS
from pvs_workflow.lab.training.batches import VariationBatches, counting_task
from pvs_workflow.lab.training.checkpoint import Epoch
from pvs_workflow.lab.training.config import Schedule, TrainingConfig
from pvs_workflow.lab.training.counting import count_map
from pvs_workflow.lab.training.optimise import Task, learn_and_settle, optimise, run_batches
from pvs_workflow.lab.training.samples import Sample
from pvs_workflow.networks.counter import COUNT_SCALE, build_counter
from pvs_workflow.networks.engine import configure_tensorflow
from pvs_workflow.networks.enhancer import build_enhancer

ENHANCER_SCHEDULE = Schedule(30, 1e-3, batch=8)
COUNTER_SCHEDULE = Schedule(14, 1e-3, batch=16)
"""With four folds and 76 participants, about an hour on two cores. Small batches, because a few
hundred images give few steps an epoch."""

_SPLIT, _VARIATIONS, _CHOOSING, _TESTS, _ENHANCER, _COUNTER = range(6)
"""Uses of random numbers: each has its own, so that resuming changes nothing."""


@dataclass(frozen=True)
class CrossvalConfig(TrainingConfig):
    """How the networks of a cross-validation are trained; nothing in it is calibrated.

    Attributes
    ----------
    enhancer, counter : Schedule
        The counter's is the same after every enhancement.
    variations : int
        Random variations of each training image, which all networks of a fold share.

    """

    enhancer: Schedule = ENHANCER_SCHEDULE
    counter: Schedule = COUNTER_SCHEDULE
    variations: int = 8


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

    def seeds(self, use: int) -> tuple[int, int, int]:
        """Return the seeds of one use of random numbers."""
        return self.seed, self.number, use

    def rng(self, use: int) -> np.random.Generator:
        """Return the random numbers of one use."""
        return np.random.default_rng(self.seeds(use))

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

    def configure_keras(self, use: int) -> None:
        """Seed Keras for a network: all counters of a fold begin with the same weights."""
        configure_tensorflow(threads=1, seed=int(self.rng(use).integers(2**31)))


def run_method(fold: Fold, method: str) -> FoldResult:
    """Train what one enhancement of a fold needs, and count the held-out images."""
    begin = time.monotonic()
    enhancer, learned = _fitted_enhancer(fold) if method == DEEP else (None, [])
    counter, counted = _fitted_counter(fold, method, enhancer)
    plain, erring = (
        enhanced_images(images, method, enhancer, fold.config.emphasis)
        for images in (fold.plain, fold.erring)
    )
    counts, erring_counts = (
        np.maximum(run_batches(counter, images)[:, 0] * COUNT_SCALE, 0.0)
        for images in (plain, erring)
    )
    images = []
    for index, sample in enumerate(fold.held_out):
        _, roi, labels = sample.cut()
        contrast = measure_contrast(plain[index, ..., 0], find_regions(labels > 0, roi))
        result = ImageResult(
            participant=sample.participant,
            hemisphere=sample.view.hemisphere,
            slice=sample.view.rank,
            fold=fold.number,
            method=method,
            true_count=sample.count,
            predicted_count=float(counts[index]),
            predicted_count_roi_errors=float(erring_counts[index]),
            cnr=contrast and contrast.cnr,
            cnr_tissue=contrast and contrast.cnr_tissue,
        )
        images.append(result)
    histories = {'counter': counted} | ({'enhancer': learned} if method == DEEP else {})
    n_images = len(fold.learning[0].counts)
    return FoldResult(
        images=tuple(images),
        losses={name: _losses(history) for name, history in histories.items()},
        image_passes={name: n_images * len(history) for name, history in histories.items()},
        seconds=round(time.monotonic() - begin, 1),
    )


def _fitted_counter(fold: Fold, method: str, enhancer) -> tuple[object, list[Epoch]]:
    config = fold.config
    fold.configure_keras(_COUNTER)
    counter = build_counter(strides=config.strides)
    batches = VariationBatches(
        [enhanced_images(images, method, enhancer, config.emphasis) for images in fold.learning],
        [images.maps(config.stride) for images in fold.learning],
        config.counter.batch,
        fold.seeds(_COUNTER),
    )
    choosing = enhanced_images(fold.choosing, method, enhancer, config.emphasis)
    task = counting_task(batches, (choosing, fold.choosing.maps(config.stride)), config.places)
    history = learn_and_settle(count_map(counter), task, config.counter, config.settling)
    return counter, history


def _fitted_enhancer(fold: Fold) -> tuple[object, list[Epoch]]:
    """Train a fold's enhancer, or take what an interrupted run has kept of it."""
    fold.configure_keras(_ENHANCER)
    config = fold.config
    enhancer = build_enhancer(config.width, adds_to_image=config.adds_to_image)
    batches = VariationBatches(
        [images.blanked[..., np.newaxis] for images in fold.learning],
        [images.targets for images in fold.learning],
        config.enhancer.batch,
        fold.seeds(_ENHANCER),
    )
    validation = (fold.choosing.blanked[..., np.newaxis], fold.choosing.targets)
    history = optimise(
        enhancer,
        Task('mse', batches, validation),
        config.enhancer,
        folder=fold.folder / f'fold-{fold.number}_enhancer',
    )
    return enhancer, history


def _losses(history: Sequence[Epoch]) -> list[float]:
    return [float(f'{epoch.validation_loss:.4g}') for epoch in history]
