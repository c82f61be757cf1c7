"""Command-line options of ``pvs_workflow`` and converters for their values."""

import argparse
import os
import re
from pathlib import Path

from pvs_workflow.settings import MAX_DEFAULT_THREADS, RANDOM_SEED

_GB_PER_UNIT = {'K': 1e-6, 'M': 1e-3, 'G': 1.0, 'T': 1e3}


def memory_gb(text: str) -> float:
    """Return a memory size in GB (10⁹ bytes); a number without a unit is in megabytes.

    Examples
    --------
    >>> [memory_gb(text) for text in ('8000', '8G', '0.5T', '900MB')]
    [8.0, 8.0, 500.0, 0.9]
    """
    match = re.fullmatch(r'(\d+(?:\.\d*)?)\s*([KMGT])?B?', text.strip(), re.IGNORECASE)
    if not match:
        raise argparse.ArgumentTypeError(
            f'{text!r} is not a memory size; give megabytes, or a number with K, M, G or T'
        )
    return float(match[1]) * _GB_PER_UNIT[(match[2] or 'M').upper()]


def path_argument(text: str) -> Path:
    """Return an absolute path; it must be valid UTF-8, because records are written in UTF-8."""
    if not text:
        raise argparse.ArgumentTypeError('the path is empty')
    try:
        text.encode('utf-8')
    except UnicodeEncodeError:
        raise argparse.ArgumentTypeError(
            f'the path {text!r} is not UTF-8; rename it, or set LANG=C.UTF-8'
        ) from None
    # Path.expanduser fails for users without a home folder.
    return Path(os.path.expanduser(text)).absolute()  # noqa: PTH111


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

EXCLUSIVE_GROUP = 'instead of processing'
"""Title of the group of mutually exclusive options."""

OPTIONS: dict[str, tuple[tuple[str, dict, str], ...]] = {
    'data selection': (
        ('--participant-label', _labels('sub-'), 'participants to process (default: all)'),
        ('--session-label', _labels('ses-'), 'sessions to process (default: all)'),
        ('--bids-filter-file', _FILE, 'JSON file with pybids filters for t2w, t1w and flair'),
        ('--bids-database-dir', _FOLDER, 'pybids index of the dataset; created if missing'),
        ('--skip-bids-validation', _FLAG, 'do not run the BIDS validator'),
    ),
    'resources': (
        (
            '--nprocs --n-cpus --nthreads',
            _NUMBER,
            'number of parallel processes (default: processors of the machine, container or job)',
        ),
        (
            '--omp-nthreads',
            _NUMBER,
            f'threads per process (default: nprocs, at most {MAX_DEFAULT_THREADS})',
        ),
        (
            '--mem',
            _MEMORY,
            'memory available to the run, such as 8G or 8000 (MB) (default: 90 %% of the memory '
            'of the machine, container or job)',
        ),
        (
            '--resource-monitor',
            _FLAG,
            'record the memory and CPU use of each step every second in '
            'output_dir/logs/<run>_resources.json',
        ),
        ('--nipype-plugin-file', _FILE, 'YAML file with the nipype plugin that runs the workflow'),
        (
            '-w --work-dir',
            _FOLDER,
            'folder for intermediate results, from which a rerun resumes (default: ./work)',
        ),
    ),
    'method': (
        (
            '--model',
            _FILE | {'metavar': 'PATH'},
            'cascade bundle (default: the one included in the package)',
        ),
        ('--random-seed', _NUMBER, f'seed for all random numbers (default: {RANDOM_SEED})'),
        ('--no-bias-correction', _NO_BIAS, 'skip the N4 bias field correction of the T2w'),
    ),
    'run control': (
        (
            '--config-file',
            _FILE,
            'settings of an earlier run (output_dir/logs/<run>.toml); options on the command line '
            'take precedence',
        ),
        ('--stop-on-first-crash', _FLAG, 'stop the run at the first failure'),
        (
            '--clean-workdir',
            _FLAG,
            'remove the intermediate results of the scans before the run, and also after it if '
            'no scan failed',
        ),
        ('--write-graph', _FLAG, 'write the workflow graph to output_dir/logs'),
    ),
    EXCLUSIVE_GROUP: (
        (
            '--boilerplate-only',
            _FLAG,
            'write only the methods text with its references (CITATION.md, .html and .bib in '
            'output_dir/logs)',
        ),
        ('--write-slurm', _FILE, 'write a Slurm job array with one task per participant'),
        ('--reports-only', _FLAG, 'rebuild the reports from output_dir without reading bids_dir'),
    ),
    'group level': (
        ('--ratings', _FILES, "tables of raters' counts or grades to compare with the model"),
        (
            '--reading-sheet',
            _FLAG,
            'write a blinded sheet of the images in random order, and a table for the ratings, to '
            'output_dir/reading',
        ),
    ),
}
"""Names, keyword arguments and help text of each option, by group title."""
