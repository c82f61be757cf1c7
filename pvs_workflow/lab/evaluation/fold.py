"""Train and test the networks of one fold: an enhancer, and a counter for each enhancement."""

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
"""Schedules for about an hour on two cores, with four folds and 76 participants. Batches are
small, because a few hundred images give few steps per epoch."""

_SPLIT, _VARIATIONS, _VALIDATION, _TESTS, _ENHANCER, _COUNTER = range(6)
"""Random streams: each has its own seed, so that resuming does not change the results."""


@dataclass(frozen=True)
class CrossvalConfig(TrainingConfig):
    """Training settings of a cross-validation; calibration settings are not used.

    Attributes
    ----------
    enhancer, counter : Schedule
        The counter's schedule is the same for every enhancement.
    variations : int
        Number of random variations of each training image, shared by all networks of a fold.

    """

    enhancer: Schedule = ENHANCER_SCHEDULE
    counter: Schedule = COUNTER_SCHEDULE
    variations: int = 8


@dataclass(frozen=True)
class Fold:
    """One fold; its images are drawn when they are first used.

    Attributes
    ----------
    number : int
        Counted from 1.
    training, held_out : tuple of Sample
    config : CrossvalConfig
    seed : int
        Seed of the whole cross-validation.
    folder : Path
        Folder of the parts.

    """

    number: int
    training: tuple[Sample, ...]
    held_out: tuple[Sample, ...]
    config: CrossvalConfig
    seed: int
    folder: Path

    def seeds(self, stream: int) -> tuple[int, int, int]:
        """Return the seeds of a random stream."""
        return self.seed, self.number, stream

    def rng(self, stream: int) -> np.random.Generator:
        """Return the generator of a random stream."""
        return np.random.default_rng(self.seeds(stream))

    @cached_property
    def _split(self) -> tuple[list[Sample], list[Sample]]:
        people = sorted({sample.participant for sample in self.training})
        n = max(1, round(self.config.validation * len(people)))
        validation = {people[i] for i in self.rng(_SPLIT).permutation(len(people))[:n]}
        parts = ([], [])
        for sample in self.training:
            parts[sample.participant in validation].append(sample)
        return parts

    @cached_property
    def training_images(self) -> list[Variations]:
        """Variations of the training images."""
        rng, config = self.rng(_VARIATIONS), self.config
        return [
            draw_variations(self._split[0], config.preprocessing, config.augmentation, rng)
            for _ in range(config.variations)
        ]

    @cached_property
    def validation_images(self) -> Variations:
        """Images with ROI errors by which the best epoch is chosen."""
        rng = self.rng(_VALIDATION)
        return draw_variations(self._split[1], self.config.preprocessing, ROI_ERRORS, rng)

    @cached_property
    def true_roi_images(self) -> Variations:
        """The held-out images with the true ROI."""
        rng = self.rng(_TESTS)
        return draw_variations(self.held_out, self.config.preprocessing, None, rng)

    @cached_property
    def roi_error_images(self) -> Variations:
        """The held-out images with ROI errors."""
        rng = self.rng(_TESTS)
        return draw_variations(self.held_out, self.config.preprocessing, ROI_ERRORS, rng)

    def configure_keras(self, stream: int) -> None:
        """Seed Keras for a network: all counters of a fold have the same initial weights."""
        configure_tensorflow(threads=1, seed=int(self.rng(stream).integers(2**31)))


def run_method(fold: Fold, method: str) -> FoldResult:
    """Train the networks of one enhancement, and count the held-out images."""
    begin = time.monotonic()
    enhancer, enhancer_history = _train_enhancer(fold) if method == DEEP else (None, [])
    counter, counter_history = _train_counter(fold, method, enhancer)
    true_roi, roi_errors = (
        enhanced_images(images, method, enhancer, fold.config.emphasis)
        for images in (fold.true_roi_images, fold.roi_error_images)
    )
    counts, roi_error_counts = (
        np.maximum(run_batches(counter, images)[:, 0] * COUNT_SCALE, 0.0)
        for images in (true_roi, roi_errors)
    )
    images = []
    for index, sample in enumerate(fold.held_out):
        _, roi, labels = sample.cut()
        contrast = measure_contrast(true_roi[index, ..., 0], find_regions(labels > 0, roi))
        result = ImageResult(
            participant=sample.participant,
            hemisphere=sample.view.hemisphere,
            slice=sample.view.rank,
            fold=fold.number,
            method=method,
            true_count=sample.count,
            predicted_count=float(counts[index]),
            predicted_count_roi_errors=float(roi_error_counts[index]),
            cnr=contrast and contrast.cnr,
            cnr_tissue=contrast and contrast.cnr_tissue,
        )
        images.append(result)
    histories = {'counter': counter_history}
    if method == DEEP:
        histories['enhancer'] = enhancer_history
    n_images = len(fold.training_images[0].counts)
    return FoldResult(
        images=tuple(images),
        losses={name: _losses(history) for name, history in histories.items()},
        image_passes={name: n_images * len(history) for name, history in histories.items()},
        seconds=round(time.monotonic() - begin, 1),
    )


def _train_counter(fold: Fold, method: str, enhancer) -> tuple[object, list[Epoch]]:
    config = fold.config
    fold.configure_keras(_COUNTER)
    counter = build_counter(strides=config.strides)
    batches = VariationBatches(
        [
            enhanced_images(images, method, enhancer, config.emphasis)
            for images in fold.training_images
        ],
        [images.maps(config.stride) for images in fold.training_images],
        config.counter.batch,
        fold.seeds(_COUNTER),
    )
    validation = (
        enhanced_images(fold.validation_images, method, enhancer, config.emphasis),
        fold.validation_images.maps(config.stride),
    )
    task = counting_task(batches, validation, config.places)
    history = learn_and_settle(count_map(counter), task, config.counter, config.settling)
    return counter, history


def _train_enhancer(fold: Fold) -> tuple[object, list[Epoch]]:
    """Train a fold's enhancer, or load it from the checkpoint of an interrupted run."""
    fold.configure_keras(_ENHANCER)
    config = fold.config
    enhancer = build_enhancer(config.width, adds_to_image=config.adds_to_image)
    batches = VariationBatches(
        [images.blanked[..., np.newaxis] for images in fold.training_images],
        [images.targets for images in fold.training_images],
        config.enhancer.batch,
        fold.seeds(_ENHANCER),
    )
    validation = (fold.validation_images.blanked[..., np.newaxis], fold.validation_images.targets)
    history = optimise(
        enhancer,
        Task('mse', batches, validation),
        config.enhancer,
        folder=fold.folder / f'fold-{fold.number}_enhancer',
    )
    return enhancer, history


def _losses(history: Sequence[Epoch]) -> list[float]:
    return [float(f'{epoch.validation_loss:.4g}') for epoch in history]
