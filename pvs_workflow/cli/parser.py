"""The command line: its options, and the settings they make."""

import argparse
import os
import re
import sys
import time
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import fields
from pathlib import Path

from pvs_workflow import __version__
from pvs_workflow.errors import PVSError, one_line
from pvs_workflow.settings import RANDOM_SEED, Settings, load_settings

EPILOG = """exit codes:
  0    all participants asked for succeeded
  1    at least one failed, or another error; each is told in one sentence
  2    the command line cannot be understood
  16   the input folder is not a valid BIDS dataset
  18   the labels or filters match nothing
  66   there is no T2w image (or, at group level, no result) to work on
  129  stopped, since the terminal was closed (SIGHUP)
  130  interrupted (Ctrl-C)
  143  terminated (SIGTERM)
"""

_GB_PER_UNIT = {'K': 1e-6, 'M': 1e-3, 'G': 1.0, 'T': 1e3}
_MAX_DEFAULT_THREADS = 8
_TASK_PROCESSES = 2
"""Of a task of a job array: two help one session, more do not."""
_OF_ONE_RUN = frozenset(
    {
        'bids_dir',
        'output_dir',
        'analysis_level',
        'run_id',
        'boilerplate_only',
        'reports_only',
        'write_slurm',
    }
)
"""What is not taken from the settings of a former run: on what, and what instead of a run."""
_MOST_COUNTED = 9
"""Of an option that says more each time it is given."""
_OF_A_TASK = frozenset({'participant_label', 'nprocs', 'mem_gb', 'work_dir'})
"""What the script of a job array says itself."""


class _Parser(argparse.ArgumentParser):
    def error(self, message: str):
        # It quotes what was given, which may be of a file that anyone has written.
        super().error(one_line(message))


def build_parser() -> argparse.ArgumentParser:
    """Return the parser of ``pvs_workflow``."""
    parser = _Parser(
        prog='pvs_workflow',
        description='Count enlarged perivascular spaces in the basal ganglia, from a BIDS dataset '
        'to Potter grades.',
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        'bids_dir',
        type=_folder,
        help='the BIDS dataset to read (at group level only participants.tsv and sessions.tsv, '
        'and it may be absent)',
    )
    parser.add_argument('output_dir', type=_folder, help='where the derivatives are written')
    parser.add_argument(
        'analysis_level',
        choices=('participant', 'group'),
        help='participant: from images to grades; group: tables and page of all participants, '
        'made from the derivatives',
    )
    parser.add_argument('--version', action='version', version=f'pvs_workflow v{__version__}')
    parser.add_argument(
        '-v', dest='verbosity', action='count', default=0, help='say more; -vv: say all'
    )
    _add_selection(parser.add_argument_group('what to process'))
    _add_resources(parser.add_argument_group('resources'))
    _add_method(parser.add_argument_group('method'))
    _add_running(parser.add_argument_group('running'))
    _add_group(parser.add_argument_group('group level'))
    return parser


def parse_args(argv: Sequence[str] | None = None) -> Settings:
    """Make settings of a command line; end the program with code 2 if it makes no sense.

    Parameters
    ----------
    argv : sequence of str, optional
        The program's own arguments where it is not given.

    Returns
    -------
    Settings
        With absolute paths.

    """
    parser = build_parser()
    words = list(sys.argv[1:] if argv is None else argv)
    given = given_options(parser, words)
    if given.get('config_file'):
        try:
            former = load_settings(given['config_file'])
        except PVSError as error:
            parser.error(str(error))
        if former.get('omp_nthreads') == _default_threads(former.get('nprocs', -1)):
            del former['omp_nthreads']
        rest = former.keys() - given.keys() - _OF_ONE_RUN
        words += option_words(parser, {name: former[name] for name in former if name in rest})
    options = vars(parser.parse_args(words))
    del options['config_file']
    if options['nprocs'] is None:
        options['nprocs'] = _TASK_PROCESSES if options['write_slurm'] else _processors()
    if options['omp_nthreads'] is None:
        options['omp_nthreads'] = _default_threads(options['nprocs'])
    for name in ('participant_label', 'session_label', 'ratings'):
        options[name] = tuple(dict.fromkeys(options[name]))
    stamp = time.strftime('%Y%m%d-%H%M%S')
    settings = Settings(**options, run_id=f'{stamp}_{uuid.uuid4()}')
    if settings.analysis_level == 'participant':
        _check_level(parser, settings)
        _check_folders(parser, settings)
    else:
        for name in ('boilerplate_only', 'reports_only', 'write_slurm'):
            if getattr(settings, name):
                option = f'--{name.replace("_", "-")}'
                parser.error(f'{option} is of the participant level, received the group level')
    return settings


def given_options(parser: argparse.ArgumentParser, words: Sequence[str]) -> dict:
    """Return only what a command line gives, without any default."""
    empty = argparse.Namespace(**{action.dest: None for action in parser._actions})
    given = vars(parser.parse_args(words, empty))
    return {name: value for name, value in given.items() if value is not None}


