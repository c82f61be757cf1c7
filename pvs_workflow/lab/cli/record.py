"""What ``pvs_cascade`` writes down of data and commands."""

import argparse
import json
import shlex
from collections.abc import Collection
from pathlib import Path

from pvs_workflow import __version__
from pvs_workflow.derivatives import names
from pvs_workflow.errors import InvalidDatasetError, PVSError
from pvs_workflow.files import read_json

VARIANTS = 4
"""Of each real background: flipped, bent and re-contrasted in other ways."""

SIMULATOR = 'pvs_workflow.simulation'
"""As simulated datasets name their maker in ``GeneratedBy``."""


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


def check_masks(folder: Path | None) -> None:
    """Refuse a folder of raters' masks that is not there.

    Raises
    ------
    PVSError

    """
    if folder and not folder.is_dir():
        raise PVSError(
            f'the masks {folder} cannot be read, expected a folder, received '
            f'{"a file" if folder.exists() else "nothing there"}'
        )


def dataset_record(bids_dir: Path) -> dict:
    """Return what a dataset says of its own making."""
    try:
        description = read_json(bids_dir / 'dataset_description.json')
    except (OSError, ValueError):
        return {}
    if not isinstance(description, dict):
        return {}
    kept = ('Name', 'GeneratedBy', 'License')
    return {name: description[name] for name in kept if name in description}


def training_record(args: argparse.Namespace, samples, others, config, training) -> dict:
    """Return what a card says of a training.

    Parameters
    ----------
    args : Namespace
        Of ``pvs_cascade train``.
    samples : sequence of Sample or PlateSource
    others : sequence of Sample
        Of people who were simulated to calibrate on.
    config : TrainingConfig
    training : Training

    """
    masks = sum(sample.has_masks for sample in samples)
    return {
        'data': dataset_record(args.bids_dir) if args.bids_dir else _simulated_record(args),
        'participants': len({sample.participant for sample in samples}),
        'images': len(samples),
        'images_with_masks': masks,
        'images_with_counts_alone': len(samples) - masks,
        'calibrated_besides_on': len({sample.participant for sample in others}),
        'seed': args.seed,
        'command': shlex.join(command_of(args)),
        'settings': config.to_card(),
        'epochs': {
            network: max((e.number for e in training.history if e.network == network), default=0)
            for network in ('enhancer', 'counter')
        },
        'counts_multiplied_by': round(training.factor, 4),
        'threads': args.n_cpus,
    }


def limitations(args: argparse.Namespace, participants: int) -> str:
    """Return what a card warns of: what the cascade was trained on."""
    from pvs_workflow.networks.card import LIMITATIONS

    makers = dataset_record(args.bids_dir).get('GeneratedBy', []) if args.bids_dir else []
    if not args.bids_dir or SIMULATOR in json.dumps(makers):
        return LIMITATIONS
    before = ', after another cascade' if args.start else ''
    return (
        f'Trained on {participants} participants of one dataset{before}; its counts are as their '
        "raters'; not a medical device."
    )


def command_of(args: argparse.Namespace, without: Collection[str] = ()) -> list[str]:
    """Return the command that repeats a training, folders by their names only.

    Parameters
    ----------
    args : Namespace
        Of ``pvs_cascade train``.
    without : collection of str
        Arguments to leave out.

    """
    out = ['pvs_cascade', 'train', args.output.name]
    own = ['bids_dir', 'derivatives', 'masks', 'ratings']
    names = own if args.bids_dir else ['participants', 'anatomies', 'backgrounds']
    names = [*names, 'start', 'seed', 'epochs_enhancer', 'epochs_counter', 'minutes', 'n_cpus']
    for name in names:
        value = getattr(args, name)
        if value is not None and name not in without:
            flag = '--from' if name == 'start' else '--' + name.replace('_', '-')
            out += [flag, value.name if isinstance(value, Path) else f'{value}'.removesuffix('.0')]
    flags = (name for name in ('new_counter', 'paper_settings') if getattr(args, name))
    return out + ['--' + name.replace('_', '-') for name in flags]


def _simulated_record(args: argparse.Namespace) -> dict:
    """Return what the simulated people are made of: file names and numbers."""
    out = {'Name': 'simulated while training', 'simulator': __version__}
    if args.anatomies:
        from pvs_workflow.lab.simulation.labelmaps import find_label_maps

        out['anatomies'] = [path.name for path in find_label_maps(args.anatomies)]
    if args.backgrounds:
        found = sorted(args.backgrounds.glob(f'sub-*/**/*_{names.T2W}.nii.gz'))
        out['backgrounds'] = [path.name for path in found]
        out['variants'] = VARIANTS
    return out
