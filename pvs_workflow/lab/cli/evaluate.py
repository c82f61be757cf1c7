"""``pvs_cascade evaluate``: how well a cascade counts where the truth is known."""

import argparse
import shlex
import sys
import time
from pathlib import Path

from pvs_workflow.errors import EXIT_OK, NoInputError
from pvs_workflow.lab.cli.numbers import whole
from pvs_workflow.lab.cli.record import check_dataset, check_masks, dataset_record


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``pvs_cascade evaluate``."""
    parser.add_argument('bids_dir', type=Path, metavar='BIDS_DIR', help='dataset with T2w images')
    parser.add_argument('bundle', type=Path, metavar='BUNDLE', help='folder of the cascade')
    parser.add_argument('output', type=Path, metavar='OUTPUT_JSON', help='file to write')
    parser.add_argument(
        '--derivatives',
        type=Path,
        metavar='DIR',
        help='the truth, or results of pvs_workflow: ROI and ePVS labels '
        '(default: BIDS_DIR/derivatives/truth)',
    )
    parser.add_argument(
        '--masks',
        type=Path,
        metavar='DIR',
        help="raters' ePVS masks, as for pvs_cascade train (default: with the basal ganglia)",
    )
    parser.add_argument(
        '--ratings',
        type=Path,
        metavar='TSV',
        help='counts instead of masks: participant_id, session_id, hemisphere, slice, count',
    )
    parser.add_argument(
        '--seed', type=whole(0), default=1, help='of the ROI errors (default: %(default)s)'
    )


def run(args: argparse.Namespace) -> int:
    """Evaluate a cascade on the six images of every participant, and write the figures.

    They are given twice: with the true ROI, and with random errors like registration's. Beside
    the file lie drawings of the second kind: agreement with the truth (scatter, Bland–Altman,
    confusion matrices), and reliability of grade probabilities.

    Raises
    ------
    PVSError
        If the bundle or the dataset cannot be used, or the file cannot be written.

    """
    derivatives = check_dataset(args.bids_dir, args.derivatives)
    check_masks(args.masks)

    from pvs_workflow.files import write_json
    from pvs_workflow.lab.evaluation.charts import save_evaluation
    from pvs_workflow.lab.evaluation.findings import evaluate
    from pvs_workflow.lab.training.ratings import read_ratings
    from pvs_workflow.lab.training.samples import read_samples
    from pvs_workflow.networks.bundle import load_bundle, model_sha256
    from pvs_workflow.networks.engine import configure_tensorflow

    ratings = read_ratings(args.ratings) if args.ratings else None
    configure_tensorflow(threads=1)
    cascade = load_bundle(args.bundle)
    begin = time.monotonic()
    read = read_samples(args.bids_dir, derivatives, args.masks, ratings)
    samples = [sample for sample in read if sample.chosen]
    if not samples:
        raise NoInputError(
            f'{args.bids_dir} has nothing to evaluate on, expected masks or ratings of the six '
            'images that are counted, received those of other slices'
        )
    found = evaluate(cascade, samples, args.seed)
    figures = {
        'model': cascade.card.label,
        'model_sha256': model_sha256(args.bundle),
        'command': _command(args),
        'data': dataset_record(args.bids_dir),
        **found.to_json(),
        'seconds': round(time.monotonic() - begin),
    }
    write_json(args.output, figures)
    for path in (args.output, *save_evaluation(args.output.with_suffix(''), found)):
        print(path, file=sys.stderr)
    return EXIT_OK


def _command(args: argparse.Namespace) -> str:
    words = [
        'pvs_cascade',
        'evaluate',
        *(p.name for p in (args.bids_dir, args.bundle, args.output)),
    ]
    for name in ('derivatives', 'masks', 'ratings'):
        if value := getattr(args, name):
            words += [f'--{name}', value.name]
    return shlex.join([*words, '--seed', str(args.seed)])
