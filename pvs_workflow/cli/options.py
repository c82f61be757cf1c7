"""The options of ``pvs_workflow``, and how their values are read."""

import argparse
import os
import re
from pathlib import Path

from pvs_workflow.settings import MAX_DEFAULT_THREADS, RANDOM_SEED

_GB_PER_UNIT = {'K': 1e-6, 'M': 1e-3, 'G': 1.0, 'T': 1e3}


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add all options, in groups."""
    _add_selection(parser.add_argument_group('what to process'))
    _add_resources(parser.add_argument_group('resources'))
    _add_method(parser.add_argument_group('method'))
    _add_running(parser.add_argument_group('running'))
    _add_group(parser.add_argument_group('group level'))


def _add_selection(group) -> None:
    group.add_argument(
        '--participant-label',
        nargs='+',
        action='extend',
        type=lambda text: text.removeprefix('sub-'),
        metavar='LABEL',
        help='participants to process, with or without sub- (default: all)',
    )
    group.add_argument(
        '--session-label',
        nargs='+',
        action='extend',
        type=lambda text: text.removeprefix('ses-'),
        metavar='LABEL',
        help='sessions to process, with or without ses- (default: all)',
    )
    group.add_argument(
        '--bids-filter-file',
        type=path_argument,
        metavar='FILE',
        help='JSON file: pybids entities that the t2w, t1w and flair files must have',
    )
    group.add_argument(
        '--bids-database-dir',
        type=path_argument,
        metavar='DIR',
        help="folder of pybids' index of the dataset; it is made where it is missing",
    )
    group.add_argument(
        '--skip-bids-validation',
        action='store_true',
        help='do not run the BIDS validator on what is read',
    )


def _add_resources(group) -> None:
    group.add_argument(
        *('--nprocs', '--n-cpus', '--nthreads'),
        type=int,
        metavar='N',
        help='processes at the same time (default: all processors)',
    )
    group.add_argument(
        '--omp-nthreads',
        type=int,
        metavar='N',
        help=f'threads of one process (default: nprocs, at most {MAX_DEFAULT_THREADS})',
    )
    group.add_argument(
        '--mem',
        dest='mem_gb',
        type=memory_gb,
        metavar='SIZE',
        help='memory to plan with: a number with K, M, G or T; without, megabytes '
        "(default: 90 %% of the machine's)",
    )
    group.add_argument(
        '--resource-monitor',
        action='store_true',
        help='note memory and processors of every step, second by second, in '
        'output_dir/logs/<run>_resources.json',
    )
    group.add_argument(
        '--nipype-plugin-file',
        type=path_argument,
        metavar='FILE',
        help="YAML file: which of nipype's plugins runs the graph, and its arguments",
    )
    group.add_argument(
        *('-w', '--work-dir'),
        type=path_argument,
        metavar='DIR',
        help='where intermediate results are kept, to resume from (default: ./work)',
    )


def _add_method(group) -> None:
    group.add_argument(
        '--model',
        type=path_argument,
        metavar='PATH',
        help='cascade bundle to count with (default: the one that ships)',
    )
    group.add_argument(
        '--random-seed',
        type=int,
        metavar='N',
        help=f'seed of every random choice (default: {RANDOM_SEED})',
    )
    group.add_argument(
        '--no-bias-correction',
        dest='bias_correction',
        action='store_false',
        help='leave out the N4 bias correction of the T2w',
    )


def _add_running(group) -> None:
    group.add_argument(
        '--config-file',
        type=path_argument,
        metavar='FILE',
        help='settings of a former run (output_dir/logs/<run>.toml); what the command line gives '
        'wins',
    )
    group.add_argument(
        '--stop-on-first-crash',
        action='store_true',
        help='end the run when a first step fails, instead of finishing the others',
    )
    group.add_argument(
        '--clean-workdir',
        action='store_true',
        help="remove the participants' folders from the work folder before the run, and after a "
        'run without failures',
    )
    group.add_argument(
        '--write-graph',
        action='store_true',
        help='write the workflow graph to output_dir/logs',
    )
    only = group.add_mutually_exclusive_group()
    only.add_argument(
        '--boilerplate-only',
        action='store_true',
        help='write the methods text with its references (CITATION.md, .html and .bib in '
        'output_dir/logs) and process nothing',
    )
    only.add_argument(
        '--write-slurm',
        type=path_argument,
        metavar='FILE',
        help='write the script of a Slurm job array with one participant a task, its settings and '
        'the list of participants, and process nothing',
    )
    only.add_argument(
        '--reports-only',
        action='store_true',
        help='rebuild the pages of the participants from what is in output_dir and process '
        'nothing; bids_dir is not read',
    )


def _add_group(group) -> None:
    group.add_argument(
        '--ratings',
        nargs='+',
        action='extend',
        type=path_argument,
        metavar='FILE',
        help="tables of raters' counts or Potter grades; how they agree with the model and with "
        'each other is written to group_agreement.tsv and the page',
    )
    group.add_argument(
        '--reading-sheet',
        action='store_true',
        help='write a blinded sheet of the images in random order, and a table to fill in, to '
        'output_dir/reading',
    )


def memory_gb(text: str) -> float:
    """Read an amount of memory; a bare number is in megabytes.

    Returns
    -------
    float
        GB (10⁹ bytes).

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
