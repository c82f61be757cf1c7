"""Nipype's plugins for the queues of clusters, made to tell what became of each node."""

import os

from nipype.pipeline import plugins
from nipype.pipeline.plugins.base import SGELikeBatchManagerBase

from pvs_workflow.cli.plugin import Told
from pvs_workflow.cli.plugin_file import PluginChoice
from pvs_workflow.errors import PVSError

OWN = 'MultiProc'
"""What runs the graph without a plugin file: with workers that may die."""
POLL_SECONDS = '2'
"""Between two looks at the queue; each is a call of its command."""


class ToldSLURM(Told, plugins.SLURMPlugin):
    """One Slurm job for each node; those in the queue are cancelled when the run is stopped."""

    def stop(self) -> None:
        """Cancel the jobs that are still there."""
        from subprocess import run

        if self._pending:
            run(['scancel', *map(str, self._pending)], check=False, capture_output=True)


def make_plugin(choice: PluginChoice, arguments: dict):
    """Return the plugin that a file asks for.

    Parameters
    ----------
    choice : PluginChoice
    arguments : dict
        Of ours: what is called when nodes start and end. The file's win.

    Raises
    ------
    PVSError
        If nipype has no such plugin, or it does not wait for its jobs.

    """
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
            f'for each step and waits for it ({", ".join(sorted(known))}), received '
            f'{"one that does neither" if kind else "a name that nipype does not know"}'
        )
    # Nipype puts it into the names of jobs.
    os.environ.setdefault('LOGNAME', 'pvs_workflow')
    told = (
        ToldSLURM if kind is plugins.SLURMPlugin else type(f'Told{choice.name}', (Told, kind), {})
    )
    return told(plugin_args=arguments | choice.arguments)
