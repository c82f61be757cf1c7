"""Nipype's plugins for cluster queues, extended to report the outcome of each node."""

import os
import re
import shlex
import subprocess
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from nipype.pipeline import plugins

from pvs_workflow.errors import PVSError
from pvs_workflow.execution.plugin import ReportingPlugin, pass_on_failure
from pvs_workflow.files import read_text

LOCAL = 'MultiProc'
"""Name in a plugin file that selects the plugin for this machine."""
POLL_SECONDS = 2.0
"""Interval between queries of the queue."""
_NO_RESULT = 'results file does not exist'


class QueuePlugin(ReportingPlugin):
    """Plugin that submits a job per node, ignores earlier results and reports dead jobs."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self._jobs: dict[int, object] = {}

    def _generate_dependency_list(self, graph):
        super()._generate_dependency_list(graph)
        self.nodes = self.procs
        self._succeeded.clear()
        self.plugin_args['on_start'](len(self.nodes))

    def _task_finished_cb(self, jobid, cached=False):
        super()._task_finished_cb(jobid, cached=cached)
        self._succeeded.add(self.procs[jobid].fullname)

    def _report_crash(self, node, result=None):
        return self._record_failure(node, (result or {}).get('traceback') or '')

    def _submit_batchtask(self, scriptfile, node):
        # Nipype would mistake an earlier result for that of a job that died.
        for path in Path(node.output_dir()).glob('result_*.pklz'):
            path.unlink()
        job = super()._submit_batchtask(scriptfile, node)
        self._jobs[job] = node
        return job

    def _get_result(self, taskid):
        result = super()._get_result(taskid)
        if result and _NO_RESULT in (result['traceback'] or ''):
            reason = self.describe_job_failure(taskid)
            result['traceback'] = [f'WorkerDiedError: its job {taskid} left no result{reason}\n']
        node = self._jobs.pop(taskid) if result else None
        if node and result['traceback'] and pass_on_failure(node, result['traceback']):
            result['traceback'] = None
        return result

    def describe_job_failure(self, job: int) -> str:
        """Return how a job without a result ended, as the end of a message."""
        return ''


class SlurmPlugin(QueuePlugin, plugins.SLURMPlugin):
    """Slurm plugin that queries all jobs at once and cancels them when it is stopped."""

    def __init__(self, plugin_args=None):
        super().__init__(plugin_args=plugin_args)
        self._submitted: dict[int, float] = {}
        self._queued: set[int] = set()
        self._queried = float('-inf')

    def stop(self) -> None:
        """Cancel all jobs that have not ended."""
        if self._submitted:
            subprocess.run(['scancel', *map(str, self._submitted)], capture_output=True)

    def describe_job_failure(self, job: int) -> str:
        """Return how a job ended, if Slurm still has a record of it."""
        process = subprocess.run(
            ['scontrol', 'show', 'job', str(job)], capture_output=True, text=True
        )
        state = re.search(r'JobState=(\w+)', process.stdout)
        return f' and ended as {state[1]}' if state else ''

    def _submit_batchtask(self, scriptfile, node):
        job = super()._submit_batchtask(scriptfile, node)
        self._submitted[job] = time.monotonic()
        return job

    def _is_pending(self, taskid):
        if time.monotonic() - self._queried >= POLL_SECONDS:
            self._queried = time.monotonic()
            words = ['squeue', '--noheader', '--user', str(os.getuid()), '--format', '%A']
            process = subprocess.run(words, capture_output=True, text=True)
            # If the server does not answer, treat all jobs as still queued.
            listed = process.stdout.split() if process.returncode == 0 else self._submitted
            self._queued = set(map(int, listed))
        # The query does not cover jobs that were submitted after it.
        if taskid in self._queued or self._submitted[taskid] >= self._queried:
            return True
        del self._submitted[taskid]
        return False


PLUGINS = {'SLURM': SlurmPlugin} | {
    name: type(f'{name}Plugin', (QueuePlugin, getattr(plugins, f'{name}Plugin')), {})
    for name in ('SGE', 'PBS', 'LSF', 'OAR', 'Condor')
}
"""Supported queue plugins: those that submit a job for each node and wait for it."""


def read_plugin_file(path: Path) -> tuple[str, dict]:
    """Read the name and arguments of a plugin from a YAML file in fMRIPrep's format.

    Raises
    ------
    PVSError
        If the file cannot be read, or its plugin does not wait for its jobs.

    """
    import yaml

    try:
        content = yaml.safe_load(read_text(path))
        name, arguments = content['plugin'], dict(content.get('plugin_args') or {})
    except (OSError, ValueError, KeyError, TypeError, AttributeError, yaml.YAMLError) as error:
        raise PVSError(
            f'{path} is not a YAML file with "plugin" (a name) and "plugin_args" (a mapping): '
            f'{error!r}'
        ) from error
    if name not in (LOCAL, *PLUGINS):
        raise PVSError(
            f'{path}: plugin {name} is not supported; choose one of '
            f'{", ".join((LOCAL, *PLUGINS))}, or use --write-slurm'
        )
    return name, arguments


def make_queue_plugin(
    name: str,
    arguments: Mapping,
    environment: Mapping[str, str],
    on_start: Callable[[int], None],
    on_change: Callable[[object, str], None],
) -> QueuePlugin:
    """Return a plugin whose job scripts export an environment.

    ``name`` is a key of :data:`PLUGINS`, and ``arguments`` are nipype's arguments for it. The
    callables are those of :class:`~pvs_workflow.execution.plugin.MemoryLimitedPlugin`.
    """
    # Nipype uses it in the names of jobs.
    os.environ.setdefault('LOGNAME', 'pvs_workflow')
    callbacks = {'on_start': on_start, 'status_callback': on_change}
    plugin = PLUGINS[name](plugin_args=dict(arguments) | callbacks)
    exports = ''.join(f'export {key}={shlex.quote(value)}\n' for key, value in environment.items())
    plugin._template = f'{plugin._template.rstrip()}\n{exports}'
    return plugin
