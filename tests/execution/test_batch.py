"""Nipype's plugins by a file, with a queue that stands in for Slurm; and its resource monitor."""

import json
import os
import subprocess
import sys

import pytest

from pvs_workflow.errors import PVSError
from pvs_workflow.execution.batch import make_plugin
from pvs_workflow.execution.plugin_file import PluginChoice, read_plugin_file
from tests.cli.test_run import ALL, OTHERS, TINY

# A job is a process in the background; squeue knows those that still run.
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
    """Run a small graph through the queue; return the process, the outcome and the jobs."""
    for name, text in (('sbatch', SBATCH), ('squeue', SQUEUE), ('scancel', '#!/bin/bash\n')):
        path = tmp_path / 'bin' / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
        path.chmod(0o755)
    (tmp_path / 'plugin.yml').write_text('plugin: SLURM\nplugin_args: {sbatch_args: --mem=1G}\n')
    environment = os.environ | {'PATH': f'{tmp_path / "bin"}:{os.environ["PATH"]}'}

    def call(case, *options):
        done = subprocess.run(
            [sys.executable, TINY, case, tmp_path, 'plugin', *options],
            capture_output=True,
            text=True,
            timeout=300,
            env=environment,
        )
        path = tmp_path / 'outcome.json'
        assert path.exists(), done.stderr
        return done, json.loads(path.read_text()), (tmp_path / 'bin' / 'sbatch.called').read_text()

    return call


@pytest.mark.slow
def test_every_step_is_a_job(queue):
    done, outcome, jobs = queue('fine')
    assert (done.returncode, outcome['done'], outcome['failed']) == (0, ALL, {})
    assert len(jobs.splitlines()) == 8
    assert all(line.startswith('--mem=1G') for line in jobs.splitlines())
    assert done.stderr.splitlines()[-1].startswith('8 of 8 steps')


@pytest.mark.slow
@pytest.mark.parametrize('case', ['image-error', 'bug'])
def test_a_failed_job_is_told_and_harms_nobody(queue, case):
    done, outcome, jobs = queue(case)
    assert done.returncode == 1
    assert outcome['done'] == OTHERS
    said = {'image-error': 'sub-02: x.nii.gz is 4D', 'bug': 'sub-02: step first failed with'}
    assert outcome['failed']['sub-02'].startswith(said[case])
    assert len(jobs.splitlines()) == 7


@pytest.mark.parametrize(
    ('content', 'said'),
    [
        (None, 'cannot be read'),
        ('plugin: [', 'cannot be read'),
        ('SLURM', 'no plugin file'),
        ('plugin: SLURM\nargs: {}', 'no plugin file'),
        ('plugin: 3', 'no plugin file'),
        ('plugin: SLURM\nplugin_args: [1]', 'no plugin file'),
        ('!!python/object/apply:os.system ["touch harm"]', 'cannot be read'),
    ],
)
def test_bad_plugin_files(tmp_path, content, said):
    path = tmp_path / 'plugin.yml'
    if content is not None:
        path.write_text(content)
    with pytest.raises(PVSError, match=said) as error:
        read_plugin_file(path)
    assert '\n' not in str(error.value)
    assert str(path) in str(error.value)


@pytest.mark.parametrize(
    ('name', 'said'),
    [
        ('Slurm', 'a name that nipype does not know'),
        ('SGEGraph', 'one that does neither'),
        ('Linear', 'one that does neither'),
        ('LegacyMultiProc', 'one that does neither'),
    ],
)
def test_plugins_that_would_not_tell_how_it_ended(name, said):
    with pytest.raises(PVSError, match=said) as error:
        make_plugin(PluginChoice(name), {}, {})
    assert 'SLURM' in str(error.value)


@pytest.mark.parametrize('name', ['SLURM', 'SLURMGraph', 'SGE', 'PBS', 'LSF'])
def test_plugins_of_queues(name):
    plugin = make_plugin(PluginChoice(name, {'max_jobs': 3}), {'on_start': print}, {'A': 'b c'})
    assert (plugin.plugin_args['max_jobs'], plugin.failures, plugin.unfinished) == (3, [], [])
    if name != 'SLURMGraph':
        assert plugin._template.endswith("\nexport A='b c'\n")


@pytest.mark.slow
@pytest.mark.parametrize('case', ['fine', 'image-error'])
def test_resource_monitor(tmp_path, case):
    done = subprocess.run(
        [sys.executable, '-W', 'error', TINY, case, tmp_path, 'monitor'],
        capture_output=True,
        text=True,
        timeout=240,
    )
    assert done.returncode == (case != 'fine'), done.stderr
    found = json.loads((tmp_path / 'out' / 'logs' / 'run_resources.json').read_text())
    # What a step took that failed is told, too; what waited for it did not run.
    failed = {'pvs_wf.sub_02_wf.last'} if case != 'fine' else set()
    steps = {
        f'pvs_wf.sub_{label}_wf.{name}'
        for label in ('01', '02', '03', '04')
        for name in ('first', 'last')
    }
    assert set(found['name']) == steps - failed
    # A worker with nipype in it.
    assert all(0.03 < value < 4 for value in found['rss_GiB'])
    assert len(found['time']) == len(found['cpus']) == len(found['rss_GiB'])
