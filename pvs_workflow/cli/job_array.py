"""Write a Slurm job array with one task per participant (``--write-slurm``)."""

import hashlib
import logging
import os
import re
import shlex
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from pvs_workflow import data
from pvs_workflow.cli.participant import log_selection, select_scans
from pvs_workflow.errors import EXIT_FAILED, EXIT_OK, OutputError
from pvs_workflow.files import cannot_write, write_text
from pvs_workflow.settings import Settings

MEM_GB = 3.7
"""Default memory that the processes of a task may plan for, GB."""
_LIMIT_OVER_PLAN = 8 / 7
"""Ratio of Slurm's memory limit to the planned memory, which processes may exceed briefly."""
_MIB = 2**20
_READ_ONLY = 0o444

log = logging.getLogger('pvs_workflow')


def write_array(settings: Settings) -> int:
    """Write a job array of all participants with a T2w, and log how to submit it."""
    selection = select_scans(settings)
    log_selection(selection)
    participants = list(dict.fromkeys(scan.participant for scan in selection.scans))
    participants_file = write_slurm(settings, participants)
    script = settings.write_slurm
    log.info('wrote %s and %s: %d tasks', script, participants_file, len(participants))
    log.info(
        'to submit the tasks, and later to resubmit those that failed: %s',
        shlex.join(['bash', str(script), 'submit']),
    )
    # Participants without a T2w are skipped unless requested by name; already reported above.
    requested_but_missing = settings.participant_label and selection.missing
    return EXIT_FAILED if requested_but_missing else EXIT_OK


def write_slurm(settings: Settings, participants: Sequence[str]) -> Path:
    """Write the script of a job array, the list of its participants and their settings.

    The script uses absolute paths. It stores the checksum of the list, and its tasks refuse a
    list that has changed, because task numbers are line numbers of that list.

    Parameters
    ----------
    settings : Settings
        ``write_slurm`` is the script to write; the list and settings are written next to it.
    participants : sequence of str
        Labels without ``sub-``, in task order.

    Returns
    -------
    Path
        The list of participants.

    Raises
    ------
    OutputError
        If one of the files already exists or cannot be written.

    """
    script = settings.write_slurm
    base = script.with_suffix('')
    if not re.fullmatch('[0-9A-Za-z_.+-]+', base.name):
        # The name becomes the job name and part of Slurm's file names.
        raise OutputError(
            f'{script} is not a valid script name; use letters, digits, "_", "-", "+" and "."'
        )
    paths = {
        'script': script,
        'list': base.with_name(f'{base.name}_participants.txt'),
        'config': base.with_name(f'{base.name}.toml'),
        'done': base.with_name(f'{base.name}_done'),
        'bids_dir': settings.bids_dir,
        'output_dir': settings.output_dir,
        'work_dir': settings.work_dir,
    }
    logs = settings.logs / 'slurm'
    log_name = _sbatch_path(logs / f'{base.name}_%A_%a.log')
    for name in ('script', 'list', 'config'):
        if os.path.lexists(paths[name]):
            raise OutputError(
                f'{paths[name]} already exists and may belong to a running job array; '
                'choose another name'
            )
    for folder in (logs, paths['done']):
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise cannot_write(folder, error) from error
    labels = ''.join(f'{label}\n' for label in participants)
    plan = settings.mem_gb or MEM_GB
    values = {name: shlex.quote(str(path)) for name, path in paths.items()} | {
        'name': base.name,
        'file': script.name,
        'number': len(participants),
        'cpus': settings.nprocs,
        'limit_mib': round(plan * _LIMIT_OVER_PLAN * 1e9 / _MIB),
        'plan_mb': round(plan * 1000),
        'command': shlex.join(app_command()),
        'sha256': hashlib.sha256(labels.encode()).hexdigest(),
        'log': log_name,
        'group_log': shlex.quote(f'{logs}'.replace('%', '%%') + f'/{base.name}_group_%j.log'),
    }
    template = data.path('slurm', 'array.sh').read_text(encoding='utf-8')
    write_text(paths['list'], labels)
    with suppress(OSError):
        # Its checksum protects the list where permissions cannot be changed.
        paths['list'].chmod(_READ_ONLY)
    settings.to_toml(paths['config'])
    write_text(script, re.sub('@([a-z_0-9]+)@', lambda match: str(values[match[1]]), template))
    return paths['list']


def app_command() -> list[str]:
    """Return the command that starts this program, with an absolute path."""
    program = Path(sys.argv[0])
    if program.name == 'pvs_workflow' and program.is_file():
        return [str(program.absolute())]
    return [sys.executable, '-m', 'pvs_workflow.cli.run']


def _sbatch_path(path: Path) -> str:
    """Return a path quoted for sbatch, which would otherwise end it at a space."""
    if not str(path).isprintable() or any(character in str(path) for character in '"\\'):
        raise OutputError(
            f'{path} is not a valid path for Slurm logs; choose an output folder without quotes, '
            'backslashes and control characters'
        )
    return f'"{str(path.parent).replace("%", "%%")}/{path.name}"'
