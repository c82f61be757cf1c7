"""``--write-slurm``: a job array with one participant a task."""

import hashlib
import os
import re
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path

from pvs_workflow import data
from pvs_workflow.errors import OutputError
from pvs_workflow.files import write_text
from pvs_workflow.settings import Settings

MEM_GB = 3.5
"""That a task's processes may plan for, where nothing is asked for."""
_LIMIT_OVER_PLAN = 8 / 7
"""Memory asked of Slurm: what is planned with is no limit."""
_MIB = 2**20
_READ_ONLY = 0o444


def write_slurm(settings: Settings, participants: Sequence[str], options: Sequence[str]) -> Path:
    """Write the script of a job array, and the list of its participants.

    The script names what it needs by absolute paths. It knows the list by its checksum, and its
    tasks refuse to work with a list that was changed, since their numbers would mean others.

    Parameters
    ----------
    settings : Settings
        ``write_slurm`` is the file to write; ``<name>_participants.txt`` is written beside it.
    participants : sequence of str
        Labels without ``sub-``, in the order of the tasks.
    options : sequence of str
        Of a task's command, besides those that the script gives.

    Returns
    -------
    Path
        The list.

    Raises
    ------
    OutputError
        If one of the files is there already, or cannot be written.

    """
    script = settings.write_slurm
    base = script.with_suffix('')
    if not re.fullmatch('[0-9A-Za-z_.+-]+', base.name):
        # It is the name of the job, too, and stands in file names with Slurm's own signs.
        raise OutputError(
            f'{script} cannot be the script of a job, expected a name of letters, digits, "_", '
            f'"-", "+" and ".", received {script.name!r}'
        )
    people = base.with_name(f'{base.name}_participants.txt')
    logs = settings.output_dir / 'logs' / 'slurm'
    # Slurm reads this line without a shell: a blank would end the value.
    log = _sbatch_path(logs / f'{base.name}_%A_%a.log')
    for path in (script, people):
        if os.path.lexists(path):
            raise OutputError(
                f'{path} is there already, expected a name that is free (an array may still be '
                'at work with it), received one that is not'
            )
    for folder in (logs, base.with_name(f'{base.name}_done')):
        _make_folder(folder)
    text = ''.join(f'{label}\n' for label in participants)
    plan = settings.mem_gb or MEM_GB
    values = {
        'name': base.name,
        'file': script.name,
        'number': len(participants),
        'cpus': settings.nprocs,
        'limit_mib': round(plan * _LIMIT_OVER_PLAN * 1e9 / _MIB),
        'plan_mb': round(plan * 1000),
        'command': shlex.join(own_command()),
        'bids_dir': shlex.quote(str(settings.bids_dir)),
        'output_dir': shlex.quote(str(settings.output_dir)),
        'work_dir': shlex.quote(str(settings.work_dir)),
        'options': shlex.join(options),
        'script': shlex.quote(str(script)),
        'list': shlex.quote(str(people)),
        'sha256': hashlib.sha256(text.encode()).hexdigest(),
        'done': shlex.quote(str(base.with_name(f'{base.name}_done'))),
        'log': log,
        'group_log': shlex.quote(f'{logs}'.replace('%', '%%') + f'/{base.name}_group_%j.log'),
    }
    template = data.path('slurm', 'array.sh').read_text(encoding='utf-8')
    write_text(people, text)
    people.chmod(_READ_ONLY)
    write_text(script, re.sub('@([a-z_0-9]+)@', lambda match: str(values[match[1]]), template))
    return people


def own_command() -> list[str]:
    """Return the command of this program, by its absolute path."""
    program = Path(sys.argv[0])
    if program.name == 'pvs_workflow' and program.is_file():
        return [str(program.absolute())]
    return [sys.executable, '-m', 'pvs_workflow.cli.run']


def _make_folder(path: Path) -> None:
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(
            f'{path} cannot be made, expected a folder that this user may write to, received: '
            f'{error.strerror or error}'
        ) from error


def _sbatch_path(path: Path) -> str:
    # Quotes and backslashes have a meaning of their own there, and the line ends with the line.
    if not str(path).isprintable() or any(character in str(path) for character in '"\\'):
        raise OutputError(
            f'{path} cannot be a log of Slurm, expected a path of printable characters without '
            'quotes and backslashes, received one with others'
        )
    folder = str(path.parent).replace('%', '%%')
    return f'"{folder}/{path.name}"'
