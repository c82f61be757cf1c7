"""Scripts of job arrays, run unchanged except for fake commands for sbatch and the app."""

import json
import re
import stat
import subprocess
import sys

import pytest

from pvs_workflow.cli.parser import parse_args
from tests.builders.execution import run_command

SBATCH = """#!/bin/bash
printf '%s\\n' "$@" -- >> "$0.called"
echo "$((4000 + $(grep -c '^--$' "$0.called")));cluster"
"""
# The queue is empty.
SQUEUE = """#!/bin/bash
"""
# Records its arguments and fails for one participant.
APP = """#!/bin/bash
printf '%s\\n' "$@" > "$0.called"
[[ " $* " != *" --participant-label 02 "* ]]
"""


@pytest.fixture
def array(make_dataset, tmp_path):
    """Return a function that writes an array of three participants, and the folders it uses."""
    bids = make_dataset(*(f'sub-{label}_T2w.nii.gz' for label in ('01', '02', 'A3')))
    folder = tmp_path / 'some jobs'
    folder.mkdir()
    (tmp_path / 'bin').mkdir()
    for name, text in (('sbatch', SBATCH), ('squeue', SQUEUE), ('app', APP)):
        (tmp_path / 'bin' / name).write_text(text)
        (tmp_path / 'bin' / name).chmod(0o755)

    def write(*options, bids=bids):
        work = tmp_path / "it's work"
        words = ('participant', '--write-slurm', folder / 'pvs.sh', '-w', work, *options)
        completed = run_command(bids, tmp_path / 'out', *words, cwd=tmp_path)
        if completed.returncode == 0:
            script = folder / 'pvs.sh'
            text, number = re.subn(
                r'^command=.*$', 'command=(app)', script.read_text(), flags=re.M
            )
            assert number == 1
            script.write_text(text)
        return completed

    return write, folder, tmp_path / 'bin'


def bash(array, *words, **environment):
    """Run the script of the array."""
    _, folder, binaries = array
    return subprocess.run(
        ['bash', folder / 'pvs.sh', *words],
        env={'PATH': f'{binaries}:/usr/bin:/bin', 'SLURM_CPUS_PER_TASK': '2'} | environment,
        capture_output=True,
        text=True,
    )


def sbatch_calls(array):
    """Return the arguments of each call of sbatch, and delete their record."""
    text = (array[2] / 'sbatch.called').read_text()
    (array[2] / 'sbatch.called').unlink()
    return [call.splitlines() for call in text.split('--\n') if call]


def test_the_script_and_the_list_of_participants_are_written(array, tmp_path):
    write, folder, _ = array
    completed = write()
    assert completed.returncode == 0, completed.stderr
    participants_file = folder / 'pvs_participants.txt'
    assert participants_file.read_text() == '01\n02\nA3\n'
    assert stat.S_IMODE(participants_file.stat().st_mode) == 0o444
    text = (folder / 'pvs.sh').read_text()
    assert not re.search('@[a-z_0-9]+@', text)
    assert '#SBATCH --array=1-3%50\n' in text
    assert '#SBATCH --cpus-per-task=2\n' in text
    assert '#SBATCH --mem=4033M\n' in text
    log = re.search(r'^#SBATCH --output="(.*)"$', text, re.M)[1]
    assert log == str(tmp_path / 'out' / 'logs' / 'slurm' / 'pvs_%A_%a.log')
    assert (tmp_path / 'out' / 'logs' / 'slurm').is_dir()
    assert not list((tmp_path / 'out').glob('sub-*'))


def test_a_task_processes_one_participant_and_marks_it_as_done(array, tmp_path):
    write, folder, binaries = array
    write('--nprocs', '4', '--mem', '7G', '--no-bias-correction', '--random-seed', '9')
    text = (folder / 'pvs.sh').read_text()
    assert '#SBATCH --mem=7629M\n' in text
    assert '#SBATCH --cpus-per-task=4\n' in text
    completed = bash(array, SLURM_ARRAY_TASK_ID='3', SLURM_CPUS_PER_TASK='4')
    assert completed.returncode == 0, completed.stderr
    settings = parse_args((binaries / 'app.called').read_text().splitlines())
    assert settings.write_slurm is None
    assert settings.participant_label == ('A3',)
    assert settings.work_dir == tmp_path / "it's work" / 'sub-A3'
    assert (settings.nprocs, settings.mem_gb, settings.random_seed) == (4, 7.0, 9)
    assert not settings.bias_correction
    assert bash(array, 'pending').stdout.split() == ['1', '2']


def test_only_failed_tasks_are_submitted_again(array):
    write, *_ = array
    write()
    completed = bash(array, 'submit', '--partition=long')
    assert completed.returncode == 0, completed.stderr
    assert '3 participants as 4001' in completed.stdout
    tasks, group = sbatch_calls(array)
    script = str(array[1] / 'pvs.sh')
    assert tasks == [
        *('--parsable', '--partition=long', '--array=1,2,3%50', '--job-name=pvs_0'),
        *('--export=ALL,PVS_FIRST=0', script),
    ]
    assert '--dependency=afterany:4001' in group
    assert (group[-2:], '--partition=long' in group) == (
        ['--export=ALL,PVS_GROUP=1', script],
        True,
    )
    codes = [bash(array, SLURM_ARRAY_TASK_ID=str(task)).returncode for task in (1, 2, 3)]
    assert codes == [0, 1, 0]
    bash(array, 'submit')
    assert sbatch_calls(array)[0][1:4] == [
        '--array=1%50',
        '--job-name=pvs_1',
        '--export=ALL,PVS_FIRST=1',
    ]


