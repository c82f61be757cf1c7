"""The shared parts of the benchmarks."""

import argparse
import json
from pathlib import Path

import pytest

from benchmarks import harness
from tests.builders.lab import run_benchmark


@pytest.fixture
def args():
    values = {'data': Path('/a/b'), 'n_cpus': 2, 'minutes': 7.0, 'sizes': (1, 2), 'start': None}
    return argparse.Namespace(**values, parts=[])


def test_a_command_has_folder_names_and_the_given_arguments(args):
    words = ('data', 'parts', '--n-cpus', '--minutes', '--sizes', '--start')
    assert harness.command('x', args, *words) == (
        'python -m benchmarks.x b --n-cpus 2 --minutes 7 --sizes 1 2'
    )
    assert harness.command('x', args, 'parts', '--sizes', parts=['a b'], sizes=[]) == (
        "python -m benchmarks.x 'a b'"
    )


def test_a_record_holds_command_seed_machine_and_versions(tmp_path, capsys):
    harness.write_record(tmp_path / 'new' / 'a.json', 'python x', {'mae': 1.5}, seed=4)
    record = json.loads((tmp_path / 'new' / 'a.json').read_text())
    assert (record['command'], record['seed'], record['mae']) == ('python x', 4, 1.5)
    assert record['machine']['cores'] >= 1
    assert {'pvs_workflow', 'numpy', 'tensorflow'} <= set(record['versions'])
    assert json.loads(capsys.readouterr().out) == record


NAMES = sorted(
    path.stem
    for path in Path(harness.__file__).parent.glob('*.py')
    if "__name__ == '__main__'" in path.read_text('utf-8')
)


@pytest.mark.slow
@pytest.mark.parametrize('name', [name for name in NAMES if name != 'fuzz'])
def test_every_benchmark_starts_and_prints_its_help(name):
    process = run_benchmark(name, '--help')
    assert process.returncode == 0, process.stderr
    assert f'{name}.py' in process.stdout
    assert len(process.stdout.splitlines()) > 6
