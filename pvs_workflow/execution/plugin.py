"""Run a graph on this machine, within a number of processes and an amount of memory.

Nipype's MultiProc plugin waits forever for a node whose worker was killed, which is what Linux
does when memory runs out.
"""

import logging
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from dataclasses import dataclass
from pathlib import Path
from traceback import format_exception

import networkx as nx
from nipype.pipeline.plugins.base import PluginBase, report_crash
from nipype.pipeline.plugins.multiproc import run_node

from pvs_workflow.errors import ResourceError
from pvs_workflow.execution.memory import IDLE_GB, RUN_GB
from pvs_workflow.execution.outcome import find_reason
from pvs_workflow.execution.workers import Workers

log = logging.getLogger('pvs_workflow')


@dataclass(frozen=True)
class NodeFailure:
    """A failed node, with its full name, which includes the names of its workflows."""

    node: str
    traceback: str
    crash_file: Path


class ReportingPlugin:
    """Plugin mixin that records the failures of all graphs and the nodes of the last graph."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.failures: list[NodeFailure] = []
        self.nodes: list = []
        self._succeeded: set[str] = set()

    @property
    def unfinished(self) -> list[str]:
        """Full names of the nodes of the last graph that have not succeeded."""
        return [node.fullname for node in self.nodes if node.fullname not in self._succeeded]

    def stop(self) -> None:
        """Cancel the jobs that other machines still have to run."""

    def _record_failure(self, node, traceback: Sequence[str]) -> str:
        """Write nipype's crash file of a node and return its path."""
        text = ''.join(traceback)
        try:
            crash_file = report_crash(node, list(traceback))
        except OSError as error:
            # A full disk must not stop the other scans.
            crash_file = f'not saved: {error.strerror or error}'
        self.failures.append(NodeFailure(node.fullname, text, Path(crash_file)))
        return crash_file


def pass_on_failure(node, traceback: Sequence[str]) -> bool:
    """Run a failed step on an optional image again, only to pass on why it failed.

    Steps that depend on it then run, as if the image had been unusable. The result is that of
    this run only: the next run tries the step itself again, since its inputs differ.

    Returns
    -------
    bool
        Whether the step is optional and has passed on the reason.

    """
    if not getattr(node.interface, 'is_optional', False):
        return False
    text = ''.join(traceback)
    node.inputs.failure = find_reason(node.fullname, text)
    node._hashvalue = node._hashed_inputs = None  # nipype keeps the hash of earlier inputs
    try:
        node.run()
    except Exception:
        return False
    log.debug('%s failed: %s', node.fullname, text)
    return True


