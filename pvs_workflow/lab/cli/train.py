"""Train a cascade on simulated participants or on your own rated images."""

import argparse
import shutil
import time
from dataclasses import replace
from pathlib import Path

from pvs_workflow.errors import EXIT_OK, PVSError
from pvs_workflow.files import write_text
from pvs_workflow.lab.cli.arguments import add_epochs, add_raters, whole_number
from pvs_workflow.lab.cli.record import (
    check_masks,
    find_truth,
    limitations,
    training_command,
    training_record,
)
from pvs_workflow.lab.training.plan import SHIPPED, VARIANTS, TrainingPlan
from pvs_workflow.networks.card import MAX_NAME

DEFAULT_SEED = 20240715
DEFAULT_NAME = 'pvs_workflow cascade'
DEFAULT_PARTICIPANTS = 200


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``pvs_cascade train``."""
    parser.add_argument(
        'output', type=Path, metavar='OUTPUT_BUNDLE', help='folder to write the cascade to'
    )
    rated = parser.add_argument_group('your own data (default: simulated participants)')
    rated.add_argument('--bids-dir', type=Path, metavar='DIR', help='dataset with T2w images')
    rated.add_argument(
        '--derivatives',
        type=Path,
        metavar='DIR',
        help='folder of the basal ganglia labels: results of pvs_workflow, or the truth of a '
        'simulation (default: BIDS_DIR/derivatives/truth)',
    )
    add_raters(rated)
    simulated = parser.add_argument_group('simulated data')
    simulated.add_argument(
        '--participants',
        type=whole_number(1),
        default=DEFAULT_PARTICIPANTS,
        metavar='N',
        help='number of simulated participants (default: %(default)s)',
    )
    simulated.add_argument(
        '--anatomies',
        type=Path,
        metavar='DIR',
        help='label maps with FreeSurfer numbers, used as anatomies in addition to the template',
    )
    simulated.add_argument(
        '--backgrounds',
        type=Path,
        metavar='DIR',
        help='results of pvs_workflow on real T2w with few ePVS, used as backgrounds of ePVS',
    )
    parser.add_argument(
        '--from',
        dest='start',
        type=Path,
        metavar='BUNDLE',
        help=f'cascade to start from ("{SHIPPED}": the one distributed with pvs_workflow)',
    )
    parser.add_argument(
        '--new-counter',
        action='store_true',
        help='keep the enhancer of --from unchanged and train a new counter on it',
    )
    parser.add_argument(
        '--seed',
        type=whole_number(0),
        default=DEFAULT_SEED,
        help='random seed (default: %(default)s)',
    )
    add_epochs(parser)
    parser.add_argument(
        '--minutes',
        type=_minutes,
        metavar='BUDGET',
        help='maximum training time, minutes; the result then depends on the machine',
    )
    parser.add_argument(
        '--paper-settings',
        action='store_true',
        help='use the epochs, learning rate and batch size of the paper; takes days on a CPU',
    )
    parser.add_argument(
        '--resume',
        action='store_true',
        help='resume an interrupted run of the same command from its checkpoints',
    )
    parser.add_argument(
        '--n-cpus',
        type=whole_number(1),
        default=1,
        metavar='N',
        help='threads (default: %(default)s)',
    )
    parser.add_argument(
        '--name',
        type=_card_name,
        default=DEFAULT_NAME,
        help='name of the cascade (default: %(default)s)',
    )
    parser.add_argument(
        '--version-label',
        type=_card_name,
        default='0',
        metavar='LABEL',
        help='version of the cascade (default: %(default)s)',
    )


def run(plan: TrainingPlan) -> int:
    """Train and save a cascade, and print the path of its bundle.

    Raises
    ------
    PVSError
        If there are no training images or the bundle cannot be written.

    """
    from pvs_workflow.lab.training.curves import save_curves
    from pvs_workflow.lab.training.fit import train_cascade
    from pvs_workflow.lab.training.saving import check_target, save_bundle

    if plan.bids_dir:
        derivatives = find_truth(plan.bids_dir, plan.derivatives)
        check_masks(plan.masks)
    # Checked before hours of training, not after.
    check_target(plan.output)
    start, sha256 = _load_start(plan)
    started = time.monotonic()
    samples, others = (_read(plan, derivatives), []) if plan.bids_dir else _simulate(plan)
    participants = {sample.participant for sample in samples}
    print(f'{len(samples)} images of {len(participants)} participants', flush=True)
    _prepare_checkpoints(plan)
    training = train_cascade(
        samples,
        plan.config(),
        plan.seed,
        threads=plan.n_cpus,
        on_epoch=_print_epoch,
        start=start,
        new_counter=plan.new_counter,
        checkpoints=plan.checkpoints,
        calibration=others,
    )
    record = training_record(plan, samples, others, training)
    if start is not None:
        record['started_from'] = {'model': start.card.label, 'model_sha256': sha256}
    card = replace(
        training.cascade.card,
        name=plan.name,
        version=plan.version_label,
        training=record | {'seconds': round(time.monotonic() - started)},
        metrics={'calibration_participants': training.scores.to_card()},
        limitations=limitations(plan, len(participants)),
    )
    save_bundle(plan.output, training.cascade.enhancer, training.cascade.counter, card)
    save_curves(plan.curves, training.history)
    shutil.rmtree(plan.checkpoints, ignore_errors=True)
    print(f'Cascade: {plan.output}\nLoss curves: {plan.curves}')
    return EXIT_OK


def _read(plan: TrainingPlan, derivatives: Path) -> list:
    from pvs_workflow.lab.training.rated_scans import read_counts
    from pvs_workflow.lab.training.samples import read_samples

    ratings = read_counts(plan.ratings) if plan.ratings else None
    print(f'Reading {plan.bids_dir}', flush=True)
    samples = list(read_samples(plan.bids_dir, derivatives, plan.masks, ratings))
    print(f'{sum(sample.has_masks for sample in samples)} images have masks', flush=True)
    return samples


def _simulate(plan: TrainingPlan) -> tuple[list, list]:
    """Return training samples, and samples of other participants for calibration."""
    from pvs_workflow.lab.simulation.labelmaps import find_label_maps
    from pvs_workflow.lab.training.heldout import calibration_images
    from pvs_workflow.lab.training.streams import background_sources, simulated_sources

    anatomies = tuple(find_label_maps(plan.anatomies)) if plan.anatomies else ()
    background = []
    if plan.backgrounds:
        background = background_sources(plan.backgrounds, VARIANTS, plan.seed, plan.n_cpus)
        print(f'{len(background)} images from real backgrounds', flush=True)

    def progress(done):
        if done % 10 == 0 or done == plan.participants:
            print(f'Simulated {done} of {plan.participants} participants', flush=True)

    simulated = simulated_sources(plan.participants, plan.seed, anatomies, plan.n_cpus, progress)
    others = calibration_images(plan.n_calibration, plan.seed, anatomies, plan.n_cpus)
    print(f'{len(others)} images of other participants for calibration', flush=True)
    return simulated + background, others


def _load_start(plan: TrainingPlan):
    """Return the cascade to start from and its checksum, or None for both."""
    if plan.start is None:
        return None, None
    from pvs_workflow import data
    from pvs_workflow.networks.bundle import load_bundle, model_sha256
    from pvs_workflow.networks.engine import configure_tensorflow

    path = data.path('cascade') if plan.start == SHIPPED else plan.start
    configure_tensorflow(plan.n_cpus, plan.seed)
    return load_bundle(path), model_sha256(path)


def _prepare_checkpoints(plan: TrainingPlan) -> None:
    """Create the folder of checkpoints, or check that it belongs to the same command."""
    folder, path = plan.checkpoints, plan.checkpoints / 'command.txt'
    # The number of threads affects the last digits at most.
    command = training_command(plan, n_cpus=False)
    if not plan.resume:
        shutil.rmtree(folder, ignore_errors=True)
    elif not path.is_file():
        print(f'{folder} has no checkpoints; training starts from the beginning')
    elif (before := path.read_text('utf-8').strip()) != command:
        raise PVSError(
            f'{folder} holds checkpoints of another command ({before}); repeat that command, or '
            'omit --resume'
        )
    write_text(path, command + '\n')


def _print_epoch(epoch) -> None:
    print(
        f'{epoch.network} epoch {epoch.number}: training loss {epoch.training_loss:.5f}, '
        f'validation loss {epoch.validation_loss:.5f}, {epoch.seconds:.0f} s',
        flush=True,
    )


def _card_name(text: str) -> str:
    if text.isprintable() and len(text) <= MAX_NAME:
        return text
    raise argparse.ArgumentTypeError(f'give one line of at most {MAX_NAME} characters')


def _minutes(text: str) -> float:
    value = float(text)
    if not 0 < value < float('inf'):
        raise argparse.ArgumentTypeError(f'{text} is not a positive number of minutes')
    return value
