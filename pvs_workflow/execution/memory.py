"""Memory that was planned with (``--mem``), kept to."""

from concurrent.futures import Future
from pathlib import Path
from traceback import format_exception

from pvs_workflow.errors import ResourceError
from pvs_workflow.execution.plugin import SurvivingPlugin

RUN_GB = 0.7
"""The run itself, and the files (libraries, mostly) that all its processes share."""

IDLE_GB = 1.2
"""What a worker keeps of its own when it has nothing to do: mostly ANTs and TensorFlow."""

_DIGIT = 1e-6

_SHARE = 0.9
"""Of the machine, where nothing was said: others may need some."""

_LIMITS = ('/sys/fs/cgroup/memory.max', '/sys/fs/cgroup/memory/memory.limit_in_bytes')
"""Of the container or job, as its processes see them; versions 2 and 1 of Linux' groups."""


class ThriftyPlugin(SurvivingPlugin):
    """Runs nodes side by side as far as the memory reaches that was planned with.

    A node's ``mem_gb`` is what its worker may need of its own while it is at it. One that needs
    more than there is fails, with a sentence, instead of being killed by whoever set the limit;
    workers without work end when others need what they keep.
    """

    def __init__(self, plugin_args=None):
        super().__init__(plugin_args=plugin_args)
        self._planned = self.memory_gb
        # What fits exactly shall not fail to by the last digit of a sum.
        self.memory_gb = max(self.memory_gb - RUN_GB, 0.0) + _DIGIT
        self._refused: dict[int, ResourceError] = {}

    def _check_resources(self, running_tasks):
        memory, *others = super()._check_resources(running_tasks)
        # Nipype submits nothing, ever, with no memory at all; here that is refused node by node.
        return (memory if running_tasks else max(memory, 1.0), *others)

    def _submit_job(self, node, updatehash=False):
        if node.mem_gb <= self.memory_gb:
            self._make_room(node)
            return super()._submit_job(node, updatehash=updatehash)
        self._taskid += 1
        self._refused[self._taskid] = ResourceError(
            f'step {node.name} may need {node.mem_gb + RUN_GB:.1f} GB of memory for a scan of its '
            f'size, expected at most what the run may plan for (--mem), received '
            f'{self._planned:.1f} GB'
        )
        self._task_obj[self._taskid] = Future()
        self._task_obj[self._taskid].set_result(None)
        return self._taskid

    def _get_result(self, taskid):
        if (error := self._refused.pop(taskid, None)) is not None:
            return {'result': None, 'traceback': format_exception(error), 'taskid': taskid}
        return super()._get_result(taskid)

    def _make_room(self, node) -> None:
        """End workers without work until a node that is about to start finds its memory."""
        # The node's own worker is one of those without work, if there are any.
        at_work = [self.procs[job].mem_gb for _, job in self.pending_tasks]
        free = self.memory_gb - sum(at_work) - node.mem_gb
        while len(self._idle) > 1 and (len(self._idle) - 1) * IDLE_GB > free:
            self._idle.pop(0).shutdown(wait=True)


def plan_memory(asked: float | None, machine: float, limits: tuple[str, ...] = _LIMITS) -> float:
    """Return the memory that a run plans with.

    Parameters
    ----------
    asked : float, optional
        What the user has said, GB.
    machine : float
        All that the machine has, GB.
    limits : tuple of str
        Files with the limit of the container or job, bytes.

    Returns
    -------
    float
        GB: what was asked for; else nine tenths of the machine, or of the limit if that is less.

    """
    if asked is not None:
        return asked
    found = [machine]
    for path in map(Path, limits):
        try:
            found.append(int(path.read_text()) / 1e9)
        except (OSError, ValueError):
            # There is no such group, or no limit to it ("max").
            continue
    return _SHARE * min(found)
