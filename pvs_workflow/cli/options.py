"""The options of ``pvs_workflow``, and how their values are read."""

import argparse
import os
import re
from pathlib import Path

from pvs_workflow.settings import MAX_DEFAULT_THREADS as _MOST
from pvs_workflow.settings import RANDOM_SEED

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
_MEMORY = {'dest': 'mem_gb', 'type': memory_gb, 'metavar': 'SIZE'}
_NO_BIAS = {'dest': 'bias_correction', 'action': 'store_false'}
_FILE = {'type': path_argument, 'metavar': 'FILE'}
_FOLDER = {'type': path_argument, 'metavar': 'DIR'}
_FILES = _FILE | {'nargs': '+', 'action': 'extend'}

INSTEAD = 'instead of a run'
"""Title of the options of which a command takes one."""

OPTIONS: dict[str, tuple[tuple[str, dict, str], ...]] = {
    'what to process': (
        ('--participant-label', _labels('sub-'), 'participants to process (default: all)'),
        ('--session-label', _labels('ses-'), 'sessions to process (default: all)'),
        ('--bids-filter-file', _FILE, 'JSON file: pybids entities of the t2w, t1w and flair'),
        ('--bids-database-dir', _FOLDER, "pybids' index of the dataset; made where missing"),
        ('--skip-bids-validation', _FLAG, 'do not run the BIDS validator on what is read'),
    ),
    'resources': (
        ('--nprocs --n-cpus --nthreads', _NUMBER, 'processes at a time (default: processors)'),
        ('--omp-nthreads', _NUMBER, f'threads of one process (default: nprocs, at most {_MOST})'),
        ('--mem', _MEMORY, "memory to use, as 8G or 8000 (MB) (default: 90 %% of the machine's)"),
        (
            '--resource-monitor',
            _FLAG,
            'record memory and processors of every step, second by second, in '
            'output_dir/logs/<run>_resources.json',
        ),
        ('--nipype-plugin-file', _FILE, 'YAML file: the nipype plugin that runs the graph'),
        ('-w --work-dir', _FOLDER, 'intermediate results, to resume from (default: ./work)'),
    ),
    'method': (
        ('--model', _FILE | {'metavar': 'PATH'}, 'cascade bundle (default: the one that ships)'),
        ('--random-seed', _NUMBER, f'seed of every random choice (default: {RANDOM_SEED})'),
        ('--no-bias-correction', _NO_BIAS, 'leave out the N4 bias correction of the T2w'),
    ),
    'running': (
        (
            '--config-file',
            _FILE,
            'settings of a former run (output_dir/logs/<run>.toml); the command line wins',
        ),
        ('--stop-on-first-crash', _FLAG, 'end the run when a first step fails'),
        (
            '--clean-workdir',
            _FLAG,
            'remove the work of the scans before the run, and after a run without failures',
        ),
        ('--write-graph', _FLAG, 'write the workflow graph to output_dir/logs'),
    ),
    INSTEAD: (
        (
            '--boilerplate-only',
            _FLAG,
            'write the methods text with its references (CITATION.md, .html and .bib in '
            'output_dir/logs)',
        ),
        ('--write-slurm', _FILE, 'write a Slurm job array with one participant a task'),
        ('--reports-only', _FLAG, 'rebuild the pages from output_dir; bids_dir is not read'),
    ),
    'group level': (
        ('--ratings', _FILES, "tables of raters' counts or grades, to compare with the model"),
        (
            '--reading-sheet',
            _FLAG,
            'write a blinded sheet of the images in random order, and a table to fill in, to '
            'output_dir/reading',
        ),
    ),
}
"""Names, kind and help of each option, by the title of its group."""
