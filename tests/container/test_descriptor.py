"""The Boutiques descriptor matches the parser and makes valid commands."""

import importlib.util
import json
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from pvs_workflow.cli.parser import build_parser, parse_args

ROOT = Path(__file__).parents[2]
DESCRIPTOR = ROOT / 'boutiques' / 'pvs_workflow.json'
BOSH = Path(sys.executable).with_name('bosh')
ARGUMENTS = {
    'bids_dir': '/in',
    'output_dir': '/out',
    'analysis_level': 'participant',
    'verbosity': '-vv',
    'participant_label': ['01', '02'],
    'nprocs': 3,
    'mem_gb': '8G',
    'work_dir': '/work',
    'random_seed': 7,
    'bias_correction': True,
}


@pytest.fixture(scope='module')
def script():
    path = ROOT / 'scripts' / 'make_boutiques.py'
    spec = importlib.util.spec_from_file_location('make_boutiques', path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope='module')
def inputs():
    return {entry['id']: entry for entry in json.loads(DESCRIPTOR.read_text('utf-8'))['inputs']}


def bosh(*words):
    return subprocess.run([BOSH, *words], capture_output=True, text=True, check=False)


def test_the_descriptor_matches_the_parser(script):
    # If this fails, run: python scripts/make_boutiques.py
    assert json.loads(DESCRIPTOR.read_text('utf-8')) == script.descriptor()


def test_the_descriptor_follows_the_schema():
    process = bosh('validate', str(DESCRIPTOR))
    assert (process.returncode, process.stdout.strip()) == (0, 'OK'), (
        process.stdout + process.stderr
    )


def test_a_descriptor_that_breaks_the_schema_is_refused(tmp_path):
    broken = json.loads(DESCRIPTOR.read_text('utf-8'))
    broken['inputs'][0]['type'] = 'Folder'
    (tmp_path / 'broken.json').write_text(json.dumps(broken))
    assert bosh('validate', str(tmp_path / 'broken.json')).returncode != 0


def test_every_argument_is_described_once(inputs):
    names = [action.dest for action in build_parser()._actions]
    assert sorted(inputs) == sorted(set(names) - {'help', 'version'})


def test_only_paths_that_must_exist_have_the_type_file(script, inputs):
    assert {
        name for name, entry in inputs.items() if entry['type'] == 'File'
    } == script.INPUT_PATHS


def test_the_descriptor_does_not_depend_on_the_machine(inputs):
    assert not [name for name, entry in inputs.items() if 'default-value' in entry]
    text = DESCRIPTOR.read_text('utf-8')
    assert str(ROOT) not in text and '%(' not in text and '%%' not in text


def test_exit_codes_of_failures_are_described():
    codes = {entry['code'] for entry in json.loads(DESCRIPTOR.read_text('utf-8'))['error-codes']}
    assert {1, 2, 16, 18, 66, 130, 143} <= codes and 0 not in codes


def test_the_parser_accepts_the_command_that_boutiques_makes(tmp_path):
    (tmp_path / 'given.json').write_text(json.dumps(ARGUMENTS))
    process = bosh('exec', 'simulate', str(DESCRIPTOR), '-i', str(tmp_path / 'given.json'))
    assert process.returncode == 0, process.stdout + process.stderr
    (line,) = [line for line in process.stdout.splitlines() if line.startswith('pvs_workflow ')]
    settings = parse_args(shlex.split(line)[1:])
    assert settings.participant_label == ('01', '02')
    assert (settings.nprocs, settings.mem_gb, settings.random_seed) == (3, 8.0, 7)
    assert (settings.work_dir, settings.verbosity) == (Path('/work'), 2)
    assert settings.bias_correction is False


def test_mutually_exclusive_options_are_refused(tmp_path):
    both = ARGUMENTS | {'boilerplate_only': True, 'reports_only': True}
    (tmp_path / 'both.json').write_text(json.dumps(both))
    process = bosh('exec', 'simulate', str(DESCRIPTOR), '-i', str(tmp_path / 'both.json'))
    assert process.returncode != 0
