"""The scripts of the page on clusters, run as they stand, with stand-ins for the commands."""

import re
import shlex
import subprocess

import pytest

from pvs_workflow.cli.parser import parse_args
from tests.docs.conftest import DOCS

PAGE = (DOCS / 'clusters.md').read_text('utf-8')
SCRIPTS = dict(re.findall(r'^`(\w+\.sh)`:\n\n```sh\n(.*?)^```$', PAGE, re.M | re.S))
BLOCKS = re.findall(r'^```sh\n(.*?)^```$', PAGE, re.M | re.S)
# Writes what it was called with, one word a line, and answers as sbatch does.
STAND_IN = '#!/bin/sh\nprintf "%s\\n" "$@" >> "$0.called"\necho 4711\n'


@pytest.fixture
def machine(tmp_path):
    """Return a folder with a dataset, the page's scripts and stand-ins for two commands."""
    for label in ('sub-01', 'sub-02', 'sub-A3'):
        (tmp_path / 'bids' / label).mkdir(parents=True)
    (tmp_path / 'bids' / 'participants.tsv').touch()
    for name, text in SCRIPTS.items():
        (tmp_path / name).write_text(text)
    (tmp_path / 'bin').mkdir()
    for name in ('sbatch', 'pvs_workflow'):
        command = tmp_path / 'bin' / name
        command.write_text(STAND_IN)
        command.chmod(0o755)
    return tmp_path


def run(machine, text, **environment):
    """Run a script, and return the words that each stand-in was called with."""
    subprocess.run(
        ['bash', '-eu', '-c', text],
        cwd=machine,
        env={'PATH': f'{machine}/bin:/usr/bin:/bin', 'USER': 'me'} | environment,
        check=True,
        capture_output=True,
    )
    return {
        path.stem: path.read_text().splitlines() for path in (machine / 'bin').glob('*.called')
    }


def test_the_page_has_both_scripts():
    assert set(SCRIPTS) == {'pvs_participants.sh', 'pvs_group.sh'}


def test_submission_counts_the_participants_and_the_group_waits(machine):
    (text,) = [block for block in BLOCKS if 'afterany' in block]
    called = run(machine, text.replace('/data/bids', str(machine / 'bids')))
    assert (machine / 'participants.txt').read_text().split() == ['sub-01', 'sub-02', 'sub-A3']
    assert called['sbatch'] == [
        *('--parsable', '--array=1-3%50', 'pvs_participants.sh'),
        *('--dependency=afterany:4711', 'pvs_group.sh'),
    ]


def test_a_task_takes_its_participant_and_a_work_folder_of_its_own(machine):
    (machine / 'participants.txt').write_text('sub-01\nsub-02\nsub-A3\n')
    called = run(
        machine,
        SCRIPTS['pvs_participants.sh'],
        BIDS_DIR=str(machine / 'bids'),
        OUTPUT_DIR=str(machine / 'out'),
        WORK_DIR=str(machine / 'work'),
        SLURM_ARRAY_TASK_ID='3',
        SLURM_CPUS_PER_TASK='2',
    )
    settings = parse_args(called['pvs_workflow'])
    assert settings.analysis_level == 'participant'
    assert settings.participant_label == ('A3',)
    assert settings.work_dir == machine / 'work' / 'sub-A3'
    assert settings.nprocs == 2
    requested = re.search(r'--mem=(\d+)G', SCRIPTS['pvs_participants.sh'])
    assert settings.mem_gb < int(requested[1])


def test_the_group_step_reads_the_same_results(machine):
    folders = {'BIDS_DIR': str(machine / 'bids'), 'OUTPUT_DIR': str(machine / 'out')}
    called = run(machine, SCRIPTS['pvs_group.sh'], **folders)
    settings = parse_args(called['pvs_workflow'])
    assert settings.analysis_level == 'group'
    assert settings.output_dir == machine / 'out'


def test_arguments_in_containers_are_those_of_the_app():
    text = PAGE.replace('\\\n', ' ')
    commands = re.findall(
        r'^(?:docker|podman|apptainer) run .* pvs_workflow(?:\.sif)? (/in .*)$', text, re.M
    )
    assert len(commands) == 4
    levels = [parse_args(shlex.split(command)).analysis_level for command in commands]
    assert sorted(levels) == ['group', *['participant'] * 3]
