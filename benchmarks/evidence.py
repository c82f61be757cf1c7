"""Measure the agreement of the detected instances with the predicted and the true count.

Each DATASET was written by ``pvs_cascade simulate``. Three rules are compared: connected
components at half evidence, all candidates, and the instances, which are the strongest candidates
up to the count. All images are counted in their true ROI by the shipped cascade.
"""

from itertools import pairwise
from pathlib import Path

import numpy as np
from scipy.optimize import linear_sum_assignment
from skimage.measure import label

from benchmarks.harness import command, command_line, write_record
from pvs_workflow import data
from pvs_workflow.lab.training.samples import read_samples
from pvs_workflow.networks.bundle import load_bundle, model_sha256
from pvs_workflow.networks.engine import configure_tensorflow
from pvs_workflow.science import components
from pvs_workflow.science.agreement import intraclass_correlation
from pvs_workflow.science.grading import round_count
from pvs_workflow.science.intensity import prepare_image

SEED = 1
STRENGTHS = (0.14, 0.16, 0.18, 0.2, 0.25, 0.3, 0.4, 0.5, 1.01)
RULES = ('components_at_half', 'candidates', 'instances')


def label_at_half(evidence: np.ndarray, roi: np.ndarray) -> np.ndarray:
    """Label the connected components of evidence ≥ 0.5 that lie at least half in the ROI."""
    pieces = label(evidence >= 0.5, connectivity=2)
    numbers = [n for n in range(1, pieces.max() + 1) if roi[pieces == n].mean() >= 0.5]
    return np.searchsorted([0, *numbers], np.where(np.isin(pieces, numbers), pieces, 0))


def match_truth(labels: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """Return for each label whether it matches a true ePVS; an ePVS matches one label at most.

    Label and ePVS must share at least half of the pixels of the smaller one. The assignment with
    the most pairs is used.
    """
    values, truth = np.unique(truth, return_inverse=True)
    shared = np.zeros((labels.max() + 1, values.size))
    np.add.at(shared, (labels.ravel(), truth.ravel()), 1)
    smaller = np.minimum(shared.sum(1)[1:, None], shared.sum(0)[None, 1:])
    pairs = shared[1:, 1:] * 2 >= np.maximum(smaller, 1)
    rows, columns = linear_sum_assignment(pairs, maximize=True)
    out = np.zeros(labels.max(), bool)
    out[rows] = pairs[rows, columns]
    return out


def agreement(values: np.ndarray, reference: np.ndarray) -> dict:
    """Return the errors and the absolute agreement of numbers per image."""
    return {
        'mae': round(float(np.abs(values - reference).mean()), 3),
        'bias': round(float((values - reference).mean()), 3),
        'icc': round(float(intraclass_correlation(np.stack([values, reference], 1)).value), 4),
    }


def measure(dataset: Path, cascade) -> dict:
    """Compare the rules on every image that inference would use."""
    samples = [s for s in read_samples(dataset, dataset / 'derivatives' / 'truth') if s.chosen]
    cuts = [sample.cut() for sample in samples]
    preprocessing = cascade.card.preprocessing
    images = np.stack([prepare_image(image, roi, preprocessing) for image, roi, _ in cuts])
    prediction = cascade.predict(images)
    true = np.array([sample.count for sample in samples], float)
    numbers, hits = ({rule: [] for rule in RULES} for _ in range(2))
    strengths, outcomes = [], []
    for image, evidence, count, (_, roi, truth) in zip(
        images, prediction.evidence, prediction.counts, cuts, strict=True
    ):
        candidates = components.label_candidates(evidence, roi)
        candidates = components.drop_borders(*candidates, image, roi)
        instances, strength = components.keep_strongest(*candidates, int(round_count(count)))
        for rule, labels in zip(
            RULES, (label_at_half(evidence, roi), candidates[0], instances), strict=True
        ):
            matches = match_truth(labels, truth)
            numbers[rule].append(labels.max())
            hits[rule].append(np.count_nonzero(matches))
        strengths += [*strength]
        outcomes += [*matches]
    return {
        'n_participants': len({sample.participant for sample in samples}),
        'n_images': len(samples),
        'count_to_truth': agreement(prediction.counts, true),
        **{
            rule: describe(np.array(numbers[rule]), sum(hits[rule]), prediction.counts, true)
            for rule in RULES
        },
        'images_with_fewer_instances_than_count': int(
            np.count_nonzero(numbers['instances'] < round_count(prediction.counts))
        ),
        'precision_by_strength': by_strength(np.array(strengths), np.array(outcomes)),
    }


def describe(numbers: np.ndarray, hits: int, counts: np.ndarray, true: np.ndarray) -> dict:
    """Return the agreement of one rule's numbers with counts and truth."""
    return {
        'to_count': agreement(numbers, counts),
        'to_truth': agreement(numbers, true),
        'precision': round(hits / max(numbers.sum(), 1), 4),
        'recall': round(hits / max(true.sum(), 1), 4),
    }


def by_strength(strengths: np.ndarray, outcomes: np.ndarray) -> dict:
    """Return the share of true instances, by strength."""
    return {
        f'from {low}': {
            'n': int(selected.sum()),
            'precision': round(float(outcomes[selected].mean()), 3) if selected.any() else None,
        }
        for low, high in pairwise(STRENGTHS)
        for selected in [(low <= strengths) & (strengths < high)]
    }


def main() -> None:
    """Measure all datasets and write one JSON file."""
    parser = command_line(__doc__)
    parser.add_argument('out', type=Path, metavar='FILE')
    parser.add_argument('datasets', type=Path, nargs='+', metavar='DATASET')
    args = parser.parse_args()
    configure_tensorflow(1, SEED)
    cascade = load_bundle(data.path('cascade'))
    names = ('SMOOTHING', 'DIP', 'EXTENT', 'MIN_STRENGTH', 'FLUID', 'FLUID_DISTANCE')
    record = {
        'model': cascade.card.label,
        'model_sha256': model_sha256(data.path('cascade')),
        'rule': {name.lower(): getattr(components, name) for name in names},
        'datasets': {dataset.name: measure(dataset, cascade) for dataset in args.datasets},
    }
    write_record(args.out, command('evidence', args, 'out', 'datasets'), record)


if __name__ == '__main__':
    main()
