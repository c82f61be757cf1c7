"""Measure the counter's error with and without each part of its training recipe, in one run.

People are simulated (from label maps, if a folder of them is given), and the shipped cascade
enhances their exposures. The same counter is trained on them four times: from counts alone, also
from the map of counts, with settling at the end, and with the shipped emphasis. It is tested on
other simulated people, who also select the best epoch of every recipe.
"""

import math
from pathlib import Path

import numpy as np

from benchmarks.harness import command, command_line, write_record
from pvs_workflow import data
from pvs_workflow.lab.evaluation.contrast import find_regions, measure_contrast
from pvs_workflow.lab.simulation.labelmaps import find_label_maps
from pvs_workflow.lab.training.augment import ROI_ERRORS, augmented_image
from pvs_workflow.lab.training.batches import (
    VariationBatches,
    counting_targets,
    counting_task,
    stack,
)
from pvs_workflow.lab.training.config import EMPHASIS, FAST, MAP_WEIGHT, SETTLING, Schedule
from pvs_workflow.lab.training.counting import count_map
from pvs_workflow.lab.training.optimise import learn_and_settle, run_batches
from pvs_workflow.lab.training.streams import simulated_sources
from pvs_workflow.networks.bundle import load_bundle, model_sha256
from pvs_workflow.networks.counter import COUNT_SCALE, STRIDES, build_counter
from pvs_workflow.networks.engine import configure_tensorflow, load_keras
from pvs_workflow.science.components import added_mask
from pvs_workflow.science.emphasis import PAPER, emphasise
from pvs_workflow.science.grading import potter_grade

SEED = 5150
PEOPLE = 16, 6
"""Simulated people for training and for testing."""
EXPOSURES = 10, 4
EPOCHS, RATE, BATCH = 9, 1e-3, 32
RECIPES = {
    'counts alone': (0.0, 0.0, PAPER),
    'counts and their map': (MAP_WEIGHT, 0.0, PAPER),
    'settled': (MAP_WEIGHT, SETTLING, PAPER),
    'emphasised': (MAP_WEIGHT, SETTLING, EMPHASIS),
}
"""Weight of the map, share of settling, emphasis; each recipe adds one to the last."""


def expose(sources, rounds, augmentation, enhancer, rng):
    """Return images of exposures of the sources, their evidence, their targets and ePVS masks."""
    images = [
        augmented_image(source.draw(rng), FAST.preprocessing, augmentation, rng)
        for _ in range(rounds)
        for source in sources
    ]
    pixels = stack([i.image for i in images])
    evidence = added_mask(pixels, run_batches(enhancer, pixels))
    return pixels, evidence, counting_targets(images, math.prod(STRIDES)), [i.epvs for i in images]


def gain(testing, emphasis):
    """Return the contrast-to-noise ratio relative to that of the raw images."""
    pixels, evidence, _, masks = testing
    enhanced = emphasise(pixels, evidence, emphasis)
    pairs = []
    for image, emphasised, mask in zip(pixels[..., 0], enhanced[..., 0], masks, strict=True):
        regions = find_regions(mask, image > 0)
        pairs.append([measure_contrast(one, regions) for one in (image, emphasised)])
    means = {
        name: np.mean([[getattr(c, name) for c in pair] for pair in pairs if None not in pair], 0)
        for name in ('cnr', 'cnr_tissue')
    }
    return {name: round(float(after / before), 2) for name, (before, after) in means.items()}


def train_counter(recipe, training, testing):
    """Train a counter and return its results."""
    weight, share, emphasis = recipe
    load_keras().utils.set_random_seed(SEED)
    counter = build_counter()
    (images, targets), validation = (
        (emphasise(pixels, evidence, emphasis), targets)
        for pixels, evidence, targets, _ in (training, testing)
    )
    # The total number of epochs is the same with and without settling.
    schedule = Schedule(round(EPOCHS / (1 + share)), RATE, batch=BATCH)
    batches = VariationBatches([images], [targets], schedule.batch, [SEED])
    task = counting_task(batches, validation, weight)
    history = learn_and_settle(count_map(counter), task, schedule, share)
    predicted = np.maximum(run_batches(counter, validation[0])[:, 0] * COUNT_SCALE, 0)
    true = validation[1][..., 0].mean(axis=(1, 2)) * COUNT_SCALE
    grades = [potter_grade(counts) for counts in (predicted, true)]
    return {
        'mae': round(float(np.abs(predicted - true).mean()), 2),
        'image_accuracy': round(float(np.mean(np.equal(*grades))), 3),
        'gain': gain(testing, emphasis),
        'mae_by_epoch': [round(e.validation_loss * COUNT_SCALE, 2) for e in history],
    }


def main() -> None:
    """Train the counter with every recipe and write the errors."""
    parser = command_line(__doc__)
    parser.add_argument('out', type=Path, metavar='FILE')
    parser.add_argument('anatomies', type=Path, nargs='?', help='label maps of the people')
    args = parser.parse_args()
    configure_tensorflow(2, SEED)
    maps = tuple(find_label_maps(args.anatomies)) if args.anatomies else ()
    cascade = load_bundle(data.path('cascade'))
    rng = np.random.default_rng(SEED)
    sets = []
    for seed, people, rounds, augmentation in zip(
        (SEED, SEED + 1), PEOPLE, EXPOSURES, (FAST.augmentation, ROI_ERRORS), strict=True
    ):
        sources = simulated_sources(people, seed, maps, n_jobs=2)
        sets.append(expose(sources, rounds, augmentation, cascade.enhancer, rng))
    record = {
        'model': cascade.card.label,
        'model_sha256': model_sha256(data.path('cascade')),
        'people': PEOPLE,
        'images': [len(pixels) for pixels, *_ in sets],
        'epochs': EPOCHS,
        'recipes': {name: train_counter(recipe, *sets) for name, recipe in RECIPES.items()},
    }
    write_record(args.out, command('counting', args, 'out', 'anatomies'), record, SEED)


if __name__ == '__main__':
    main()
