"""Rules on imports of tests and benchmarks; setup.cfg has the contracts of the package."""

import re

from tests.builders.source import ROOT, imported, modules

IMPORT_IN_TEXT = re.compile(r'^\W*from (tests\.\S+) import', re.M)
"""Import statements in the text of a program that a test runs."""


def is_in_test_module(name):
    """Return whether a name is a test module, a conftest, or an object in one."""
    first, *parts = name.split('.')
    return first == 'tests' and any(p.startswith('test_') or p == 'conftest' for p in parts)


def test_nothing_imports_a_test_or_a_conftest():
    imports = []
    for path, tree in modules('tests', 'benchmarks', 'scripts', 'docs').items():
        names = imported(tree) | set(IMPORT_IN_TEXT.findall((ROOT / path).read_text('utf-8')))
        imports += [f'{path}: {name}' for name in sorted(names) if is_in_test_module(name)]
    assert not imports, '\n'.join(imports)


def test_benchmarks_are_imported_by_their_full_names():
    """They run as ``python -m benchmarks.NAME``."""
    names = {path.stem for path in modules('benchmarks')} - {'__init__'}
    imports = []
    for path, tree in modules('benchmarks', 'tests', 'scripts').items():
        starts = {name.split('.')[0] for name in imported(tree)}
        imports += [f'{path}: {name or "relative"}' for name in sorted(starts & (names | {''}))]
    assert not imports, '\n'.join(imports)
