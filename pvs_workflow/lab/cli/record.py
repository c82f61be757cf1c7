"""Records of the data and the command behind a result of ``pvs_cascade``."""

import json
import shlex
from collections.abc import Sequence
from pathlib import Path

from pvs_workflow import __version__
from pvs_workflow.derivatives import names
from pvs_workflow.errors import InvalidDatasetError, PVSError
from pvs_workflow.files import read_json
from pvs_workflow.lab.training.plan import VARIANTS, TrainingPlan

SIMULATOR = 'pvs_workflow.simulation'
"""Name of the simulator in ``GeneratedBy`` of simulated datasets."""


def find_truth(bids_dir: Path, derivatives: Path | None) -> Path:
    """Return the folder of the true labels, by default inside the dataset.

    Raises
    ------
    InvalidDatasetError
        If the dataset or the truth is not a folder.

    """
    derivatives = derivatives or bids_dir / 'derivatives' / 'truth'
    for folder, what in ((bids_dir, 'dataset'), (derivatives, 'truth')):
        if not folder.is_dir():
            raise InvalidDatasetError(_not_a_folder(folder, what))
    return derivatives


def check_masks(folder: Path | None) -> None:
    """Raise :class:`PVSError` if the given path of raters' masks is not a folder."""
    if folder and not folder.is_dir():
        raise PVSError(_not_a_folder(folder, 'masks'))


def _not_a_folder(folder: Path, what: str) -> str:
    return (
        f'{folder} {"is a file" if folder.exists() else "does not exist"}; '
        f'give the folder of the {what}'
    )


def dataset_record(bids_dir: Path) -> dict:
    """Return a dataset's name, origin and licence from its description, if any."""
    try:
        description = read_json(bids_dir / 'dataset_description.json')
    except (OSError, ValueError):
        return {}
    if not isinstance(description, dict):
        return {}
    return {
        name: description[name]
        for name in ('Name', 'GeneratedBy', 'License')
        if name in description
    }


def command_line(command: str, folders: Sequence[Path], plan, options: Sequence[str]) -> str:
    """Return the ``pvs_cascade`` command of a plan, with names instead of paths.

    ``folders`` are the positional arguments, ``options`` the fields of the plan that are written
    if they are set.
    """
    words = ['pvs_cascade', command, *(folder.name for folder in folders)]
    for name in options:
        value = getattr(plan, name)
        if value is None or value is False:
            continue
        words.append('--from' if name == 'start' else '--' + name.replace('_', '-'))
        if isinstance(value, Path):
            words.append(value.name)
        elif isinstance(value, tuple):
            words += value
        elif value is not True:
            words.append(f'{value}'.removesuffix('.0'))
    return shlex.join(words)


def training_command(plan: TrainingPlan, n_cpus: bool = True) -> str:
    """Return the command that repeats a training; ``n_cpus`` includes the number of threads."""
    rated, simulated = (
        ('bids_dir', 'derivatives', 'masks', 'ratings'),
        ('participants', 'anatomies', 'backgrounds'),
    )
    options = ['start', 'seed', 'epochs_enhancer', 'epochs_counter', 'minutes']
    options += ['n_cpus'] if n_cpus else []
    options += ['new_counter', 'paper_settings']
    data = rated if plan.bids_dir else simulated
    return command_line('train', [plan.output], plan, [*data, *options])


def training_record(plan: TrainingPlan, samples: Sequence, others: Sequence, training) -> dict:
    """Return the card's record of a training.

    ``others`` are samples of participants who were simulated for calibration only.
    """
    masks = sum(sample.has_masks for sample in samples)
    return {
        'data': dataset_record(plan.bids_dir) if plan.bids_dir else _simulated_record(plan),
        'participants': len({sample.participant for sample in samples}),
        'images': len(samples),
        'images_with_masks': masks,
        'images_with_counts_alone': len(samples) - masks,
        'calibrated_besides_on': len({sample.participant for sample in others}),
        'seed': plan.seed,
        'command': training_command(plan),
        'settings': training.config.to_card(),
        'epochs': training.epochs,
        'counts_multiplied_by': round(training.factor, 4),
        'threads': plan.n_cpus,
    }


def limitations(plan: TrainingPlan, participants: int) -> str:
    """Return the card's warning: the data that the cascade was trained on."""
    from pvs_workflow.networks.card import LIMITATIONS

    makers = dataset_record(plan.bids_dir).get('GeneratedBy', []) if plan.bids_dir else []
    if not plan.bids_dir or SIMULATOR in json.dumps(makers):
        return LIMITATIONS
    origin = ', starting from another cascade' if plan.start else ''
    return (
        f'Trained on {participants} participants of one dataset{origin}; it counts as their '
        'raters do; not a medical device.'
    )


def _simulated_record(plan: TrainingPlan) -> dict:
    """Return the sources of the simulated participants: file names and numbers."""
    out = {'Name': 'simulated while training', 'simulator': __version__}
    if plan.anatomies:
        from pvs_workflow.lab.simulation.labelmaps import find_label_maps

        out['anatomies'] = [path.name for path in find_label_maps(plan.anatomies)]
    if plan.backgrounds:
        scans = sorted(plan.backgrounds.glob(f'sub-*/**/*_{names.T2W}.nii.gz'))
        out['backgrounds'] = [path.name for path in scans]
        out['variants'] = VARIANTS
    return out
