"""What the map of counts brings: the counter's error with and without it, in one run.

Usage: python benchmarks/counting.py FILE [ANATOMIES]

People are simulated (with label maps, if a folder of them is given), their exposures are enhanced
by the cascade that ships, and the same counter learns from them twice: from counts alone, and from
the map of counts besides. It is tested on other simulated people.
"""

import json
import os
import sys
from pathlib import Path

os.environ['TF_CPP_MIN_LOG_LEVEL'] = '3'

import numpy as np

from pvs_workflow import data
from pvs_workflow.networks.bundle import load_bundle
from pvs_workflow.networks.counter import COUNT_SCALE, CountingLoss, build_counter, count_map
from pvs_workflow.networks.engine import configure_tensorflow, load_keras
from pvs_workflow.networks.optimise import Schedule, optimise, run_batches
from pvs_workflow.science.grading import potter_grade, round_count
from pvs_workflow.simulation.labelmaps import find_label_maps
from pvs_workflow.training.augment import ROI_ERRORS, augmented_image
from pvs_workflow.training.batches import enhance, places, stack
from pvs_workflow.training.config import FAST, PLACES
from pvs_workflow.training.streams import simulated_sources

SEED = 5150
PEOPLE = 16, 6
"""To learn from, to test on."""
EXPOSURES = 10, 4
SCHEDULE = Schedule(8, 1e-3, batch=32)


def expose(sources, rounds, by, enhancer, rng):
    """Return enhanced exposures of the sources and what is to be counted in them."""
    images = [
        augmented_image(source.draw(rng), FAST.preprocessing, by, rng)
        for _ in range(rounds)
        for source in sources
    ]
    return enhance(enhancer, stack([i.image for i in images])), places(images, FAST.stride)


def learn(weight, learning, testing):
    """Train a counter and return its results."""
    load_keras().utils.set_random_seed(SEED)
    counter, loss = build_counter(), CountingLoss(weight)
    images, targets = learning
    n = len(images) // SCHEDULE.batch

    def batches(epoch):
        rng = np.random.default_rng([SEED, epoch])
        for part in np.array_split(rng.permutation(len(images)), n):
            flips = [axis for axis in (1, 2) if rng.random() < 0.5]
            yield np.flip(images[part], flips), np.flip(targets[part], flips)

    history = optimise(count_map(counter), loss, SCHEDULE, batches, n, testing, score=loss.score)
    predicted = np.maximum(run_batches(counter, testing[0])[:, 0] * COUNT_SCALE, 0)
    true = testing[1][..., 0].mean(axis=(1, 2)) * COUNT_SCALE
    grades = [
        [potter_grade(round_count(float(n))) for n in counts] for counts in (predicted, true)
    ]
    return {
        'mae': round(float(np.abs(predicted - true).mean()), 2),
        'image_accuracy': round(float(np.mean(np.equal(*grades))), 3),
        'mae_by_epoch': [round(e.validation_loss * COUNT_SCALE, 2) for e in history],
    }


def main(target: Path, anatomies: Path | None = None):
    """Train both counters and write their errors."""
    configure_tensorflow(2, SEED)
    maps = tuple(find_label_maps(anatomies)) if anatomies else ()
    enhancer = load_bundle(data.path('cascade')).enhancer
    rng = np.random.default_rng(SEED)
    sets = []
    for seed, people, rounds, by in zip(
        (SEED, SEED + 1), PEOPLE, EXPOSURES, (FAST.augmentation, ROI_ERRORS), strict=True
    ):
        sources = simulated_sources(people, seed, maps, n_jobs=2)
        sets.append(expose(sources, rounds, by, enhancer, rng))
    out = {
        'command': 'python benchmarks/counting.py docs/validation/counting.json LABEL_MAPS',
        'seed': SEED,
        'people': PEOPLE,
        'images': [len(images) for images, _ in sets],
        'epochs': SCHEDULE.epochs,
        'counts alone': learn(0.0, *sets),
        'with the map': learn(PLACES, *sets),
    }
    target.write_text(json.dumps(out, indent=2) + '\n')
    print(json.dumps(out, indent=2))


if __name__ == '__main__':
    main(*map(Path, sys.argv[1:]))
