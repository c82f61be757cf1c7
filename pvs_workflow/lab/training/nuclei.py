"""Training of the nuclei network on label maps under random contrasts."""

import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

import numpy as np

from pvs_workflow.lab.simulation.heads import draw_labels, load_head, paint
from pvs_workflow.networks.engine import load_keras, load_tensorflow
from pvs_workflow.science.nuclei import CLASSES, scaled
from pvs_workflow.science.roi import structure_values


@dataclass(frozen=True)
class Recipe:
    """How the network is trained.

    Attributes
    ----------
    shapes : int
        Deformations drawn of each label map; each gets new contrasts whenever it is shown.
    steps : int
    batch : int
    learning_rate : float
        At its highest; it rises over the first twentieth and falls to 0 as a cosine.

    """

    shapes: int = 60
    steps: int = 3600
    batch: int = 2
    learning_rate: float = 2e-3


def to_classes(labels: np.ndarray) -> np.ndarray:
    """Return the index in `CLASSES` of each of a label map's numbers.

    Examples
    --------
    >>> to_classes(np.array([0, 11, 51, 507, 4])).tolist()
    [0, 1, 2, 0, 6]

    """
    table = np.zeros(int(labels.max()) + 1, np.uint8)
    for index, name in enumerate(CLASSES[1:], start=1):
        numbers = [v for side in 'LR' for v in structure_values(side, name)]
        table[[n for n in numbers if n < len(table)]] = index
    return table[labels]


def draw_pool(paths: Sequence[Path], shapes: int, seed: int, nprocs: int = 1) -> list[np.ndarray]:
    """Return deformed label maps, ``shapes`` of each path in turn; as many ``nprocs`` draw."""
    jobs = [(path, (seed, i, j)) for i in range(shapes) for j, path in enumerate(paths)]
    with ProcessPoolExecutor(nprocs, mp_context=get_context('spawn')) as executor:
        return list(executor.map(_draw, jobs))


def _draw(job: tuple[Path, tuple[int, int, int]]) -> np.ndarray:
    path, seed = job
    return draw_labels(np.random.default_rng(seed), load_head(path))


def draw_batch(
    rng: np.random.Generator, pool: Sequence[np.ndarray], size: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return boxes to learn from, and their classes.

    Returns
    -------
    images : (n, 64, 72, 56, 1) array of float32
    classes : (n, 64, 72, 56) array of uint8

    """
    images, classes = [], []
    for index in rng.integers(len(pool), size=size):
        labels = pool[index][:: rng.choice([-1, 1])]
        images.append(scaled(paint(rng, labels)))
        classes.append(to_classes(labels))
    return np.stack(images)[..., None], np.stack(classes)


def dice(found: np.ndarray, true: np.ndarray) -> list[float]:
    """Return the overlap of each class but the background; NaN where it is in neither."""
    scores = []
    for index in range(1, len(CLASSES)):
        a, b = found == index, true == index
        total = np.count_nonzero(a) + np.count_nonzero(b)
        scores.append(2 * np.count_nonzero(a & b) / total if total else np.nan)
    return scores


def train(
    model,
    paths: Sequence[Path],
    recipe: Recipe,
    seed: int,
    tell: Callable[[str], None],
    held: Sequence[Path] = (),
    nprocs: int = 1,
) -> list[dict]:
    """Train a network, and measure it on label maps that it does not learn from.

    Parameters
    ----------
    model : keras.Model
    paths : sequence of Path
        Label maps.
    recipe : Recipe
    seed : int
    tell : callable
        Takes a line.
    held : sequence of Path
        Label maps to measure on.
    nprocs : int
        Processes that draw shapes.

    Returns
    -------
    list of dict
        Loss and overlap as training went on.

    """
    keras, tf = load_keras(), load_tensorflow()
    rng = np.random.default_rng([seed, 1])
    pool = draw_pool(paths, recipe.shapes, seed, nprocs)
    tell(f'{len(pool)} shapes of {len(paths)} label maps')
    tests = draw_batch(np.random.default_rng(seed), draw_pool(held, 4, seed + 1, nprocs), 12)
    rate = keras.optimizers.schedules.CosineDecay(
        recipe.learning_rate / 20,
        recipe.steps - recipe.steps // 20,
        warmup_target=recipe.learning_rate,
        warmup_steps=recipe.steps // 20,
    )
    optimiser = keras.optimizers.Adam(rate)
    optimiser.build(model.trainable_variables)

    @tf.function
    def step(images, classes):
        with tf.GradientTape() as tape:
            logits = model(images, training=True)
            loss = _loss(tf, logits, classes)
        gradients = tape.gradient(loss, model.trainable_variables)
        optimiser.apply(gradients, model.trainable_variables)
        return loss

    history, losses, began = [], [], time.monotonic()
    for number in range(1, recipe.steps + 1):
        images, classes = draw_batch(rng, pool, recipe.batch)
        losses.append(float(step(tf.constant(images), tf.constant(classes, tf.int32))))
        if number % 100 == 0 or number == recipe.steps:
            found = [np.argmax(model(image[None], training=False)[0], -1) for image in tests[0]]
            scores = [dice(a, b) for a, b in zip(found, tests[1], strict=True)]
            history.append(
                {
                    'step': number,
                    'loss': float(np.mean(losses)),
                    'seconds': round(time.monotonic() - began),
                    'dice': {
                        name: round(float(score), 3)
                        for name, score in zip(
                            CLASSES[1:], np.nanmedian(scores, axis=0), strict=True
                        )
                    },
                }
            )
            losses.clear()
            tell(f'{history[-1]}')
    return history


def _loss(tf, logits, classes):
    """Return cross entropy plus one minus the mean soft Dice of all classes."""
    true = tf.one_hot(classes, len(CLASSES))
    entropy = tf.reduce_mean(tf.nn.softmax_cross_entropy_with_logits(true, logits))
    soft = tf.nn.softmax(logits)
    axes = (0, 1, 2, 3)
    shared = tf.reduce_sum(soft * true, axes)
    total = tf.reduce_sum(soft, axes) + tf.reduce_sum(true, axes)
    return entropy + 1 - tf.reduce_mean((2 * shared + 1) / (total + 1))
