"""Measure how well a cascade counts on a dataset with known ePVS."""

import argparse
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from pvs_workflow.errors import EXIT_OK, NoInputError
from pvs_workflow.lab.cli.arguments import add_raters, whole_number
from pvs_workflow.lab.cli.record import check_masks, command_line, dataset_record, find_truth

OPTIONS = ('derivatives', 'masks', 'ratings', 'seed')


@dataclass(frozen=True)
class EvaluationPlan:
    """Arguments of ``pvs_cascade evaluate``."""

    bids_dir: Path
    bundle: Path
    output: Path
    derivatives: Path | None
    masks: Path | None
    ratings: Path | None
    seed: int


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``pvs_cascade evaluate``."""
    parser.add_argument('bids_dir', type=Path, metavar='BIDS_DIR', help='dataset with T2w images')
    parser.add_argument('bundle', type=Path, metavar='BUNDLE', help='folder of the cascade')
    parser.add_argument('output', type=Path, metavar='OUTPUT_JSON', help='JSON file to write')
    parser.add_argument(
        '--derivatives',
        type=Path,
        metavar='DIR',
        help='folder of the ROI and ePVS labels: the truth, or results of pvs_workflow '
        '(default: BIDS_DIR/derivatives/truth)',
    )
    add_raters(parser)
    parser.add_argument(
        '--seed',
        type=whole_number(0),
        default=1,
        help='random seed of the ROI errors (default: %(default)s)',
    )


def run(plan: EvaluationPlan) -> int:
    """Evaluate a cascade on the six images of every participant, and write the results.

    Each image is evaluated twice: with the true ROI, and with random ROI errors like those of
    registration. Figures of the second case are saved next to the file: agreement with the truth
    (scatter, Bland–Altman, confusion matrices) and reliability of the grade probabilities.

    Raises
    ------
    PVSError
        If the bundle or the dataset cannot be used, or the file cannot be written.

    """
    derivatives = find_truth(plan.bids_dir, plan.derivatives)
    check_masks(plan.masks)

    from pvs_workflow.files import write_json
    from pvs_workflow.lab.evaluation.figures import save_evaluation
    from pvs_workflow.lab.evaluation.findings import evaluate_cascade
    from pvs_workflow.lab.training.rated_scans import read_counts
    from pvs_workflow.lab.training.samples import read_samples
    from pvs_workflow.networks.bundle import load_bundle, model_sha256
    from pvs_workflow.networks.engine import configure_tensorflow

    ratings = read_counts(plan.ratings) if plan.ratings else None
    configure_tensorflow(threads=1)
    cascade = load_bundle(plan.bundle)
    start = time.monotonic()
    every = read_samples(plan.bids_dir, derivatives, plan.masks, ratings)
    samples = [sample for sample in every if sample.chosen]
    if not samples:
        raise NoInputError(
            f'{plan.bids_dir} has no masks or ratings of the six images that are counted; '
            'rate those images'
        )
    findings = evaluate_cascade(cascade, samples, plan.seed)
    folders = (plan.bids_dir, plan.bundle, plan.output)
    results = {
        'model': cascade.card.label,
        'model_sha256': model_sha256(plan.bundle),
        'command': command_line('evaluate', folders, plan, OPTIONS),
        'data': dataset_record(plan.bids_dir),
        **findings.to_json(),
        'seconds': round(time.monotonic() - start),
    }
    write_json(plan.output, results)
    for path in (plan.output, *save_evaluation(plan.output.with_suffix(''), findings)):
        print(path, file=sys.stderr)
    return EXIT_OK
