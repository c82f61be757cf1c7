"""Shuffled, augmented batches for the two networks."""

from collections.abc import Callable, Iterator, Sequence

import numpy as np

from pvs_workflow.lab.training.augment import TrainingImage, augmented_image
from pvs_workflow.lab.training.config import TrainingConfig
from pvs_workflow.lab.training.optimise import run_batches
from pvs_workflow.lab.training.samples import Sample
from pvs_workflow.networks.counter import map_targets
from pvs_workflow.science.components import added_mask, enhancement_target
from pvs_workflow.science.emphasis import Emphasis, emphasise

Batch = tuple[np.ndarray, np.ndarray]


class EnhancingBatches:
    """Images and the targets of the enhancer, new variations in every epoch.

    Parameters
    ----------
    samples : sequence of Sample or PlateSource
    config : TrainingConfig
    seed : int
        An epoch's batches depend on it and on the epoch's number alone.

    """

    def __init__(self, samples: Sequence[Sample], config: TrainingConfig, seed: int):
        self._samples, self._config, self._seed = tuple(samples), config, seed

    def __len__(self) -> int:
        return max(1, len(self._samples) // self._config.enhancer.batch)

    def __call__(self, epoch: int) -> Iterator[Batch]:
        """Yield the batches of one epoch."""
        rng = np.random.default_rng([self._seed, 1, epoch])
        for part in np.array_split(rng.permutation(len(self._samples)), len(self)):
            images = vary([self._samples[i] for i in part], self._config, rng)
            yield enhancing_batch(images)


class CountingBatches:
    """Enhanced images, and what is to be counted where.

    Enhancing takes longer than a step of the counter: variations are therefore kept for a few
    epochs, in which they are only flipped and dealt anew.

    Parameters
    ----------
    samples : sequence of Sample or PlateSource
    enhance : callable
        (n, 80, 96, 1) images to what the counter gets.
    config : TrainingConfig
        Its ``refresh`` says for how many epochs variations are kept.
    seed : int
        An epoch's batches depend on it and on the epoch's number alone.

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
        self._pool: list[Batch] = []
        self._made = 0  # the epoch of the pool

    def __len__(self) -> int:
        return max(1, len(self._samples) // self._config.counter.batch)

    def __call__(self, epoch: int) -> Iterator[Batch]:
        """Yield the batches of one epoch."""
        made = epoch - (epoch - 1) % self._config.refresh
        if made != self._made:
            self._pool, self._made = list(self._new(made)), made
        images = np.concatenate([batch[0] for batch in self._pool])
        targets = np.concatenate([batch[1] for batch in self._pool])
        rng = np.random.default_rng([self._seed, 3, epoch])
        for part in np.array_split(rng.permutation(len(images)), len(self)):
            flips = [axis for axis in (1, 2) if rng.random() < 0.5]
            yield np.flip(images[part], flips), np.flip(targets[part], flips)

    def _new(self, epoch: int) -> Iterator[Batch]:
        rng = np.random.default_rng([self._seed, 2, epoch])
        for part in np.array_split(rng.permutation(len(self._samples)), len(self)):
            images = vary([self._samples[i] for i in part], self._config, rng)
            yield (
                self._enhance(stack([i.image for i in images])),
                places(images, self._config.stride),
            )


def vary(samples: Sequence[Sample], config: TrainingConfig, rng) -> list[TrainingImage]:
    """Return a random variation of each sample, or of a new exposure of each plate."""
    how, by = config.preprocessing, config.augmentation
    return [augmented_image(sample.draw(rng), how, by, rng) for sample in samples]


def enhance(enhancer, emphasis: Emphasis, images: np.ndarray) -> np.ndarray:
    """Return what the counter gets of (n, 80, 96, 1) images: as in ``Cascade.predict``."""
    return emphasise(images, added_mask(images, run_batches(enhancer, images)), emphasis)


def enhancing_batch(images: Sequence[TrainingImage]) -> Batch:
    """Return images, and what the enhancer learns to give."""
    inputs, epvs = (stack([getattr(i, name) for i in images]) for name in ('image', 'epvs'))
    return inputs, enhancement_target(inputs, epvs)


def stack(arrays: Sequence[np.ndarray]) -> np.ndarray:
    """Return (80, 96) arrays as one (n, 80, 96, 1) array of float32."""
    return np.stack(arrays)[..., np.newaxis].astype(np.float32)


def places(images: Sequence[TrainingImage], stride: int) -> np.ndarray:
    """Return what the counter learns to give: :func:`map_targets`."""
    return map_targets(
        np.array([image.count for image in images]),
        np.stack([image.places for image in images]),
        stride,
    )
