"""What tests and benchmarks import; setup.cfg has the contracts of the package itself."""

import re

from tests.builders.source import ROOT, imported, modules

IN_A_TEXT = re.compile(r'^\W*from (tests\.\S+) import', re.M)
"""An import in a program that a test runs."""


def is_of_a_test(name):
    """Tell whether a name is a test module, a conftest, or something in one."""
    first, *parts = name.split('.')
    return first == 'tests' and any(p.startswith('test_') or p == 'conftest' for p in parts)


def test_nothing_imports_a_test_or_a_conftest():
    found = []
    for path, tree in modules('tests', 'benchmarks', 'scripts', 'docs').items():
        names = imported(tree) | set(IN_A_TEXT.findall((ROOT / path).read_text('utf-8')))
        found += [f'{path}: {name}' for name in sorted(names) if is_of_a_test(name)]
    assert not found, '\n'.join(found)


def test_benchmarks_are_imported_by_their_full_names():
    """They are run as ``python -m benchmarks.NAME``."""
    names = {path.stem for path in modules('benchmarks')} - {'__init__'}
    found = []
    for path, tree in modules('benchmarks', 'tests', 'scripts').items():
        starts = {name.split('.')[0] for name in imported(tree)}
        found += [f'{path}: {name or "relative"}' for name in sorted(starts & (names | {''}))]
    assert not found, '\n'.join(found)
