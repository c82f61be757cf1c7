"""Parse the command line into :class:`~pvs_workflow.settings.Settings`."""

import argparse
import re
import sys
import time
import uuid
from collections.abc import Sequence
from pathlib import Path

from pvs_workflow import __version__
from pvs_workflow.cli.options import EXCLUSIVE_GROUP, OPTIONS, path_argument
from pvs_workflow.errors import PVSError, one_line
from pvs_workflow.execution.limits import available_processors
from pvs_workflow.settings import Settings, load_settings

EPILOG = """exit codes:
  0    all requested participants succeeded
  1    at least one participant failed, or another error occurred
  2    the command line is not valid
  16   the input folder is not a raw BIDS dataset
  18   no data match the labels or filters
  66   there are no T2w images (or, at group level, no results) to process
  129  stopped because the terminal was closed (SIGHUP)
  130  interrupted (Ctrl-C)
  143  terminated (SIGTERM)
"""

_TASK_PROCESSES = 2
"""Default number of processes of a job array task; more do not speed up one session."""
_GROUP_ONLY = ('ratings', 'reading_sheet')
_PARTICIPANT_ONLY = ('boilerplate_only', 'reports_only', 'write_slurm')
_NOT_REUSED = {'bids_dir', 'output_dir', 'analysis_level', 'run_id', *_PARTICIPANT_ONLY}
"""Settings that are not taken from an earlier run."""


class _Parser(argparse.ArgumentParser):
    def error(self, message: str):
        # The message quotes arguments, which may contain line breaks.
        super().error(one_line(message))


def build_parser() -> argparse.ArgumentParser:
    """Return the parser of ``pvs_workflow``; options that are not given have no value."""
    parser = _Parser(
        prog='pvs_workflow',
        description='Count enlarged perivascular spaces in the basal ganglia and assign a Potter '
        'grade to each T2w scan of a BIDS dataset. Option names may also be written with '
        'underscores.',
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        argument_default=argparse.SUPPRESS,
    )
    parser.add_argument(
        'bids_dir',
        type=path_argument,
        help='BIDS dataset to read; the group level reads only participants.tsv and sessions.tsv '
        'from it, and the folder may be missing',
    )
    parser.add_argument('output_dir', type=path_argument, help='folder for the derivatives')
    parser.add_argument(
        'analysis_level',
        choices=('participant', 'group'),
        help='participant: count and grade the images of each participant; group: write tables '
        'and a report of all participants from the derivatives',
    )
    parser.add_argument('--version', action='version', version=f'pvs_workflow v{__version__}')
    parser.add_argument(
        '-v', dest='verbosity', action='count', help='log more messages; -vv: log all messages'
    )
    for title, options in OPTIONS.items():
        group = parser.add_argument_group(title)
        if title == EXCLUSIVE_GROUP:
            group = group.add_mutually_exclusive_group()
        for names, kind, text in options:
            group.add_argument(*names.split(), help=text, **kind)
    return parser


def parse_args(argv: Sequence[str] | None = None) -> Settings:
    """Return the settings of a command line; exit with code 2 if it is not valid."""
    parser = build_parser()
    arguments = sys.argv[1:] if argv is None else argv
    options = vars(parser.parse_args([_hyphenate(argument) for argument in arguments]))
    try:
        settings = _merge(options)
        _check_level(settings)
        if settings.analysis_level == 'participant':
            _check_folders(settings)
    except PVSError as error:
        parser.error(str(error))
    return settings


def _merge(options: dict) -> Settings:
    """Merge the given options, settings of an earlier run, and defaults, in this precedence."""
    file = options.pop('config_file', None)
    earlier = load_settings(file) if file else {}
    settings = {name: earlier[name] for name in earlier.keys() - _NOT_REUSED} | options
    for name, value in settings.items():
        if isinstance(value, Path):
            settings[name] = path_argument(str(value))
        elif isinstance(value, list | tuple):
            settings[name] = tuple(dict.fromkeys(value))
    if 'nprocs' not in settings:
        is_array = 'write_slurm' in options
        settings['nprocs'] = _TASK_PROCESSES if is_array else available_processors()
    settings.setdefault('work_dir', Path('work').absolute())
    return Settings(**settings, run_id=f'{time.strftime("%Y%m%d-%H%M%S")}_{uuid.uuid4()}')


def _hyphenate(argument: str) -> str:
    """Return ``--work-dir=/my_work`` for ``--work_dir=/my_work``."""
    return re.sub('^--[a-z_]+', lambda match: match[0].replace('_', '-'), argument)


def _check_level(settings: Settings) -> None:
    for names, level in ((_GROUP_ONLY, 'group'), (_PARTICIPANT_ONLY, 'participant')):
        for name in names:
            if getattr(settings, name) and settings.analysis_level != level:
                option = name.replace('_', '-')
                raise PVSError(f'--{option} is available only at the {level} level')


def _check_folders(settings: Settings) -> None:
    """Refuse to write into the raw data."""
    raw, out = settings.bids_dir.resolve(), settings.output_dir.resolve()
    derivatives = raw / 'derivatives'
    if raw.is_relative_to(out):
        raise PVSError(
            f'output_dir contains bids_dir; choose another one, such as {derivatives}/pvs'
        )
    if out.is_relative_to(raw) and not out.is_relative_to(derivatives):
        raise PVSError(
            f'output_dir is inside bids_dir; choose another one, such as {derivatives}/pvs'
        )
    if settings.work_dir.resolve().is_relative_to(raw):
        raise PVSError('the work folder is inside bids_dir; choose another one (--work-dir)')
