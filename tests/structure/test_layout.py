"""Rules on the layout and the length of files."""

import ast
from pathlib import Path

import pytest

from tests.builders.source import ROOT, modules

MAX_LINES = 300
MAX_INTERFACE_LINES = 15
"""Maximum length of the body of ``_run_interface``: load, one call, save."""


def body_lines(function: ast.FunctionDef) -> int:
    """Return the number of lines below a function's signature and docstring."""
    first = function.body[1 if ast.get_docstring(function) is not None else 0]
    return function.end_lineno - first.lineno + 1


def test_each_module_has_a_test_file_of_its_name():
    expected = {
        path: Path('tests', *path.parts[1:-1], f'test_{path.name}')
        for path in modules('pvs_workflow')
        if path.name != '__init__.py' and 'data' not in path.parts
    }
    missing = [f'{path}: {test}' for path, test in expected.items() if not (ROOT / test).is_file()]
    assert not missing, '\n'.join(missing)


@pytest.mark.parametrize('folder', ['pvs_workflow', 'tests', 'benchmarks', 'scripts', 'docs'])
def test_no_file_is_long(folder):
    lines = {path: len((ROOT / path).read_text('utf-8').splitlines()) for path in modules(folder)}
    long = [f'{path}: {number}' for path, number in lines.items() if number > MAX_LINES]
    assert not long, '\n'.join(long)


def test_each_interface_loads_calls_and_saves():
    lengths = {
        f'{path}: {owner.name}': body_lines(function)
        for path, tree in modules('pvs_workflow').items()
        for owner in ast.walk(tree)
        if isinstance(owner, ast.ClassDef)
        for function in owner.body
        if isinstance(function, ast.FunctionDef) and function.name == '_run_interface'
    }
    assert len(lengths) >= 4
    long = [
        f'{name}: {number}' for name, number in lengths.items() if number > MAX_INTERFACE_LINES
    ]
    assert not long, '\n'.join(long)
