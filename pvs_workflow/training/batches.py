"""Shuffled, augmented batches for the two networks."""

from collections.abc import Iterator, Sequence

import numpy as np

from pvs_workflow.networks.counter import COUNT_SCALE
from pvs_workflow.networks.optimise import run_batches
from pvs_workflow.training.augment import TrainingImage, augmented_image
from pvs_workflow.training.config import TrainingConfig
from pvs_workflow.training.samples import Sample

Batch = tuple[np.ndarray, np.ndarray]


class EnhancingBatches:
    """Images and the targets of the enhancer, new variations in every epoch.

    Parameters
    ----------
    samples : sequence of Sample
    config : TrainingConfig
    rng : numpy.random.Generator

    """

    def __init__(self, samples: Sequence[Sample], config: TrainingConfig, rng):
        self._samples, self._config, self._rng = tuple(samples), config, rng

    def __len__(self) -> int:
        return max(1, len(self._samples) // self._config.enhancer.batch)

    def __call__(self, epoch: int) -> Iterator[Batch]:
        """Yield the batches of one epoch."""
        parts = np.array_split(self._rng.permutation(len(self._samples)), len(self))
        for part in parts:
            images = vary([self._samples[i] for i in part], self._config, self._rng)
            yield stack([i.image for i in images]), stack([i.target for i in images])


class CountingBatches:
    """Enhanced images and their counts.

    Enhancing takes longer than a step of the counter: variations are therefore kept for a few
    epochs, in which they are only flipped and dealt anew.

    Parameters
    ----------
    samples : sequence of Sample
    enhancer : keras.Model
        Trained.
    config : TrainingConfig
        Its ``refresh`` says for how many epochs variations are kept.
    rng : numpy.random.Generator

    """

    def __init__(self, samples: Sequence[Sample], enhancer, config: TrainingConfig, rng):
        self._samples, self._enhancer = tuple(samples), enhancer
        self._config, self._rng = config, rng
        self._pool: list[Batch] = []

    def __len__(self) -> int:
        return max(1, len(self._samples) // self._config.counter.batch)

    def __call__(self, epoch: int) -> Iterator[Batch]:
        """Yield the batches of one epoch."""
        if (epoch - 1) % self._config.refresh == 0:
            self._pool = []
            for batch in self._new():
                self._pool.append(batch)
                yield batch
            return
        images = np.concatenate([batch[0] for batch in self._pool])
        counts = np.concatenate([batch[1] for batch in self._pool])
        for part in np.array_split(self._rng.permutation(len(images)), len(self)):
            flips = [axis for axis in (1, 2) if self._rng.random() < 0.5]
            yield np.flip(images[part], flips), counts[part]

    def _new(self) -> Iterator[Batch]:
        for part in np.array_split(self._rng.permutation(len(self._samples)), len(self)):
            images = vary([self._samples[i] for i in part], self._config, self._rng)
            enhanced = enhance(self._enhancer, stack([i.image for i in images]))
            yield enhanced, scaled_counts(images)


def vary(samples: Sequence[Sample], config: TrainingConfig, rng) -> list[TrainingImage]:
    """Return a random variation of each sample."""
    how, by = config.preprocessing, config.augmentation
    return [augmented_image(sample, how, by, rng) for sample in samples]


def enhance(enhancer, images: np.ndarray) -> np.ndarray:
    """Return what the counter gets of (n, 80, 96, 1) images: as in ``Cascade.predict``."""
    return np.clip(run_batches(enhancer, images), 0, 1)


def stack(arrays: Sequence[np.ndarray]) -> np.ndarray:
    """Return (80, 96) arrays as one (n, 80, 96, 1) array of float32."""
    return np.stack(arrays)[..., np.newaxis].astype(np.float32)


def scaled_counts(images: Sequence[TrainingImage]) -> np.ndarray:
    """Return counts / 48 as (n, 1) float32, what the counter learns to give."""
    return np.array([[image.count] for image in images], np.float32) / np.float32(COUNT_SCALE)