def test_the_group_job_runs_the_group_level(array, tmp_path):
    array[0]()
    assert bash(array, PVS_GROUP='1', SLURM_ARRAY_TASK_ID='0').returncode == 0
    settings = parse_args((array[2] / 'app.called').read_text().splitlines())
    assert (settings.analysis_level, settings.output_dir) == ('group', tmp_path / 'out')


def test_nothing_is_submitted_when_all_tasks_are_done(array):
    write, _, binaries = array
    write('--participant-label', '01')
    assert bash(array, SLURM_ARRAY_TASK_ID='1').returncode == 0
    assert bash(array, 'submit').stdout == 'all participants are done\n'
    assert not (binaries / 'sbatch.called').exists()


def test_many_participants_are_split_among_arrays(array):
    write, folder, _ = array
    write()
    script = folder / 'pvs.sh'
    script.write_text(re.sub(r'^block=\d+', 'block=2', script.read_text(), flags=re.M))
    bash(array, 'submit')
    first, second, group = sbatch_calls(array)
    assert (first[1], first[3]) == ('--array=1,2%50', '--export=ALL,PVS_FIRST=0')
    assert (second[1], second[3]) == ('--array=1%50', '--export=ALL,PVS_FIRST=2')
    assert '--dependency=afterany:4001:4002' in group
    assert bash(array, SLURM_ARRAY_TASK_ID='1', PVS_FIRST='2').returncode == 0
    assert (folder / 'pvs_done' / 'A3').exists()


def test_a_changed_list_is_refused(array):
    write, folder, binaries = array
    write()
    participants_file = folder / 'pvs_participants.txt'
    participants_file.chmod(0o644)
    participants_file.write_text('02\n01\nA3\n')
    for words, environment in ((['submit'], {}), ([], {'SLURM_ARRAY_TASK_ID': '1'})):
        completed = bash(array, *words, **environment)
        assert completed.returncode == 1
        assert 'has changed' in completed.stderr
    assert not list(binaries.glob('*.called'))


@pytest.mark.parametrize('name', ['pvs.sh', 'pvs.toml', 'pvs_participants.txt'])
def test_existing_files_are_not_overwritten(array, name):
    write, folder, _ = array
    (folder / name).write_text('precious')
    completed = write()
    assert completed.returncode == 1
    assert f'{name} already exists' in completed.stderr
    assert {path.name: path.read_text() for path in folder.iterdir()} == {name: 'precious'}


def test_unknown_participants_are_reported(array):
    write, folder, _ = array
    completed = write('--participant-label', '01', '99')
    assert completed.returncode == 1
    assert 'sub-99: not in the dataset' in completed.stderr
    assert (folder / 'pvs_participants.txt').read_text() == '01\n'


def test_script_names_that_slurm_would_misread_are_refused(make_dataset, tmp_path):
    words = ('participant', '--write-slurm', 'a %j.sh')
    completed = run_command(make_dataset('sub-01_T2w.nii.gz'), 'out', *words, cwd=tmp_path)
    assert completed.returncode == 1
    assert 'is not a valid script name' in completed.stderr.splitlines()[-1]
    assert 'Traceback' not in completed.stderr
    assert not (tmp_path / 'out').exists()


@pytest.mark.slow
def test_simultaneous_runs_share_output_and_database(make_dataset, tmp_path):
    """Real processes all start without an output folder and a database."""
    labels = [f'{number:02d}' for number in range(1, 9)]
    bids = make_dataset(*(f'sub-{label}_T2w.nii.gz' for label in labels))
    out, database = tmp_path / 'out', tmp_path / 'database'
    shared = ['--boilerplate-only', '--skip-bids-validation', '--bids-database-dir', database]
    runs = [
        subprocess.Popen(
            [
                *(sys.executable, '-m', 'pvs_workflow.cli.run', bids, out, 'participant'),
                *('--participant-label', label, *shared),
            ],
            stderr=subprocess.PIPE,
            text=True,
        )
        for label in labels
    ]
    contents = set()
    while any(process.poll() is None for process in runs):
        for path in (out / 'dataset_description.json', out / '.bidsignore'):
            # The file is complete whenever it exists.
            if path.exists():
                contents.add((path.name, path.read_text()))
    messages = [process.communicate()[1] for process in runs]
    assert [process.returncode for process in runs] == [0] * len(runs), messages
    assert sorted(name for name, _ in contents) == ['.bidsignore', 'dataset_description.json']
    assert (
        json.loads((out / 'dataset_description.json').read_text())['DatasetType'] == 'derivative'
    )
    assert not list(tmp_path.rglob('.writing-*'))
    assert [path.name for path in database.iterdir()] == ['layout_index.sqlite']
    assert len(list((out / 'logs').glob('*.toml'))) == len(labels)
    for label in labels:
        assert any(f'sub-{label}' in text for text in messages)
