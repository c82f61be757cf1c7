"""Nipype's queue plugins, with fake Slurm commands."""

import json
import os
import subprocess
import sys

import pytest

from pvs_workflow.errors import PVSError
from pvs_workflow.execution import queues
from pvs_workflow.execution.queues import PLUGINS, make_queue_plugin, read_plugin_file
from tests.builders.execution import ALL, TINY, WITHOUT_FAILURE

# A job is a background process; squeue lists those that are still running.
SBATCH = """#!/bin/bash
echo "$@" >> "$0.called"
while [ $# -gt 1 ]; do case "$1" in -o) out=$2; shift;; esac; shift; done
setsid bash "$1" > "${out//%j/x}" 2>&1 < /dev/null &
echo "$!" >> "${0%sbatch}jobs"
echo "Submitted batch job $!"
"""
SQUEUE = """#!/bin/bash
while read -r job; do kill -0 "$job" 2> /dev/null && echo "$job"; done < "${0%squeue}jobs"
true
"""


@pytest.fixture
def queue(tmp_path):
    """Return a function that runs a small graph in the queue.

    It returns the process, the outcome and the calls of sbatch.
    """
    for name, text in (('sbatch', SBATCH), ('squeue', SQUEUE), ('scancel', '#!/bin/bash\n')):
        path = tmp_path / 'bin' / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
        path.chmod(0o755)
    (tmp_path / 'plugin.yml').write_text('plugin: SLURM\nplugin_args: {sbatch_args: --mem=1G}\n')
    environment = os.environ | {'PATH': f'{tmp_path / "bin"}:{os.environ["PATH"]}'}

    def call(case, *options):
        completed = subprocess.run(
            [sys.executable, TINY, case, tmp_path, 'plugin', *options],
            capture_output=True,
            text=True,
            timeout=300,
            env=environment,
        )
        path = tmp_path / 'outcome.json'
        assert path.exists(), completed.stderr
        return (
            completed,
            json.loads(path.read_text()),
            (tmp_path / 'bin' / 'sbatch.called').read_text(),
        )

    return call


@pytest.mark.slow
def test_every_step_runs_as_a_job(queue):
    completed, outcome, jobs = queue('fine')
    assert (completed.returncode, outcome['done'], outcome['failed']) == (0, ALL, {})
    assert len(jobs.splitlines()) == 8
    assert all(line.startswith('--mem=1G') for line in jobs.splitlines())
    assert completed.stderr.splitlines()[-1].startswith('8 of 8 steps')


@pytest.mark.slow
@pytest.mark.parametrize('case', ['image-error', 'bug'])
def test_a_failed_job_is_reported_and_does_not_affect_others(queue, case):
    completed, outcome, jobs = queue(case)
    assert completed.returncode == 1
    assert outcome['done'] == WITHOUT_FAILURE
    messages = {'image-error': 'sub-02: x.nii.gz is 4D', 'bug': 'sub-02: step first failed: '}
    assert outcome['failed']['sub-02'].startswith(messages[case])
    assert len(jobs.splitlines()) == 7


@pytest.mark.parametrize(
    'content',
    [
        None,
        'plugin: [',
        'SLURM',
        'args: {}',
        'plugin: SLURM\nplugin_args: [1]',
        '!!python/object/apply:os.system ["touch harm"]',
    ],
)
def test_an_invalid_plugin_file_is_named(tmp_path, content):
    path = tmp_path / 'plugin.yml'
    if content is not None:
        path.write_text(content)
    with pytest.raises(PVSError, match='is not a YAML file with "plugin"') as error:
        read_plugin_file(path)
    assert str(path) in str(error.value)


@pytest.mark.parametrize(
    'name', ['Slurm', 'SLURMGraph', 'SGEGraph', 'Linear', 'LegacyMultiProc', '3']
)
def test_unsupported_plugins_are_refused(tmp_path, name):
    (tmp_path / 'plugin.yml').write_text(f'plugin: {name}\n')
    with pytest.raises(
        PVSError, match=r'is not supported; choose one of MultiProc, SLURM, SGE.*--write-slurm'
    ):
        read_plugin_file(tmp_path / 'plugin.yml')


def test_a_plugin_file_is_read(tmp_path):
    (tmp_path / 'plugin.yml').write_text('plugin: MultiProc\nplugin_args: {n_procs: 3}\n')
    assert read_plugin_file(tmp_path / 'plugin.yml') == ('MultiProc', {'n_procs': 3})


@pytest.fixture
def command(tmp_path, monkeypatch):
    """Return a function that creates a fake Slurm command, which records its calls."""
    monkeypatch.setenv('PATH', f'{tmp_path}:/usr/bin:/bin')

    def make(name, text):
        path = tmp_path / name
        path.write_text(f'#!/bin/bash\necho "$@" >> {path}.called\n{text}\n')
        path.chmod(0o755)
        return lambda: path.with_name(f'{name}.called').read_text().splitlines()

    return make


@pytest.mark.parametrize('name', PLUGINS)
def test_jobs_get_the_environment_of_the_run(name, command):
    command('qstat', 'echo "<job_info/>"')  # nipype's SGE plugin runs it at once
    plugin = make_queue_plugin(name, {'max_jobs': 3}, {'A': 'b c'}, print, print)
    assert (plugin.plugin_args['max_jobs'], plugin.failures, plugin.unfinished) == (3, [], [])
    assert plugin._template.endswith("\nexport A='b c'\n")


def test_slurm_is_queried_once_for_all_jobs(command, monkeypatch):
    now = [100.0]
    monkeypatch.setattr(queues.time, 'monotonic', lambda: now[0])
    queries, cancelled = command('squeue', 'echo 3; echo 5'), command('scancel', '')
    plugin = make_queue_plugin('SLURM', {}, {}, print, print)
    plugin._submitted = dict.fromkeys((3, 4, 5), 100.0)
    now[0] += queues.POLL_SECONDS
    assert [plugin._is_pending(job) for job in (3, 4, 5)] == [True, False, True]
    assert len(queries()) == 1
    # The query does not cover a job that was submitted after it.
    now[0] += 1
    plugin._submitted[6] = now[0]
    assert plugin._is_pending(6)
    now[0] += queues.POLL_SECONDS
    assert not plugin._is_pending(6)
    plugin.stop()
    assert cancelled() == ['3 5']


def test_jobs_are_pending_if_slurm_does_not_answer(command):
    command('squeue', 'echo Socket timed out >&2; exit 1')
    plugin = make_queue_plugin('SLURM', {}, {}, print, print)
    plugin._submitted = {3: 0.0}
    assert plugin._is_pending(3)


def test_the_final_state_of_a_slurm_job_is_reported(command):
    plugin = make_queue_plugin('SLURM', {}, {}, print, print)
    command('scontrol', 'echo "JobId=3 JobName=x"; echo "   JobState=TIMEOUT Reason=TimeLimit"')
    assert plugin.describe_job_failure(3) == ' and ended as TIMEOUT'
    command('scontrol', 'echo "slurm_load_jobs error: Invalid job id specified" >&2; exit 1')
    assert plugin.describe_job_failure(3) == ''