def option_words(parser: argparse.ArgumentParser, values: Mapping) -> list[str]:
    """Return the words of a command line that give some settings; defaults are left out.

    A value that looks like an option stays a value.

    Examples
    --------
    >>> option_words(build_parser(), {'mem_gb': 8.5, 'bias_correction': False, 'verbosity': 2})
    ['-v', '-v', '--mem', '8.5G', '--no-bias-correction']
    >>> option_words(build_parser(), {'session_label': ('--help', '1')})
    ['--session-label=--help', '--session-label=1']
    """
    words = []
    for action in parser._actions:
        value = values.get(action.dest)
        if not action.option_strings or value is None or value == action.default:
            continue
        option = max(action.option_strings[:2], key=len)
        if isinstance(value, bool):
            words.append(option)
        elif isinstance(action.default, int) and action.type is None:  # counted
            words += [option] * min(value, _MOST_COUNTED)
        elif isinstance(value, list | tuple):
            words += _option_with(option, list(map(str, value))) if value else []
        elif action.dest == 'mem_gb':
            words += [option, f'{value:.6f}'.rstrip('0').rstrip('.') + 'G']
        else:
            words += _option_with(option, [str(value)])
    return words


def _option_with(option: str, values: Sequence[str]) -> list[str]:
    if any(value.startswith('-') for value in values):
        return [f'{option}={value}' for value in values]
    return [option, *values]


def task_options(settings: Settings) -> list[str]:
    """Return the options of a job array's tasks, besides those that its script gives."""
    left_out = _OF_A_TASK | _OF_ONE_RUN
    values = {field.name: getattr(settings, field.name) for field in fields(settings)}
    if settings.omp_nthreads == _default_threads(settings.nprocs):
        del values['omp_nthreads']
    kept = {name: value for name, value in values.items() if name not in left_out}
    return option_words(build_parser(), kept)


def _check_level(parser: argparse.ArgumentParser, settings: Settings) -> None:
    """Refuse what the participant level would not do."""
    for name, given in (('ratings', settings.ratings), ('reading-sheet', settings.reading_sheet)):
        if given:
            parser.error(f'--{name} is of the group level, expected group, received participant')


def _check_folders(parser: argparse.ArgumentParser, settings: Settings) -> None:
    """Refuse to write among the raw data."""
    raw, out = settings.bids_dir.resolve(), settings.output_dir.resolve()
    work = settings.work_dir.resolve()
    if raw == out:
        parser.error(
            'output_dir is bids_dir, expected a folder of its own, for example '
            f'{settings.bids_dir / "derivatives" / "pvs_workflow"}'
        )
    if out.is_relative_to(raw) and not out.is_relative_to(raw / 'derivatives'):
        parser.error(
            'output_dir is inside bids_dir, expected one elsewhere or inside '
            f'{settings.bids_dir / "derivatives"}, received {settings.output_dir}'
        )
    if raw.is_relative_to(out):
        parser.error(f'bids_dir is inside output_dir, expected it elsewhere, received {raw}')
    if work.is_relative_to(raw):
        parser.error(
            'the work folder is inside bids_dir, expected one elsewhere (-w/--work-dir), '
            f'received {settings.work_dir}'
        )


def _add_selection(group) -> None:
    group.add_argument(
        *_spellings('participant-label'),
        nargs='+',
        action='extend',
        default=[],
        type=_label('sub-'),
        metavar='LABEL',
        help='participants to process, with or without sub- (default: all)',
    )
    group.add_argument(
        *_spellings('session-label'),
        nargs='+',
        action='extend',
        default=[],
        type=_label('ses-'),
        metavar='LABEL',
        help='sessions to process, with or without ses- (default: all)',
    )
    group.add_argument(
        *_spellings('bids-filter-file'),
        type=_folder,
        metavar='FILE',
        help='JSON file: pybids entities that the t2w, t1w and flair files must have',
    )
    group.add_argument(
        *_spellings('bids-database-dir'),
        type=_folder,
        metavar='DIR',
        help="folder of pybids' index of the dataset; it is made where it is missing",
    )
    group.add_argument(
        *_spellings('skip-bids-validation'),
        action='store_true',
        help='do not run the BIDS validator on what is read',
    )


def _add_resources(group) -> None:
    group.add_argument(
        '--nprocs',
        *_spellings('n-cpus'),
        '--nthreads',
        type=_positive,
        metavar='N',
        help='processes at the same time (default: all processors)',
    )
    group.add_argument(
        *_spellings('omp-nthreads'),
        type=_positive,
        metavar='N',
        help=f'threads of one process (default: nprocs, at most {_MAX_DEFAULT_THREADS})',
    )
    group.add_argument(
        *_spellings('mem'),
        dest='mem_gb',
        type=memory_gb,
        metavar='SIZE',
        help='memory to plan with: a number with K, M, G or T; without, megabytes '
        "(default: 90 %% of the machine's)",
    )
    group.add_argument(
        *_spellings('resource-monitor'),
        action='store_true',
        help='note memory and processors of every step, second by second, in '
        'output_dir/logs/<run>_resources.json',
    )
    group.add_argument(
        *_spellings('nipype-plugin-file'),
        type=_folder,
        metavar='FILE',
        help="YAML file: which of nipype's plugins runs the graph, and its arguments",
    )
    group.add_argument(
        '-w',
        *_spellings('work-dir'),
        type=_folder,
        default=_folder('work'),
        metavar='DIR',
        help='where intermediate results are kept, to resume from (default: ./work)',
    )


