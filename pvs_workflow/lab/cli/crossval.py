"""``pvs_cascade crossval``: the paper's comparison of enhancements, in folds by participant."""

import argparse
import shlex
import sys
import time
from dataclasses import asdict, replace
from pathlib import Path

from pvs_workflow.errors import EXIT_OK
from pvs_workflow.lab.cli.numbers import whole
from pvs_workflow.lab.cli.record import check_dataset, dataset_record

DEFAULT_SEED = 1
DEFAULT_FOLDS = 4
METHODS = ('none', 'tophat', 'clahe', 'laplacian', 'frangi', 'deep')
PARTS = 'parts'


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``pvs_cascade crossval``."""
    parser.add_argument('bids_dir', type=Path, metavar='BIDS_DIR', help='dataset with T2w images')
    parser.add_argument(
        'output',
        type=Path,
        metavar='OUTPUT_DIR',
        help='folder of the results; one that an interrupted run left is gone on with',
    )
    parser.add_argument(
        '--derivatives',
        type=Path,
        metavar='DIR',
        help='the truth: ROI and ePVS labels (default: BIDS_DIR/derivatives/truth)',
    )
    parser.add_argument('--seed', type=whole(0), default=DEFAULT_SEED, help='default: %(default)s')
    parser.add_argument(
        '--folds', type=whole(2), default=DEFAULT_FOLDS, metavar='N', help='default: %(default)s'
    )
    parser.add_argument(
        '--epochs-enhancer',
        type=whole(1),
        metavar='N',
        help='how often the enhancer sees all images (default: as the recipe says)',
    )
    parser.add_argument(
        '--epochs-counter',
        type=whole(1),
        metavar='N',
        help='the same, of the counter, alike after every enhancement',
    )
    parser.add_argument(
        '--variations',
        type=whole(1),
        metavar='N',
        help='random variations of each training image (default: 8; 40 kB of memory each)',
    )
    parser.add_argument(
        '--methods',
        nargs='+',
        choices=METHODS,
        default=list(METHODS),
        metavar='METHOD',
        help=f'enhancements to compare, among {", ".join(METHODS)} (default: all)',
    )
    parser.add_argument(
        '--n-cpus',
        type=whole(1),
        default=1,
        metavar='N',
        help='processes (default: %(default)s); the result does not depend on it',
    )


def run(args: argparse.Namespace) -> int:
    """Cross-validate, and write tables and figures.

    Raises
    ------
    PVSError
        If the dataset cannot be used, or the folder cannot be written to or has parts of
        another cross-validation.

    """
    derivatives = check_dataset(args.bids_dir, args.derivatives)

    from pvs_workflow.files import write_json
    from pvs_workflow.lab.evaluation.crossval import cross_validate
    from pvs_workflow.lab.evaluation.figures import save_figures
    from pvs_workflow.lab.evaluation.results import write_predictions
    from pvs_workflow.lab.training.samples import read_samples

    print(f'Reading {args.bids_dir}', flush=True)
    samples = [s for s in read_samples(args.bids_dir, derivatives) if s.chosen]
    people = {sample.participant for sample in samples}
    print(f'{len(samples)} images of {len(people)} participants', flush=True)
    begin = time.monotonic()
    config = _config(args)
    found = cross_validate(
        samples,
        config,
        args.output / PARTS,
        args.seed,
        args.methods,
        args.folds,
        args.n_cpus,
        lambda done, total: print(f'{done} of {total} parts done', flush=True),
    )
    results = [image for parts in found.parts.values() for part in parts for image in part.images]
    wall = time.monotonic() - begin
    write_predictions(args.output / 'predictions.tsv', results)
    figures = save_figures(args.output, results)
    write_json(args.output / 'crossval.json', _record(args, config, samples, found, results, wall))
    for path in (args.output / 'crossval.json', args.output / 'predictions.tsv', *figures):
        print(path, file=sys.stderr)
    return EXIT_OK


def _config(args: argparse.Namespace):
    from pvs_workflow.lab.evaluation.fold import CrossvalConfig

    config = CrossvalConfig()
    epochs = {'enhancer': args.epochs_enhancer, 'counter': args.epochs_counter}
    schedules = {
        network: replace(getattr(config, network), epochs=number)
        for network, number in epochs.items()
        if number
    }
    return replace(config, **schedules, variations=args.variations or config.variations)


def _record(args, config, samples, found, results, wall: float) -> dict:
    from pvs_workflow.lab.evaluation.tables import contrast_table, counting_table, difference_table
    from pvs_workflow.networks.engine import versions

    return {
        'command': shlex.join(_command(args)),
        'data': dataset_record(args.bids_dir),
        'participants': len({sample.participant for sample in samples}),
        'images': len(samples),
        'seed': args.seed,
        'settings': asdict(config),
        'versions': versions(),
        'contrast': contrast_table(results),
        'counting': counting_table(results),
        'mae_over_deep': difference_table(results),
        'training': {
            method: [
                {'losses': part.losses, 'image_passes': part.image_passes, 'seconds': part.seconds}
                for part in parts
            ]
            for method, parts in found.parts.items()
        },
        'folds': found.folds,
        'seconds': round(wall),
        'part_seconds': round(sum(p.seconds for parts in found.parts.values() for p in parts)),
    }


def _command(args: argparse.Namespace) -> list[str]:
    """Return the command that repeats this, folders by their names only."""
    out = ['pvs_cascade', 'crossval', args.bids_dir.name, args.output.name]
    names = ('seed', 'folds', 'epochs_enhancer', 'epochs_counter', 'variations', 'n_cpus')
    for name in names:
        value = getattr(args, name)
        if value is not None:
            out += ['--' + name.replace('_', '-'), str(value)]
    asked = [name for name in METHODS if name in args.methods]
    return out + (['--methods', *asked] if len(asked) < len(METHODS) else [])
