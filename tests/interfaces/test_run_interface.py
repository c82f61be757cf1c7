"""Interfaces only load, call and save: what they do is in the method."""

import ast
from pathlib import Path

import pytest

import pvs_workflow.interfaces

MOST_LINES = 15
MODULES = sorted(Path(pvs_workflow.interfaces.__file__).parent.glob('*.py'))
RUNS = {
    f'{kind.name}._run_interface': part
    for module in MODULES
    for kind in ast.parse(module.read_text('utf-8')).body
    if isinstance(kind, ast.ClassDef)
    for part in kind.body
    if isinstance(part, ast.FunctionDef) and part.name == '_run_interface'
}


def test_there_is_something_to_look_at():
    assert set(RUNS) >= {'Step._run_interface', 'SaveTables._run_interface'}


@pytest.mark.parametrize('name', RUNS)
def test_it_is_short(name):
    body = RUNS[name].body
    lines = body[-1].end_lineno - body[0].lineno + 1
    assert lines <= MOST_LINES


@pytest.mark.parametrize('name', RUNS)
def test_it_branches_at_most_once(name):
    branches = [n for n in ast.walk(RUNS[name]) if isinstance(n, ast.If | ast.For | ast.While)]
    assert len(branches) <= 1
