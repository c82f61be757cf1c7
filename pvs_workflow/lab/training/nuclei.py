"""Train the nuclei network on label maps with random contrasts."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import numpy as np
from sklearn.metrics import f1_score

from pvs_workflow.lab.parallel import parallel_map
from pvs_workflow.lab.simulation.heads import draw_labels, load_head, paint
from pvs_workflow.lab.simulation.template import both_sides
from pvs_workflow.networks.engine import load_keras
from pvs_workflow.science.nuclei import CLASSES, standardise

REPORT_EVERY = 100
"""Number of steps between reports of loss and overlap."""


@dataclass(frozen=True)
class Recipe:
    """Training settings of the nuclei network.

    Attributes
    ----------
    shapes : int
        Number of deformations of each label map; contrasts are drawn in every step.
    steps : int
    batch : int
    learning_rate : float
        Maximum learning rate: it rises during the first twentieth of the steps, then falls to 0
        as a cosine.

    """

    shapes: int = 60
    steps: int = 3600
    batch: int = 2
    learning_rate: float = 2e-3


def to_classes(labels: np.ndarray) -> np.ndarray:
    """Return the index in `CLASSES` of each label of a label map.

    Examples
    --------
    >>> to_classes(np.array([0, 11, 51, 507, 4])).tolist()
    [0, 1, 2, 0, 6]

    """
    table = np.zeros(int(labels.max()) + 1, np.uint8)
    for index, name in enumerate(CLASSES[1:], start=1):
        table[[n for n in both_sides(name) if n < len(table)]] = index
    return table[labels]


def draw_pool(paths: Sequence[Path], shapes: int, seed: int, nprocs: int = 1) -> list[np.ndarray]:
    """Return ``shapes`` deformations of each label map, drawn by ``nprocs`` processes."""
    jobs = [(path, (seed, i, j)) for i in range(shapes) for j, path in enumerate(paths)]
    return list(parallel_map(_draw, jobs, nprocs))


def _draw(job: tuple[Path, tuple[int, int, int]]) -> np.ndarray:
    path, seed = job
    return draw_labels(np.random.default_rng(seed), load_head(path))


def draw_batch(
    rng: np.random.Generator, pool: Sequence[np.ndarray], size: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return training images and their classes.

    Returns
    -------
    images : (n, 64, 72, 56, 1) array of float32
    classes : (n, 64, 72, 56) array of uint8

    """
    images, classes = [], []
    for index in rng.integers(len(pool), size=size):
        labels = pool[index][:: rng.choice([-1, 1])]
        images.append(standardise(paint(rng, labels)))
        classes.append(to_classes(labels))
    return np.stack(images)[..., None], np.stack(classes)


def dice(predicted: np.ndarray, true: np.ndarray) -> np.ndarray:
    """Return the Dice overlap of each class but the background; NaN if it is in neither."""
    classes = range(1, len(CLASSES))
    pixels = true.ravel(), predicted.ravel()
    return f1_score(*pixels, labels=classes, average=None, zero_division=np.nan)


def train(
    model,
    paths: Sequence[Path],
    recipe: Recipe,
    seed: int,
    log: Callable[[str], None],
    held_out: Sequence[Path] = (),
    nprocs: int = 1,
) -> list[dict]:
    """Train a network, and measure its overlap on held-out label maps.

    Parameters
    ----------
    model : keras.Model
    paths, held_out : sequences of Path
        Label maps to train on, and label maps to measure the overlap on.
    recipe : Recipe
    seed : int
    log : callable
        Called with each line of progress.
    nprocs : int
        Number of processes that draw shapes.

    Returns
    -------
    list of dict
        Loss and overlap during training.

    """
    keras = load_keras()
    rng = np.random.default_rng([seed, 1])
    pool = draw_pool(paths, recipe.shapes, seed, nprocs)
    log(f'{len(pool)} shapes of {len(paths)} label maps')
    test_pool = draw_pool(held_out, 4, seed + 1, nprocs)
    tests = draw_batch(np.random.default_rng(seed), test_pool, 12) if test_pool else ((), ())
    history, began = [], time.monotonic()

    def end_epoch(index: int, logs: dict) -> None:
        record = {
            'step': int(model.optimizer.iterations),
            'loss': float(logs['loss']),
            'seconds': round(time.monotonic() - began),
        }
        scores = [
            dice(np.argmax(model(image[None], training=False)[0], -1), true)
            for image, true in zip(*tests, strict=True)
        ]
        if scores:
            medians = np.nanmedian(scores, axis=0).round(3).tolist()
            record['dice'] = dict(zip(CLASSES[1:], medians, strict=True))
        history.append(record)
        log(f'{record}')

    warm_up = recipe.steps // 20
    rate = keras.optimizers.schedules.CosineDecay(
        recipe.learning_rate / 20,
        recipe.steps - warm_up,
        warmup_target=recipe.learning_rate,
        warmup_steps=warm_up,
    )
    epochs = max(1, recipe.steps // REPORT_EVERY)
    model.compile(keras.optimizers.Adam(rate), segmentation_loss, jit_compile=False)
    model.fit(
        (draw_batch(rng, pool, recipe.batch) for _ in count()),
        steps_per_epoch=recipe.steps // epochs,
        epochs=epochs,
        callbacks=[keras.callbacks.LambdaCallback(on_epoch_end=end_epoch)],
        verbose=0,
        shuffle=False,
    )
    return history


def segmentation_loss(classes, logits):
    """Return cross entropy plus 1 − mean soft Dice of all classes, as a Keras loss.

    Takes (n, x, y, z) classes and (n, x, y, z, c) logits.
    """
    ops = load_keras().ops
    true = ops.one_hot(ops.cast(classes, 'int32'), len(CLASSES))
    entropy = ops.mean(ops.categorical_crossentropy(true, logits, from_logits=True))
    soft, axes = ops.softmax(logits), (0, 1, 2, 3)
    shared = ops.sum(soft * true, axes)
    total = ops.sum(soft, axes) + ops.sum(true, axes)
    return entropy + 1 - ops.mean((2 * shared + 1) / (total + 1))
