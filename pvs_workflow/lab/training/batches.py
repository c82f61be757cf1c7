"""Shuffled, augmented batches for the two networks."""

from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache

import numpy as np

from pvs_workflow.lab.training.augment import TrainingImage, augmented_image
from pvs_workflow.lab.training.config import TrainingConfig
from pvs_workflow.lab.training.counting import CountingLoss, map_targets
from pvs_workflow.lab.training.optimise import Batch, Task, run_batches
from pvs_workflow.lab.training.samples import Sample
from pvs_workflow.science.components import added_mask, enhancement_target
from pvs_workflow.science.emphasis import Emphasis, emphasise

_ENHANCING, _VARYING, _SHUFFLING = 1, 2, 3
"""Random streams: the batches of an epoch depend only on the seed, the stream and the epoch."""


class EnhancingBatches:
    """Training batches of the enhancer, with new variations in every epoch."""

    def __init__(self, samples: Sequence[Sample], config: TrainingConfig, seed: int):
        self._samples, self._config, self._seed = tuple(samples), config, seed

    def __len__(self) -> int:
        return max(1, len(self._samples) // self._config.enhancer.batch)

    def __call__(self, epoch: int) -> Iterator[Batch]:
        """Yield the batches of one epoch."""
        rng = np.random.default_rng([self._seed, _ENHANCING, epoch])
        for part in np.array_split(rng.permutation(len(self._samples)), len(self)):
            yield enhancing_batch(vary([self._samples[i] for i in part], self._config, rng))


class VariationBatches:
    """Shuffled batches from several variations of the same images.

    Every epoch contains each image once, in one randomly drawn variation. Each batch is flipped
    at random.

    Parameters
    ----------
    inputs : sequence of (n, 80, 96, 1) arrays
        One array per variation.
    targets : sequence of arrays of ``n`` rows
        Flipped together with the inputs.
    size : int
        Minimum number of images in a batch, if there are as many.
    seed : sequence of int

    """

    def __init__(
        self,
        inputs: Sequence[np.ndarray],
        targets: Sequence[np.ndarray],
        size: int,
        seed: Sequence[int],
    ):
        self._inputs, self._targets = np.stack(inputs), np.stack(targets)
        self._size, self._seed = size, tuple(seed)

    def __len__(self) -> int:
        return max(1, self._inputs.shape[1] // self._size)

    def __call__(self, epoch: int) -> Iterator[Batch]:
        """Yield the batches of one epoch."""
        rng = np.random.default_rng([*self._seed, epoch])
        n_variations, n_images = self._inputs.shape[:2]
        drawn = rng.integers(n_variations, size=n_images)
        for part in np.array_split(rng.permutation(n_images), len(self)):
            axes = [axis for axis in (1, 2) if rng.random() < 0.5]
            images, targets = self._inputs[drawn[part], part], self._targets[drawn[part], part]
            yield np.flip(images, axes), np.flip(targets, axes)


class CountingBatches:
    """Training batches of the counter: enhanced images and maps of counts.

    Enhancing takes longer than a training step of the counter. Variations are therefore reused
    for ``config.refresh`` epochs, in which they are only flipped and shuffled.

    ``enhance`` takes (n, 80, 96, 1) images and returns the counter's inputs.
    """

    def __init__(
        self,
        samples: Sequence[Sample],
        enhance: Callable[[np.ndarray], np.ndarray],
        config: TrainingConfig,
        seed: int,
    ):
        self._samples, self._enhance = tuple(samples), enhance
        self._config, self._seed = config, seed
        self._cached = lru_cache(maxsize=1)(self._vary)

    def __len__(self) -> int:
        return max(1, len(self._samples) // self._config.counter.batch)

    def __call__(self, epoch: int) -> Iterator[Batch]:
        """Yield the batches of one epoch."""
        return self._cached(epoch - (epoch - 1) % self._config.refresh)(epoch)

    def _vary(self, epoch: int) -> VariationBatches:
        config, rng = self._config, np.random.default_rng([self._seed, _VARYING, epoch])
        images = vary(self._samples, config, rng)
        return VariationBatches(
            [self._enhance(stack([image.image for image in images]))],
            [counting_targets(images, config.stride)],
            config.counter.batch,
            (self._seed, _SHUFFLING),
        )


def counting_task(batches: Callable, validation: Batch, weight: float) -> Task:
    """Return the task of a counter; ``weight`` is the weight of the map in its loss.

    The best epoch is the one with the smallest error of the counts.
    """
    return Task(CountingLoss(weight), batches, validation, error=CountingLoss(0.0))


def vary(samples: Sequence[Sample], config: TrainingConfig, rng) -> list[TrainingImage]:
    """Return a random variation of each sample, or of a new draw from each plate."""
    preprocessing, augmentation = config.preprocessing, config.augmentation
    return [
        augmented_image(sample.draw(rng), preprocessing, augmentation, rng) for sample in samples
    ]


def enhance(enhancer, emphasis: Emphasis, images: np.ndarray) -> np.ndarray:
    """Return the counter's inputs for (n, 80, 96, 1) images, as ``Cascade.predict`` makes them."""
    return emphasise(images, added_mask(images, run_batches(enhancer, images)), emphasis)


def enhancing_batch(images: Sequence[TrainingImage]) -> Batch:
    """Return the images and the enhancer's targets."""
    inputs, epvs = (stack([getattr(i, name) for i in images]) for name in ('image', 'epvs'))
    return inputs, enhancement_target(inputs, epvs)


def stack(arrays: Sequence[np.ndarray]) -> np.ndarray:
    """Return (80, 96) arrays as one (n, 80, 96, 1) array of float32."""
    return np.stack(arrays)[..., np.newaxis].astype(np.float32)


def counting_targets(images: Sequence[TrainingImage], stride: int) -> np.ndarray:
    """Return the counter's targets: see :func:`map_targets`."""
    return map_targets(
        np.array([image.count for image in images]),
        np.stack([image.density for image in images]),
        stride,
    )
