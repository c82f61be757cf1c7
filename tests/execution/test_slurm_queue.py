"""Slurm's commands, with stand-ins for them."""

import pytest

from pvs_workflow.errors import PVSError
from pvs_workflow.execution import slurm_queue
from pvs_workflow.execution.slurm_queue import Queue, ending, submit


@pytest.fixture
def command(tmp_path, monkeypatch):
    monkeypatch.setenv('PATH', f'{tmp_path}:/usr/bin:/bin')
    monkeypatch.setattr(slurm_queue, '_SECONDS_BETWEEN_TRIES', 0.0)

    def make(name, text):
        path = tmp_path / name
        path.write_text(f'#!/bin/bash\necho "$@" >> {path}.called\n{text}\n')
        path.chmod(0o755)

    make.folder = tmp_path
    return make


def calls(command, name):
    return (command.folder / f'{name}.called').read_text().splitlines()


def test_one_question_for_all_jobs(command):
    command('squeue', 'echo 3; echo 5')
    command('scancel', '')
    now = [0.0]
    queue = Queue(2.0, lambda: now[0])
    for job in (3, 4, 5):
        queue.add(job)
    now[0] = 1.0
    assert [queue.holds(job) for job in (3, 4, 5)] == [True, False, True]
    assert len(calls(command, 'squeue')) == 1
    # Younger than the answer, which therefore says nothing of it.
    now[0] = 2.0
    queue.add(6)
    assert queue.holds(6)
    now[0] = 3.5
    assert not queue.holds(6)
    assert len(calls(command, 'squeue')) == 2
    queue.cancel()
    assert calls(command, 'scancel') == ['3 5']


def test_a_busy_server_ends_no_job(command):
    command('squeue', 'echo Socket timed out >&2; exit 1')
    queue = Queue(0.0, iter(map(float, range(20))).__next__)
    queue.add(3)
    assert queue.holds(3)
    assert queue.holds(3)
    command('squeue', '')
    assert not queue.holds(3)


def test_a_job_is_asked_for_again(command):
    command('sbatch', f'[ $(wc -l < {command.folder}/sbatch.called) -gt 2 ] && echo "17;cluster"')
    assert submit(['--mem=1G', 'job.sh']) == 17
    assert calls(command, 'sbatch') == ['--parsable --mem=1G job.sh'] * 3
    command('sbatch', 'echo "error: no such partition" >&2; exit 1')
    with pytest.raises(PVSError, match=r'job.sh cannot be submitted, .* no such partition'):
        submit(['job.sh'])


def test_how_a_job_ended(command):
    command('scontrol', 'echo "JobId=3 JobName=x"; echo "   JobState=TIMEOUT Reason=TimeLimit"')
    assert ending(3) == 'as TIMEOUT'
    command('scontrol', 'echo "slurm_load_jobs error: Invalid job id specified" >&2; exit 1')
    assert 'does not know' in ending(3)
