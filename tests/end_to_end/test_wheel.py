"""The wheel, installed in an empty environment, gives the same results as the checkout."""

import os
import shutil
import subprocess
import sys

import pytest

from tests.builders.example import EXAMPLE, ROOT, tables

SOURCES = ('LICENSE', 'README.md', 'pvs_workflow', 'pyproject.toml', 'setup.cfg')

pytestmark = pytest.mark.slow


@pytest.fixture(scope='module')
def run(tmp_path_factory):
    """Return a function that runs a program of an environment with the wheel and nothing else."""
    folder = tmp_path_factory.mktemp('wheel')
    source, programs = folder / 'source', folder / 'environment' / 'bin'
    source.mkdir()
    for name in SOURCES:
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copyfile
        copy(ROOT / name, source / name)
    env = {name: value for name, value in os.environ.items() if not name.startswith('PYTHON')}

    def call(name, *words):
        words = [programs / name, *map(str, words)]
        process = subprocess.run(words, capture_output=True, text=True, cwd=folder, env=env)
        assert process.returncode == 0, process.stdout + process.stderr
        return process.stdout

    subprocess.run([sys.executable, '-m', 'venv', programs.parent], check=True, env=env)
    call('pip', 'wheel', '--no-deps', '--wheel-dir', folder, source)
    shutil.rmtree(source)
    call('pip', 'install', *folder.glob('*.whl'))
    return call


def test_the_wheel_gives_the_tables_of_the_checkout(run, example, tmp_path):
    out = tmp_path / 'out'
    run('pvs_workflow', EXAMPLE, out, 'participant', '--participant-label', '02', '--nprocs', 2)
    run('pvs_workflow', EXAMPLE, out, 'group')
    assert (out / 'group_potter.html').is_file()
    expected = {name: data for name, data in tables(example).items() if name.startswith('sub-02')}
    assert len(expected) == 3
    assert tables(out) == expected


def test_the_wheel_installs_both_commands_and_the_licence(run):
    assert 'participant' in run('pvs_workflow', '--help')
    assert 'crossval' in run('pvs_cascade', '--help')
    shown = run('pip', 'show', 'pvs_workflow')
    assert 'Apache-2.0' in shown
