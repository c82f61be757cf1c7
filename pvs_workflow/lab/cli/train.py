"""``pvs_cascade train``: simulated or rated images in, a cascade bundle out."""

import argparse
import shutil
import time
from dataclasses import replace
from pathlib import Path

from pvs_workflow.errors import EXIT_OK, PVSError
from pvs_workflow.files import write_text
from pvs_workflow.lab.cli.arguments import add_epochs, add_raters, whole
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
    add_raters(own)
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
    add_epochs(parser)
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
    parser.add_argument(
        '--name', type=_card_name, default=DEFAULT_NAME, help='default: %(default)s'
    )
    parser.add_argument(
        '--version-label', type=_card_name, default='0', metavar='LABEL', help='of the cascade'
    )


def run(plan: TrainingPlan) -> int:
    """Train, save, and print where the bundle is.

    Raises
    ------
    PVSError
        If there is nothing to train on or the bundle cannot be written.

    """
    from pvs_workflow.lab.training.curves import save_curves
    from pvs_workflow.lab.training.fit import train_cascade
    from pvs_workflow.lab.training.saving import check_target, save_bundle

    if plan.bids_dir:
        derivatives = find_truth(plan.bids_dir, plan.derivatives)
        check_masks(plan.masks)
    # Before the hours of training, not after them.
    check_target(plan.output)
    start, sha256 = _load_start(plan)
    begin = time.monotonic()
    samples, others = (_read(plan, derivatives), []) if plan.bids_dir else _simulate(plan)
    people = {sample.participant for sample in samples}
    print(f'{len(samples)} images of {len(people)} participants', flush=True)
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
        training=record | {'seconds': round(time.monotonic() - begin)},
        metrics={'calibration_participants': training.scores.to_card()},
        limitations=limitations(plan, len(people)),
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
    """Return what to learn from, and whole people to calibrate on."""
    from pvs_workflow.lab.simulation.labelmaps import find_label_maps
    from pvs_workflow.lab.training.heldout import calibration_images
    from pvs_workflow.lab.training.streams import background_sources, simulated_sources

    anatomies = tuple(find_label_maps(plan.anatomies)) if plan.anatomies else ()
    real = []
    if plan.backgrounds:
        real = background_sources(plan.backgrounds, VARIANTS, plan.seed, plan.n_cpus)
        print(f'{len(real)} images of real backgrounds', flush=True)

    def progress(done):
        if done % 10 == 0 or done == plan.participants:
            print(f'Simulated {done} of {plan.participants} participants', flush=True)

    found = simulated_sources(plan.participants, plan.seed, anatomies, plan.n_cpus, progress)
    others = calibration_images(plan.others, plan.seed, anatomies, plan.n_cpus)
    print(f'{len(others)} images of other people to calibrate on', flush=True)
    return found + real, others


def _load_start(plan: TrainingPlan):
    """Return the cascade to start from and its checksum, or nothing."""
    if plan.start is None:
        return None, None
    from pvs_workflow import data
    from pvs_workflow.networks.bundle import load_bundle, model_sha256
    from pvs_workflow.networks.engine import configure_tensorflow

    path = data.path('cascade') if plan.start == SHIPPED else plan.start
    configure_tensorflow(plan.n_cpus, plan.seed)
    return load_bundle(path), model_sha256(path)


def _prepare_checkpoints(plan: TrainingPlan) -> None:
    """Make the folder of checkpoints; a training resumes only those of the same command."""
    folder, path = plan.checkpoints, plan.checkpoints / 'command.txt'
    # The number of threads changes the last digits at most.
    command = training_command(plan, n_cpus=False)
    if not plan.resume:
        shutil.rmtree(folder, ignore_errors=True)
    elif not path.is_file():
        print(f'{folder} has nothing to resume: this training starts from the beginning')
    elif (before := path.read_text('utf-8').strip()) != command:
        raise PVSError(
            f'the checkpoints in {folder} are of another training, expected the same command '
            f'({before}), received {command}'
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
        raise argparse.ArgumentTypeError(f'expected minutes > 0, received {text}')
    return value
