"""Syntax trees of the Python files in the repository."""

import ast
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / 'pvs_workflow'


@cache
def modules(*folders: str) -> dict[Path, ast.Module]:
    """Return the syntax trees of the Python files in some folders of the repository, by path.

    Parameters
    ----------
    folders : str
        Folders, such as ``pvs_workflow`` or ``tests``.

    Returns
    -------
    dict
        Paths are relative to the repository and sorted.

    """
    paths = sorted(path for folder in folders for path in (ROOT / folder).rglob('*.py'))
    return {path.relative_to(ROOT): ast.parse(path.read_text('utf-8')) for path in paths}


def imported(tree: ast.Module) -> set[str]:
    r"""Return the full names of all imports in a module, also inside functions.

    Examples
    --------
    >>> sorted(imported(ast.parse('import a.b\nfrom c import d')))
    ['a.b', 'c', 'c.d']

    """
    names = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            start = '.' * node.level + (node.module or '')
            names |= {start, *(f'{start}.{alias.name}' for alias in node.names)}
    return names
