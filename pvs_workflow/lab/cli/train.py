"""``pvs_cascade train``: simulated or rated images in, a cascade bundle out."""

import argparse
import shlex
import shutil
import time
from dataclasses import replace
from pathlib import Path

from pvs_workflow.errors import EXIT_OK, PVSError
from pvs_workflow.files import write_text
from pvs_workflow.lab.cli.numbers import whole
from pvs_workflow.lab.cli.record import (
    VARIANTS,
    check_dataset,
    check_masks,
    command_of,
    limitations,
    training_record,
)

DEFAULT_SEED = 20240715
DEFAULT_NAME = 'pvs_workflow cascade'
DEFAULT_PARTICIPANTS = 200
SHIPPED = 'shipped'
OTHERS = 0.5
"""People who are simulated to calibrate on, over those to train on."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``pvs_cascade train``."""
    parser.add_argument(
        'output', type=Path, metavar='OUTPUT_BUNDLE', help='folder of the cascade to write'
    )
    own = parser.add_argument_group('your own data (without it, people are simulated)')
    own.add_argument('--bids-dir', type=Path, metavar='DIR', help='dataset with T2w images')
    own.add_argument(
        '--derivatives',
        type=Path,
        metavar='DIR',
        help='basal ganglia of the T2w: the results of pvs_workflow, or a simulated truth '
        '(default: BIDS_DIR/derivatives/truth)',
    )
    own.add_argument(
        '--masks',
        type=Path,
        metavar='DIR',
        help="raters' ePVS masks, *_space-T2w_desc-raters_mask.nii.gz (default: with the basal "
        'ganglia)',
    )
    own.add_argument(
        '--ratings',
        type=Path,
        metavar='TSV',
        help='counts instead of masks: participant_id, session_id, hemisphere, slice, count',
    )
    simulated = parser.add_argument_group('simulated data')
    simulated.add_argument(
        '--participants',
        type=whole(1),
        default=DEFAULT_PARTICIPANTS,
        metavar='N',
        help='simulated people (default: %(default)s)',
    )
    simulated.add_argument(
        '--anatomies', type=Path, metavar='DIR', help='label maps that they may have'
    )
    simulated.add_argument(
        '--backgrounds',
        type=Path,
        metavar='DIR',
        help='results of pvs_workflow on real T2w with few ePVS, to implant simulated ones in',
    )
    parser.add_argument(
        '--from',
        dest='start',
        type=Path,
        metavar='BUNDLE',
        help=f'start from this cascade ("{SHIPPED}" for the one that comes with pvs_workflow)',
    )
    parser.add_argument(
        '--new-counter',
        action='store_true',
        help='train a counter anew on the enhancer of --from, which stays as it is',
    )
    parser.add_argument('--seed', type=whole(0), default=DEFAULT_SEED, help='default: %(default)s')
    parser.add_argument(
        '--epochs-enhancer',
        type=whole(1),
        metavar='N',
        help='how often the enhancer sees all images (default: as the recipe says)',
    )
    parser.add_argument(
        '--epochs-counter', type=whole(1), metavar='N', help='the same, of the counter'
    )
    parser.add_argument(
        '--minutes',
        type=_minutes,
        metavar='BUDGET',
        help='stop learning after this wall time (the result then depends on the machine)',
    )
    parser.add_argument(
        '--paper-settings',
        action='store_true',
        help='epochs, learning rate and batch of the paper: days on a CPU',
    )
    parser.add_argument(
        '--resume',
        action='store_true',
        help='go on from the checkpoints of the same command, stopped earlier',
    )
    parser.add_argument(
        '--n-cpus', type=whole(1), default=1, metavar='N', help='threads (default: %(default)s)'
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
    derivatives = _check_own(args)

    from pvs_workflow.lab.training.curves import save_curves
    from pvs_workflow.lab.training.fit import train_cascade
    from pvs_workflow.networks.bundle import check_target, save_bundle

    # Before the hours of training, not after them.
    check_target(args.output)
    start, sha256 = _load_start(args)
    config = _config(args, start)
    begin = time.monotonic()
    if args.bids_dir:
        samples, others = _read(args, derivatives), []
    else:
        samples, others = _simulate(args)
    people = {sample.participant for sample in samples}
    print(f'{len(samples)} images of {len(people)} participants', flush=True)
    checkpoints = _prepare_checkpoints(args)
    training = train_cascade(
        samples,
        config,
        args.seed,
        args.n_cpus,
        _print_epoch,
        start,
        checkpoints,
        others,
        args.new_counter,
    )
    record = training_record(args, samples, others, config, training)
    if start is not None:
        record['started_from'] = {'model': start.card.label, 'model_sha256': sha256}
    card = replace(
        training.cascade.card,
        name=args.name,
        version=args.version_label,
        training=record | {'seconds': round(time.monotonic() - begin)},
        metrics={'calibration_participants': training.scores.to_card()},
        limitations=limitations(args, len(people)),
    )
    save_bundle(args.output, training.cascade.enhancer, training.cascade.counter, card)
    curves = args.output.with_name(f'{args.output.name}_curves.png')
    save_curves(curves, training.history)
    shutil.rmtree(checkpoints, ignore_errors=True)
    print(f'Cascade: {args.output}\nLoss curves: {curves}')
    return EXIT_OK


def _check_own(args: argparse.Namespace) -> Path | None:
    """Return the derivatives of the user's own data, if there are any."""
    for name in ('derivatives', 'masks', 'ratings'):
        if getattr(args, name) and not args.bids_dir:
            raise PVSError(
                f'--{name} cannot be used alone, expected --bids-dir with the T2w, received none'
            )
    if args.new_counter and not args.start:
        raise PVSError(
            '--new-counter cannot be used alone, expected --from with the cascade whose enhancer '
            'stays ("shipped"), received none'
        )
    if not args.bids_dir:
        return None
    derivatives = check_dataset(args.bids_dir, args.derivatives)
    check_masks(args.masks)
    if args.ratings and not (args.masks or args.start):
        raise PVSError(
            'ratings alone cannot train the enhancer, expected --from with a cascade to start '
            'from ("shipped") or --masks with ePVS masks, received neither'
        )
    return derivatives


def _read(args: argparse.Namespace, derivatives: Path) -> list:
    from pvs_workflow.lab.training.ratings import read_ratings
    from pvs_workflow.lab.training.samples import read_samples

    ratings = read_ratings(args.ratings) if args.ratings else None
    print(f'Reading {args.bids_dir}', flush=True)
    samples = list(read_samples(args.bids_dir, derivatives, args.masks, ratings))
    print(f'{sum(sample.has_masks for sample in samples)} images have masks', flush=True)
    return samples


def _simulate(args: argparse.Namespace) -> tuple[list, list]:
    """Return what to learn from, and whole people to calibrate on."""
    from pvs_workflow.lab.simulation.labelmaps import find_label_maps
    from pvs_workflow.lab.training.heldout import calibration_images
    from pvs_workflow.lab.training.streams import background_sources, simulated_sources

    anatomies = tuple(find_label_maps(args.anatomies)) if args.anatomies else ()
    real = []
    if args.backgrounds:
        real = background_sources(args.backgrounds, VARIANTS, args.seed, args.n_cpus)
        print(f'{len(real)} images of real backgrounds', flush=True)

    def progress(done):
        if done % 10 == 0 or done == args.participants:
            print(f'Simulated {done} of {args.participants} participants', flush=True)

    found = simulated_sources(args.participants, args.seed, anatomies, args.n_cpus, progress)
    number = round(OTHERS * args.participants)
    others = calibration_images(number, args.seed, anatomies, args.n_cpus)
    print(f'{len(others)} images of other people to calibrate on', flush=True)
    return found + real, others


def _load_start(args: argparse.Namespace):
    """Return the cascade to start from and its checksum, or nothing."""
    if args.start is None:
        return None, None
    from pvs_workflow import data
    from pvs_workflow.networks.bundle import load_bundle, model_sha256
    from pvs_workflow.networks.engine import configure_tensorflow

    path = data.path('cascade') if str(args.start) == SHIPPED else args.start
    configure_tensorflow(args.n_cpus, args.seed)
    return load_bundle(path), model_sha256(path)


def _prepare_checkpoints(args: argparse.Namespace) -> Path:
    """Return the folder of checkpoints; only those of the same command are gone on from.

    Raises
    ------
    PVSError
        If they are of another command.

    """
    folder = args.output.with_name(f'{args.output.name}_checkpoints')
    # Processes and threads may differ: they change the last digits at most.
    command = shlex.join(command_of(args, without=('n_cpus',)))
    path = folder / 'command.txt'
    if not args.resume:
        shutil.rmtree(folder, ignore_errors=True)
    elif not path.is_file():
        print(f'{folder} has nothing to resume: this training starts from the beginning')
    elif (before := path.read_text('utf-8').strip()) != command:
        raise PVSError(
            f'the checkpoints in {folder} are of another training, expected the same command '
            f'({before}), received {command}'
        )
    write_text(path, command + '\n')
    return folder


def _config(args: argparse.Namespace, start):
    from pvs_workflow.lab.training.config import FAST, FINE, OWN, PAPER

    # Plates are exposed anew each time they are drawn, from a cascade or from the beginning.
    short = (FINE if start and not args.new_counter else OWN) if args.bids_dir else FAST
    config = PAPER if args.paper_settings else short
    long = PAPER if args.minutes else config
    enhancer = args.epochs_enhancer or long.enhancer.epochs
    counter = args.epochs_counter or long.counter.epochs
    config = replace(
        config,
        enhancer=replace(config.enhancer, epochs=enhancer),
        counter=replace(config.counter, epochs=counter),
    )
    config = config.starting_from(start.card, args.new_counter) if start else config
    return config.within(60 * args.minutes) if args.minutes else config


def _print_epoch(epoch) -> None:
    print(
        f'{epoch.network} epoch {epoch.number}: training loss {epoch.training_loss:.5f}, '
        f'validation loss {epoch.validation_loss:.5f}, {epoch.seconds:.0f} s',
        flush=True,
    )


def _minutes(text: str) -> float:
    value = float(text)
    if not 0 < value < float('inf'):
        raise argparse.ArgumentTypeError(f'expected minutes > 0, received {text}')
    return value
