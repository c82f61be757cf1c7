"""A public name means one thing in the whole package."""

import ast

from tests.builders.source import modules

COMMANDS = {'main', 'run', 'add_arguments', 'build_parser'}
"""Names that all commands define, in ``cli`` and in ``lab/cli``."""


def public_names(tree):
    """Return the names of a module's public functions and classes."""
    kinds = ast.FunctionDef | ast.ClassDef
    return {node.name for node in tree.body if isinstance(node, kinds) and node.name[0] != '_'}


def test_no_public_name_is_defined_twice():
    paths_by_name = {}
    for path, tree in modules('pvs_workflow').items():
        for name in public_names(tree) - (COMMANDS if 'cli' in path.parts else set()):
            paths_by_name.setdefault(name, []).append(str(path))
    duplicates = [
        f'{name}: {", ".join(paths)}' for name, paths in paths_by_name.items() if len(paths) > 1
    ]
    assert not duplicates, '\n'.join(sorted(duplicates))
