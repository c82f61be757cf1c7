"""A public name means one thing in the whole package."""

import ast

from tests.builders.source import modules

COMMANDS = {'main', 'run', 'add_arguments', 'build_parser'}
"""What each command has under the same name, in ``cli`` and in ``lab/cli``."""


def public_names(tree):
    """Return the names of a module's functions and classes that others may use."""
    kinds = ast.FunctionDef | ast.ClassDef
    return {node.name for node in tree.body if isinstance(node, kinds) and node.name[0] != '_'}


def test_no_public_name_is_defined_twice():
    places = {}
    for path, tree in modules('pvs_workflow').items():
        for name in public_names(tree) - (COMMANDS if 'cli' in path.parts else set()):
            places.setdefault(name, []).append(str(path))
    twice = [f'{name}: {", ".join(paths)}' for name, paths in places.items() if len(paths) > 1]
    assert not twice, '\n'.join(sorted(twice))
