"""The options of ``pvs_workflow``, and how their values are read."""

import argparse
import os
import re
from pathlib import Path

from pvs_workflow.settings import MAX_DEFAULT_THREADS, RANDOM_SEED

_GB_PER_UNIT = {'K': 1e-6, 'M': 1e-3, 'G': 1.0, 'T': 1e3}


def memory_gb(text: str) -> float:
    """Read an amount of memory, GB (10⁹ bytes); a bare number is in megabytes.

    Examples
    --------
    >>> [memory_gb(text) for text in ('8000', '8G', '0.5T', '900MB')]
    [8.0, 8.0, 500.0, 0.9]
    """
    match = re.fullmatch(r'(\d+(?:\.\d*)?)\s*([KMGT])?B?', text.strip(), re.IGNORECASE)
    if not match:
        raise argparse.ArgumentTypeError(
            f'expected a number with K, M, G or T (or none, for megabytes), received {text!r}'
        )
    return float(match[1]) * _GB_PER_UNIT[(match[2] or 'M').upper()]


def path_argument(text: str) -> Path:
    """Return an absolute path; it must be UTF-8, as the records that name it are."""
    if not text:
        raise argparse.ArgumentTypeError('expected a path, received nothing')
    text.encode('utf-8')
    return Path(os.path.expanduser(text)).absolute()  # noqa: PTH111, which fails without a home


def _labels(prefix: str) -> dict:
    return {
        'nargs': '+',
        'action': 'extend',
        'type': lambda text: text.removeprefix(prefix),
        'metavar': 'LABEL',
    }


_FLAG = {'action': 'store_true'}
_NUMBER = {'type': int, 'metavar': 'N'}
_FILE = {'type': path_argument, 'metavar': 'FILE'}
_FOLDER = {'type': path_argument, 'metavar': 'DIR'}
_FILES = _FILE | {'nargs': '+', 'action': 'extend'}

INSTEAD = 'instead of a run'
"""Title of the options of which a command takes one."""

OPTIONS: dict[str, tuple[tuple[str, dict, str], ...]] = {
    'what to process': (
        (
            '--participant-label',
            _labels('sub-'),
            'participants to process, with or without sub- (default: all)',
        ),
        (
            '--session-label',
            _labels('ses-'),
            'sessions to process, with or without ses- (default: all)',
        ),
        (
            '--bids-filter-file',
            _FILE,
            'JSON file: pybids entities that the t2w, t1w and flair files must have',
        ),
        (
            '--bids-database-dir',
            _FOLDER,
            "folder of pybids' index of the dataset; it is made where it is missing",
        ),
        ('--skip-bids-validation', _FLAG, 'do not run the BIDS validator on what is read'),
    ),
    'resources': (
        (
            '--nprocs --n-cpus --nthreads',
            _NUMBER,
            'processes at the same time (default: all processors)',
        ),
        (
            '--omp-nthreads',
            _NUMBER,
            f'threads of one process (default: nprocs, at most {MAX_DEFAULT_THREADS})',
        ),
        (
            '--mem',
            {'dest': 'mem_gb', 'type': memory_gb, 'metavar': 'SIZE'},
            'memory to plan with: a number with K, M, G or T; without, megabytes (default: 90 %% '
            "of the machine's)",
        ),
        (
            '--resource-monitor',
            _FLAG,
            'note memory and processors of every step, second by second, in '
            'output_dir/logs/<run>_resources.json',
        ),
        (
            '--nipype-plugin-file',
            _FILE,
            "YAML file: which of nipype's plugins runs the graph, and its arguments",
        ),
        (
            '-w --work-dir',
            _FOLDER,
            'where intermediate results are kept, to resume from (default: ./work)',
        ),
    ),
    'method': (
        (
            '--model',
            _FILE | {'metavar': 'PATH'},
            'cascade bundle to count with (default: the one that ships)',
        ),
        ('--random-seed', _NUMBER, f'seed of every random choice (default: {RANDOM_SEED})'),
        (
            '--no-bias-correction',
            {'dest': 'bias_correction', 'action': 'store_false'},
            'leave out the N4 bias correction of the T2w',
        ),
    ),
    'running': (
        (
            '--config-file',
            _FILE,
            'settings of a former run (output_dir/logs/<run>.toml); what the command line gives '
            'wins',
        ),
        (
            '--stop-on-first-crash',
            _FLAG,
            'end the run when a first step fails, instead of finishing the others',
        ),
        (
            '--clean-workdir',
            _FLAG,
            "remove the participants' folders from the work folder before the run, and after a "
            'run without failures',
        ),
        ('--write-graph', _FLAG, 'write the workflow graph to output_dir/logs'),
    ),
    INSTEAD: (
        (
            '--boilerplate-only',
            _FLAG,
            'write the methods text with its references (CITATION.md, .html and .bib in '
            'output_dir/logs) and process nothing',
        ),
        (
            '--write-slurm',
            _FILE,
            'write the script of a Slurm job array with one participant a task, its settings and '
            'the list of participants, and process nothing',
        ),
        (
            '--reports-only',
            _FLAG,
            'rebuild the pages of the participants from what is in output_dir and process '
            'nothing; bids_dir is not read',
        ),
    ),
    'group level': (
        (
            '--ratings',
            _FILES,
            "tables of raters' counts or Potter grades; how they agree with the model and with "
            'each other is written to group_agreement.tsv and the page',
        ),
        (
            '--reading-sheet',
            _FLAG,
            'write a blinded sheet of the images in random order, and a table to fill in, to '
            'output_dir/reading',
        ),
    ),
}
"""Names, kind and help of each option, by the title of its group."""
