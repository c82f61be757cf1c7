"""Agreement of the found instances with the predicted and the true count.

Each DATASET is one that ``pvs_cascade simulate`` wrote. Three rules are compared: plain connected
components at half evidence, all candidates, and the instances, which are the strongest candidates
up to the count. All images get their true ROI and the cascade that ships.
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


def at_half(evidence: np.ndarray, roi: np.ndarray) -> np.ndarray:
    """Label connected pixels of at least half evidence that lie in the ROI by half."""
    pieces = label(evidence >= 0.5, connectivity=2)
    numbers = [n for n in range(1, pieces.max() + 1) if roi[pieces == n].mean() >= 0.5]
    return np.searchsorted([0, *numbers], np.where(np.isin(pieces, numbers), pieces, 0))


def true_ones(labels: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """Tell which labels are a true ePVS, each of which can be only one label's.

    Label and ePVS must share at least half of the smaller one's pixels; of all assignments the
    one with most pairs is taken.
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


def agreement(found: np.ndarray, reference: np.ndarray) -> dict:
    """Compare numbers per image: errors and absolute agreement."""
    return {
        'mae': round(float(np.abs(found - reference).mean()), 3),
        'bias': round(float((found - reference).mean()), 3),
        'icc': round(float(intraclass_correlation(np.stack([found, reference], 1)).value), 4),
    }


def measure(dataset: Path, cascade) -> dict:
    """Compare the rules on every image that inference would use."""
    samples = [s for s in read_samples(dataset, dataset / 'derivatives' / 'truth') if s.chosen]
    cuts = [sample.cut() for sample in samples]
    how = cascade.card.preprocessing
    images = np.stack([prepare_image(image, roi, how) for image, roi, _ in cuts])
    found = cascade.predict(images)
    true = np.array([sample.count for sample in samples], float)
    numbers, right = ({rule: [] for rule in RULES} for _ in range(2))
    strengths, outcomes = [], []
    for image, evidence, count, (_, roi, truth) in zip(
        images, found.evidence, found.counts, cuts, strict=True
    ):
        candidates = components.label_candidates(evidence, roi)
        candidates = components.drop_borders(*candidates, image, roi)
        kept, strong = components.keep_strongest(*candidates, int(round_count(count)))
        for rule, labels in zip(RULES, (at_half(evidence, roi), candidates[0], kept), strict=True):
            hits = true_ones(labels, truth)
            numbers[rule].append(labels.max())
            right[rule].append(np.count_nonzero(hits))
        strengths += [*strong]
        outcomes += [*hits]
    return {
        'n_participants': len({sample.participant for sample in samples}),
        'n_images': len(samples),
        'count_to_truth': agreement(found.counts, true),
        **{
            rule: describe(np.array(numbers[rule]), sum(right[rule]), found.counts, true)
            for rule in RULES
        },
        'images_with_fewer_instances_than_count': int(
            np.count_nonzero(numbers['instances'] < round_count(found.counts))
        ),
        'precision_by_strength': by_strength(np.array(strengths), np.array(outcomes)),
    }


def describe(numbers: np.ndarray, right: int, counts: np.ndarray, true: np.ndarray) -> dict:
    """Say how one rule's numbers agree with counts and truth."""
    return {
        'to_count': agreement(numbers, counts),
        'to_truth': agreement(numbers, true),
        'precision': round(right / max(numbers.sum(), 1), 4),
        'recall': round(right / max(true.sum(), 1), 4),
    }


def by_strength(strengths: np.ndarray, outcomes: np.ndarray) -> dict:
    """Return the share of kept instances that are true, by their strength."""
    return {
        f'from {low}': {
            'n': int(own.sum()),
            'precision': round(float(outcomes[own].mean()), 3) if own.any() else None,
        }
        for low, high in pairwise(STRENGTHS)
        for own in [(low <= strengths) & (strengths < high)]
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
    found = {
        'model': cascade.card.label,
        'model_sha256': model_sha256(data.path('cascade')),
        'rule': {name.lower(): getattr(components, name) for name in names},
        'datasets': {dataset.name: measure(dataset, cascade) for dataset in args.datasets},
    }
    write_record(args.out, command('evidence', args, 'out', 'datasets'), found)


if __name__ == '__main__':
    main()
