"""Nipype's plugins for the queues of clusters, made to tell what became of each node."""

import os
import shlex
from collections.abc import Mapping

from nipype.pipeline import plugins
from nipype.pipeline.plugins.base import SGELikeBatchManagerBase

from pvs_workflow.errors import PVSError
from pvs_workflow.execution.plugin import Told
from pvs_workflow.execution.plugin_file import PluginChoice
from pvs_workflow.execution.slurm_graph import ToldSLURMGraph, forget_result, how_it_died
from pvs_workflow.execution.slurm_queue import Queue

OWN = 'MultiProc'
"""What runs the graph without a plugin file: with workers that may die."""
GRAPH = 'SLURMGraph'
POLL_SECONDS = '2'
"""Between two looks at the queue; each is a call of its command."""
_NO_RESULT = 'results file does not exist'


class ToldBatch(Told):
    """Jobs that do not take over what an earlier run left, and may die."""

    def _get_result(self, taskid):
        found = super()._get_result(taskid)
        if found and _NO_RESULT in (found['traceback'] or ''):
            # Nipype's own text is none that it could write a crash file of.
            found['traceback'] = [f'WorkerDiedError: {self._how_it_died(taskid)}\n']
        return found

    def _how_it_died(self, job: int) -> str:
        return f'its job {job} left no result'

    def _submit_batchtask(self, scriptfile, node):
        forget_result(node)
        return super()._submit_batchtask(scriptfile, node)


class ToldSLURM(ToldBatch, plugins.SLURMPlugin):
    """One Slurm job for each node; those in the queue are cancelled when the run is stopped."""

    def __init__(self, plugin_args=None):
        super().__init__(plugin_args=plugin_args)
        self._queue = Queue(float(POLL_SECONDS))

    def stop(self) -> None:
        """Cancel the jobs that are still there."""
        self._queue.cancel()

    def _submit_batchtask(self, scriptfile, node):
        job = super()._submit_batchtask(scriptfile, node)
        self._queue.add(job)
        return job

    def _is_pending(self, taskid):
        return self._queue.holds(taskid)

    def _how_it_died(self, job):
        return how_it_died(job)


def make_plugin(choice: PluginChoice, arguments: dict, environment: Mapping[str, str]):
    """Return the plugin that a file asks for.

    Parameters
    ----------
    choice : PluginChoice
    arguments : dict
        Of ours: what is called when nodes start and end. The file's win.
    environment : mapping of str to str
        What results depend on; jobs have it whether or not the queue hands on the run's own.

    Raises
    ------
    PVSError
        If nipype has no such plugin, or it does not wait for its jobs.

    """
    exports = ''.join(
        f'export {name}={shlex.quote(value)}\n' for name, value in environment.items()
    )
    # Nipype puts it into the names of jobs.
    os.environ.setdefault('LOGNAME', 'pvs_workflow')
    if choice.name == GRAPH:
        return ToldSLURMGraph(plugin_args=arguments | choice.arguments | {'preamble': exports})
    kind = getattr(plugins, f'{choice.name}Plugin', None)
    if kind is None or not issubclass(kind, SGELikeBatchManagerBase):
        known = [
            name.removesuffix('Plugin')
            for name, one in vars(plugins).items()
            if isinstance(one, type) and issubclass(one, SGELikeBatchManagerBase)
            if name.endswith('Plugin')
        ]
        raise PVSError(
            f'the plugin {choice.name} cannot be used, expected {OWN} or one that submits a job '
            f'for each step and waits for it ({", ".join(sorted([*known, GRAPH]))}), received '
            f'{"one that does neither" if kind else "a name that nipype does not know"}'
        )
    told = ToldSLURM
    if kind is not plugins.SLURMPlugin:
        told = type(f'Told{choice.name}', (ToldBatch, kind), {})
    plugin = told(plugin_args=arguments | choice.arguments)
    plugin._template = f'{plugin._template.rstrip()}\n{exports}'
    return plugin
