"""Write the Boutiques descriptor of ``pvs_workflow``, made from its parser.

Usage: python scripts/make_boutiques.py [OUT]

Defaults are left to the app. Boutiques would put them into each command, and defaults such as
processors and folders depend on the machine.
"""

import argparse
import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path

from pvs_workflow import __version__
from pvs_workflow.cli.parser import EPILOG, build_parser
from pvs_workflow.settings import MAX_SEED

OUT = Path(__file__).parents[1] / 'boutiques' / 'pvs_workflow.json'

IMAGE = f'pvs_workflow:{__version__}'

INPUT_PATHS = frozenset({'bids_dir', 'bids_filter_file', 'model', 'ratings'})
"""Inputs that must exist before the run; Boutiques mounts them in the container."""

NUMBERS = {
    'nprocs': {'integer': True, 'minimum': 1},
    'omp_nthreads': {'integer': True, 'minimum': 1},
    'random_seed': {'integer': True, 'minimum': 0, 'maximum': MAX_SEED},
}
"""Ranges of numbers, as checked by the settings."""

OUTPUTS = (
    ('grades', 'group_potter.tsv', 'Potter grade of each T2w (group level)'),
    ('counts', 'group_counts.tsv', 'Count of each of the six images of each T2w (group level)'),
    ('page', 'group_potter.html', 'Page of all participants (group level)'),
)

# A session takes under a minute on two processors (docs/clusters.md); a dataset takes many.
RESOURCES = {'cpu-cores': 2, 'ram': 4, 'walltime-estimate': 1800}


def descriptor() -> dict:
    """Return the descriptor of this version.

    Returns
    -------
    dict
        Descriptor in version 0.5 of Boutiques' schema.

    """
    parser = build_parser()
    actions = [action for action in parser._actions if action.dest not in ('help', 'version')]
    # Positional arguments come first: an option with many values would consume them.
    actions.sort(key=lambda action: bool(action.option_strings))
    keys = ' '.join(value_key(action) for action in actions)
    results = {
        'id': 'derivatives',
        'name': 'Results',
        'description': 'BIDS derivatives: tables, images and a page of each participant',
        'path-template': '[OUTPUT_DIR]',
    }
    tables = [
        {
            'id': name,
            'name': file,
            'description': about,
            'path-template': f'[OUTPUT_DIR]/{file}',
            'optional': True,
        }
        for name, file, about in OUTPUTS
    ]
    groups = list(exclusive(parser))
    return {
        'name': parser.prog,
        'tool-version': __version__,
        'schema-version': '0.5',
        'description': parser.description,
        'author': 'The pvs_workflow developers',
        'tags': {'domain': ['neuroinformatics', 'MRI'], 'application-type': ['BIDS App']},
        'command-line': f'{parser.prog} {keys}',
        'container-image': {'type': 'docker', 'image': IMAGE, 'entrypoint': True},
        'inputs': [describe(action) for action in actions],
        **({'groups': groups} if groups else {}),
        'output-files': [results, *tables],
        'error-codes': list(error_codes()),
        'suggested-resources': RESOURCES,
    }


def describe(action: argparse.Action) -> dict:
    """Return one argument of the parser as an input of Boutiques."""
    entry = {
        'id': action.dest,
        'name': action.dest.replace('_', ' '),
        'description': action.help.replace('%%', '%'),
        'value-key': value_key(action),
        'optional': bool(action.option_strings) and not action.required,
        **kind(action),
    }
    if action.option_strings and action.nargs != 0:
        entry['command-line-flag'] = long_name(action)
    return entry


def kind(action: argparse.Action) -> dict:
    """Return Boutiques' type of an argument, with its bounds."""
    if isinstance(action, argparse._CountAction):
        # Boutiques has no counted flags.
        (flag,) = action.option_strings
        return {'type': 'String', 'value-choices': [flag, flag + flag[-1]]}
    if action.nargs == 0:
        return {'type': 'Flag', 'command-line-flag': long_name(action)}
    listed = {'list': True, 'min-list-entries': 1} if action.nargs == '+' else {}
    if action.choices:
        return {'type': 'String', 'value-choices': list(action.choices)} | listed
    if bounds := NUMBERS.get(action.dest):
        return {'type': 'Number'} | bounds | listed
    return {'type': 'File' if action.dest in INPUT_PATHS else 'String'} | listed


def value_key(action: argparse.Action) -> str:
    """Return the placeholder of an argument in the command line."""
    return f'[{action.dest.upper()}]'


def long_name(action: argparse.Action) -> str:
    """Return the first long spelling of an option."""
    names = action.option_strings
    return next((name for name in names if name.startswith('--')), names[0])


def exclusive(parser: argparse.ArgumentParser) -> Iterator[dict]:
    """Yield the groups of mutually exclusive options."""
    for group in parser._mutually_exclusive_groups:
        members = [action.dest for action in group._group_actions]
        yield {
            'id': '_or_'.join(members),
            'name': ' or '.join(name.replace('_', ' ') for name in members),
            'members': members,
            'mutually-exclusive': True,
        }


def error_codes() -> Iterator[dict]:
    """Yield the exit codes of failures, as listed in ``--help``."""
    for code, about in re.findall(r'^ +(\d+) +(.+)$', EPILOG, re.MULTILINE):
        if int(code):
            yield {'code': int(code), 'description': about}


def main(out: Path = OUT) -> None:
    """Write the descriptor."""
    Path(out).write_text(json.dumps(descriptor(), indent=2, ensure_ascii=False) + '\n', 'utf-8')


if __name__ == '__main__':
    main(*sys.argv[1:2])