def _add_method(group) -> None:
    group.add_argument(
        '--model',
        type=_folder,
        metavar='PATH',
        help='cascade bundle to count with (default: the one that ships)',
    )
    group.add_argument(
        *_spellings('random-seed'),
        type=_seed,
        default=RANDOM_SEED,
        metavar='N',
        help='seed of every random choice (default: %(default)s)',
    )
    group.add_argument(
        *_spellings('no-bias-correction'),
        dest='bias_correction',
        action='store_false',
        help='leave out the N4 bias correction of the T2w',
    )


def _add_running(group) -> None:
    group.add_argument(
        *_spellings('config-file'),
        type=_folder,
        metavar='FILE',
        help='settings of a former run (output_dir/logs/<run>.toml); what the command line gives '
        'wins',
    )
    group.add_argument(
        *_spellings('stop-on-first-crash'),
        action='store_true',
        help='end the run when a first step fails, instead of finishing the others',
    )
    group.add_argument(
        *_spellings('clean-workdir'),
        action='store_true',
        help="remove this app's folder in the work folder before the run, and after a run "
        'without failures',
    )
    group.add_argument(
        *_spellings('write-graph'),
        action='store_true',
        help='write the workflow graph to output_dir/logs',
    )
    only = group.add_mutually_exclusive_group()
    only.add_argument(
        *_spellings('boilerplate-only'),
        action='store_true',
        help='write the methods text with its references (CITATION.md, .html and .bib in '
        'output_dir/logs) and process nothing',
    )
    only.add_argument(
        *_spellings('write-slurm'),
        type=_folder,
        metavar='FILE',
        help='write the script of a Slurm job array with one participant a task, and the list of '
        'participants, and process nothing',
    )
    only.add_argument(
        *_spellings('reports-only'),
        action='store_true',
        help='make the pages of the participants anew from what is in output_dir and process '
        'nothing; bids_dir is not read',
    )


def _add_group(group) -> None:
    group.add_argument(
        '--ratings',
        nargs='+',
        action='extend',
        default=[],
        type=_folder,
        metavar='FILE',
        help="tables of raters' counts or Potter grades; how they agree with the model and with "
        'each other is written to group_agreement.tsv and the page',
    )
    group.add_argument(
        *_spellings('reading-sheet'),
        action='store_true',
        help='write a blinded sheet of the images in random order, and a table to fill in, to '
        'output_dir/reading',
    )


def memory_gb(text: str) -> float:
    """Read an amount of memory; a bare number is in megabytes.

    Returns
    -------
    float
        In GB (10⁹ bytes).

    Examples
    --------
    >>> [memory_gb(text) for text in ('8000', '8G', '0.5T', '900MB')]
    [8.0, 8.0, 500.0, 0.9]
    """
    match = re.fullmatch(r'(\d+(?:\.\d*)?)\s*([KMGT])?B?', text.strip(), re.IGNORECASE)
    if not match or float(match[1]) <= 0:
        raise argparse.ArgumentTypeError(
            f'expected a number above 0 with K, M, G or T (or none, for megabytes), '
            f'received {text!r}'
        )
    return float(match[1]) * _GB_PER_UNIT[(match[2] or 'M').upper()]


def _processors() -> int:
    return len(os.sched_getaffinity(0))


def _default_threads(processes: int) -> int:
    return min(processes, _MAX_DEFAULT_THREADS)


def _spellings(name: str) -> tuple[str, ...]:
    """Return an option with hyphens and, where it differs, with underscores."""
    return tuple(dict.fromkeys((f'--{name}', f'--{name.replace("-", "_")}')))


def _folder(text: str) -> Path:
    if not text:
        raise argparse.ArgumentTypeError('expected a path, received nothing')
    try:
        # It is written into records, which are UTF-8.
        text.encode('utf-8')
        if '\0' in text:
            raise ValueError('no path has that character')
        return Path(text).expanduser().absolute()
    except (RuntimeError, ValueError) as error:
        raise argparse.ArgumentTypeError(
            f'expected a path in UTF-8, received {text!r}: {error}'
        ) from error


def _label(prefix: str):
    def read(text: str) -> str:
        label = text.removeprefix(prefix)
        if not re.fullmatch(r'[0-9A-Za-z+]+', label):
            raise argparse.ArgumentTypeError(
                f'expected a label of letters and digits, received {text!r}'
            )
        return label

    return read


def _positive(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f'expected a whole number above 0, received {text!r}')
    return int(text)


def _seed(text: str) -> int:
    # ITK's seeds are signed integers of 32 bits.
    if not text.isdecimal() or int(text) >= 2**31:
        raise argparse.ArgumentTypeError(
            f'expected a whole number from 0 to {2**31 - 1}, received {text!r}'
        )
    return int(text)
