"""Interfaces only load, call and save; the code is in the method package."""

import ast
from pathlib import Path

import pytest

import pvs_workflow.interfaces

MAX_LINES = 15
MODULES = sorted(Path(pvs_workflow.interfaces.__file__).parent.glob('*.py'))
RUNS = {
    f'{interface.name}._run_interface': method
    for module in MODULES
    for interface in ast.parse(module.read_text('utf-8')).body
    if isinstance(interface, ast.ClassDef)
    for method in interface.body
    if isinstance(method, ast.FunctionDef) and method.name == '_run_interface'
}


def test_interfaces_are_collected():
    assert set(RUNS) >= {'Step._run_interface', 'SaveTables._run_interface'}


@pytest.mark.parametrize('name', RUNS)
def test_run_interface_is_short(name):
    body = RUNS[name].body
    lines = body[-1].end_lineno - body[0].lineno + 1
    assert lines <= MAX_LINES


@pytest.mark.parametrize('name', RUNS)
def test_run_interface_branches_at_most_once(name):
    branches = [n for n in ast.walk(RUNS[name]) if isinstance(n, ast.If | ast.For | ast.While)]
    assert len(branches) <= 1