class MemoryLimitedPlugin(ReportingPlugin, PluginBase):
    """Plugin that runs nodes in parallel within limits of processes and memory.

    A node's ``mem_gb`` is the peak memory of its worker, without shared libraries. A node that
    needs more memory than the run has fails; idle workers are stopped when others need their
    memory.

    Parameters
    ----------
    workers : Workers
        Processes that run the nodes.
    n_procs : int
        Maximum number of nodes that run at the same time.
    memory_gb : float
        Memory of the whole run, GB.
    on_start : callable
        Called with the number of nodes of each graph.
    on_change : callable
        Called with a node and 'start', 'end' or 'exception'.
    stop_early : bool
        Whether the first failure ends the graph.

    """

    def __init__(
        self,
        workers: Workers,
        n_procs: int,
        memory_gb: float,
        on_start: Callable[[int], None],
        on_change: Callable[[object, str], None],
        stop_early: bool = False,
    ):
        super().__init__({})
        self._workers, self._n_procs, self._planned_gb = workers, n_procs, memory_gb
        # The margin absorbs rounding, so that nodes that fit exactly are started.
        self._memory_gb = max(memory_gb - RUN_GB, 0.0) + 1e-6
        self._on_start, self._on_change, self._stop_early = on_start, on_change, stop_early
        self._running: dict[Future, object] = {}

    def run(self, graph, config, updatehash=False):
        """Run all nodes of a graph, except those that depend on a failed one."""
        self.nodes = list(nx.topological_sort(graph))
        self._succeeded.clear()
        self._on_start(len(self.nodes))
        order = dict(zip(self.nodes, work_order(graph, self.nodes), strict=True))
        waiting = {node: graph.in_degree(node) for node in self.nodes}
        ready = sorted((node for node in self.nodes if not waiting[node]), key=order.get)
        failures = len(self.failures)
        while ready or self._running:
            for node in self._start(ready) or self._wait():
                self._succeeded.add(node.fullname)
                self._on_change(node, 'end')
                for successor in graph.successors(node):
                    waiting[successor] -= 1
                    if not waiting[successor]:
                        ready.append(successor)
            if self._stop_early and len(self.failures) > failures:
                return
            ready.sort(key=order.get)

    def _start(self, ready: list) -> list:
        """Start ready nodes that fit; return at once if one succeeds without a worker."""
        for node in list(ready):
            if len(self._running) == self._n_procs:
                break
            if self._free_gb() < node.mem_gb <= self._memory_gb:
                continue
            ready.remove(node)
            if _is_up_to_date(node):
                return [node]
            if node.mem_gb > self._memory_gb:
                traceback = format_exception(self._memory_error(node))
                if pass_on_failure(node, traceback):
                    return [node]
                self._fail(node, traceback)
            elif node.run_without_submitting:
                try:
                    node.run()
                except Exception as error:
                    self._fail(node, format_exception(error))
                else:
                    return [node]
            else:
                # The node takes one of the idle workers, if there are any.
                self._workers.end_idle(1 + int((self._free_gb() - node.mem_gb) / IDLE_GB))
                self._on_change(node, 'start')
                self._running[self._workers.submit(run_node, node, False, 0)] = node
        return []

    def _wait(self) -> list:
        """Wait until a running node ends; return the nodes that have succeeded."""
        succeeded = []
        for future in wait(self._running, return_when=FIRST_COMPLETED).done:
            node = self._running.pop(future)
            try:
                traceback = self._workers.result(future)['traceback']
            except Exception as error:
                traceback = format_exception(error)
            if traceback and not pass_on_failure(node, traceback):
                self._fail(node, traceback)
            else:
                succeeded.append(node)
        return succeeded

    def _fail(self, node, traceback: Sequence[str]) -> None:
        self._on_change(node, 'exception')
        self._record_failure(node, traceback)

    def _free_gb(self) -> float:
        return self._memory_gb - sum(node.mem_gb for node in self._running.values())

    def _memory_error(self, node) -> ResourceError:
        return ResourceError(
            f'step {node.name} may need {node.mem_gb + RUN_GB:.1f} GB of memory for a scan of '
            f'this size, but the run has {self._planned_gb:.1f} GB; increase --mem'
        )


def work_order(graph, nodes: Sequence) -> list[tuple[int, int]]:
    """Return sort keys for ready nodes: by scan, then by longest chain of dependent nodes.

    ``nodes`` are in topological order; edges lead to dependent nodes. The full name of a node
    begins with the names of the graph and of the scan.
    """
    chains: dict = {}
    for node in reversed(nodes):
        chains[node] = max((chains[other] + 1 for other in graph.successors(node)), default=0)
    scans: dict[str, int] = {}
    names = [node.fullname.split('.')[1] for node in nodes]
    return [
        (scans.setdefault(name, len(scans)), -chains[node])
        for name, node in zip(names, nodes, strict=True)
    ]


def _is_up_to_date(node) -> bool:
    if node.overwrite or (node.overwrite is None and node.interface.always_run):
        return False
    try:
        return node.is_cached() == (True, True)
    except Exception:
        # Like nipype, run the node if its state is unknown.
        return False
