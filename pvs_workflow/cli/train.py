"""``pvs_cascade train``: a BIDS dataset with its truth in, a cascade bundle out."""

import argparse
import json
import shlex
import time
from dataclasses import replace
from pathlib import Path

from pvs_workflow.errors import EXIT_OK, InvalidDatasetError

DEFAULT_SEED = 20240715
DEFAULT_NAME = 'pvs_workflow cascade'


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``pvs_cascade train``."""
    parser.add_argument('bids_dir', type=Path, metavar='BIDS_DIR', help='dataset with T2w images')
    parser.add_argument(
        'output', type=Path, metavar='OUTPUT_BUNDLE', help='folder of the cascade to write'
    )
    parser.add_argument(
        '--derivatives',
        type=Path,
        metavar='DIR',
        help='the truth: ROI and ePVS labels (default: BIDS_DIR/derivatives/truth)',
    )
    parser.add_argument(
        '--seed', type=_at_least_zero, default=DEFAULT_SEED, help='default: %(default)s'
    )
    parser.add_argument('--epochs-enhancer', type=_positive, metavar='N')
    parser.add_argument('--epochs-counter', type=_positive, metavar='N')
    parser.add_argument(
        '--minutes',
        type=_minutes,
        metavar='BUDGET',
        help='stop after this wall time (the result then depends on the machine)',
    )
    parser.add_argument(
        '--paper-settings',
        action='store_true',
        help='epochs, learning rate and batch of the paper: days on a CPU',
    )
    parser.add_argument(
        '--n-cpus', type=_positive, default=1, metavar='N', help='threads (default: %(default)s)'
    )
    parser.add_argument('--name', default=DEFAULT_NAME, help='default: %(default)s')
    parser.add_argument('--version-label', default='0', metavar='LABEL', help='of the cascade')


def run(args: argparse.Namespace) -> int:
    """Train, save, and print where the bundle is.

    Raises
    ------
    PVSError
        If there is nothing to train on or the bundle cannot be written.

    """
    derivatives = check_dataset(args.bids_dir, args.derivatives)

    from pvs_workflow.networks.bundle import check_target, save_bundle
    from pvs_workflow.training.curves import save_curves
    from pvs_workflow.training.fit import train_cascade
    from pvs_workflow.training.samples import read_samples

    # Before the hours of training, not after them.
    check_target(args.output)
    config = _config(args)
    print(f'Reading {args.bids_dir}', flush=True)
    samples = list(read_samples(args.bids_dir, derivatives))
    people = {sample.participant for sample in samples}
    print(f'{len(samples)} images of {len(people)} participants', flush=True)
    begin = time.monotonic()
    training = train_cascade(samples, config, args.seed, args.n_cpus, _print_epoch)
    seconds = time.monotonic() - begin
    card = replace(
        training.cascade.card,
        name=args.name,
        version=args.version_label,
        training=_training_record(args, samples, config, training, seconds),
        metrics={'calibration_participants': training.scores.to_card()},
    )
    save_bundle(args.output, training.cascade.enhancer, training.cascade.counter, card)
    curves = args.output.with_name(f'{args.output.name}_curves.png')
    save_curves(curves, training.history)
    print(f'Cascade: {args.output}\nLoss curves: {curves}')
    return EXIT_OK


def check_dataset(bids_dir: Path, derivatives: Path | None) -> Path:
    """Return the folder of the truth, by default inside the dataset.

    Raises
    ------
    InvalidDatasetError
        If it or the dataset is not a folder.

    """
    derivatives = derivatives or bids_dir / 'derivatives' / 'truth'
    for folder, what in ((bids_dir, 'dataset'), (derivatives, 'truth')):
        if not folder.is_dir():
            raise InvalidDatasetError(
                f'the {what} {folder} cannot be read, expected a folder, received '
                f'{"a file" if folder.exists() else "nothing there"}'
            )
    return derivatives


def _config(args: argparse.Namespace):
    from pvs_workflow.training.config import FAST, PAPER

    config = PAPER if args.paper_settings else FAST
    long = PAPER if args.minutes else config
    enhancer = args.epochs_enhancer or long.enhancer.epochs
    counter = args.epochs_counter or long.counter.epochs
    config = replace(
        config,
        enhancer=replace(config.enhancer, epochs=enhancer),
        counter=replace(config.counter, epochs=counter),
    )
    return config.within(60 * args.minutes) if args.minutes else config


def _training_record(args, samples, config, training, seconds: float) -> dict:
    return {
        'data': dataset_record(args.bids_dir),
        'participants': len({sample.participant for sample in samples}),
        'images': len(samples),
        'largest_count': max(sample.count for sample in samples),
        'seed': args.seed,
        'command': shlex.join(_command(args)),
        'settings': config.to_card(),
        'epochs': {
            network: max(e.number for e in training.history if e.network == network)
            for network in ('enhancer', 'counter')
        },
        'seconds': round(seconds),
        'threads': args.n_cpus,
    }


def dataset_record(bids_dir: Path) -> dict:
    """Return what a dataset says of its own making."""
    try:
        description = json.loads((bids_dir / 'dataset_description.json').read_text('utf-8'))
    except (OSError, ValueError):
        return {}
    kept = ('Name', 'GeneratedBy', 'License')
    return {name: description[name] for name in kept if name in description}


def _command(args: argparse.Namespace) -> list[str]:
    """Return the command that repeats this training, folders by their names only."""
    out = ['pvs_cascade', 'train', args.bids_dir.name, args.output.name]
    for name in ('seed', 'epochs_enhancer', 'epochs_counter', 'minutes', 'n_cpus'):
        value = getattr(args, name)
        if value is not None:
            out += [
                '--' + name.replace('_', '-'),
                f'{value:g}' if name == 'minutes' else str(value),
            ]
    return out + (['--paper-settings'] if args.paper_settings else [])


def _print_epoch(epoch) -> None:
    print(
        f'{epoch.network} epoch {epoch.number}: training loss {epoch.training_loss:.5f}, '
        f'validation loss {epoch.validation_loss:.5f}, {epoch.seconds:.0f} s',
        flush=True,
    )


def _positive(text: str) -> int:
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f'expected a whole number ≥ 1, received {text}')
    return value


def _at_least_zero(text: str) -> int:
    value = int(text)
    if not 0 <= value < 2**32:
        raise argparse.ArgumentTypeError(
            f'expected a whole number from 0 to 2³²−1, received {text}'
        )
    return value


def _minutes(text: str) -> float:
    value = float(text)
    if not 0 < value < float('inf'):
        raise argparse.ArgumentTypeError(f'expected minutes > 0, received {text}')
    return value
