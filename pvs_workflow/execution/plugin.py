"""Nipype's process pool, made to survive the death of a worker.

Nipype waits for ever for a task whose worker was killed (for memory, mostly). Here every worker
is a pool of its own, so that a death is known to belong to one task: that node fails, its
participant's later nodes are not run, and everybody else goes on.
"""

import gc
import multiprocessing
import time
from collections.abc import Sequence
from concurrent import futures
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from multiprocessing.connection import wait
from pathlib import Path
from traceback import format_exception

from nipype import config
from nipype.pipeline.plugins import base
from nipype.pipeline.plugins.multiproc import MultiProcPlugin, run_node

from pvs_workflow.execution.worker import make_pool, start_tracker, without_interrupts

_GRACE = 5.0
"""Seconds that a worker has between being asked to end and being killed."""


@dataclass(frozen=True)
class NodeFailure:
    """A node that did not end well.

    Attributes
    ----------
    node : str
        Its full name, with the names of the workflows around it.
    traceback : str
    crash_file : Path

    """

    node: str
    traceback: str
    crash_file: Path


class WorkerDiedError(Exception):
    """A worker process ended in the middle of a node."""


class Told:
    """Notes failures and what has ended; mixed into a plugin of nipype."""

    def __init__(self, plugin_args=None):
        super().__init__(plugin_args=plugin_args)
        self.failures: list[NodeFailure] = []
        self._finished: set[int] = set()

    @property
    def unfinished(self) -> list[str]:
        """Full names of the nodes that have not ended well (so far)."""
        nodes = enumerate(self.procs or [])
        return [node.fullname for job, node in nodes if job not in self._finished]

    def run(self, graph, config, updatehash=False):
        """Run all nodes."""
        # Nipype measures its pauses by the clock on the wall: set back by an hour, it would sleep
        # for an hour.
        clock, base.time = base.time, time.monotonic
        try:
            super().run(graph, config, updatehash=updatehash)
        finally:
            base.time = clock

    def stop(self) -> None:
        """Take back what is still in the queue, as far as nipype knows how."""

    def _generate_dependency_list(self, graph):
        super()._generate_dependency_list(graph)
        self._finished.clear()
        if 'on_start' in self.plugin_args:
            self.plugin_args['on_start'](len(self.procs))

    def _task_finished_cb(self, jobid, cached=False):
        super()._task_finished_cb(jobid, cached=cached)
        self._finished.add(jobid)

    def _report_crash(self, node, result=None):
        try:
            crash_file = super()._report_crash(node, result=result)
        except OSError as error:
            # A disk that is full must not keep others from being told, and processed.
            crash_file = f'no file, since it cannot be written: {error.strerror or error}'
        lines = (result or {}).get('traceback') or []
        text = lines if isinstance(lines, str) else ''.join(lines)
        self.failures.append(NodeFailure(node.fullname, text, Path(crash_file)))
        return crash_file


class SurvivingPlugin(Told, MultiProcPlugin):
    """MultiProc with one single-process pool per processor.

    Besides those of MultiProc it takes the arguments ``worker_log`` (a file that gets what
    workers print), ``on_start`` (called with the number of nodes) and ``workers`` (pools that are
    there already). Workers are spawned: forked
    ones could deadlock, and those of a fork server outlive a run that is killed, since each of
    them keeps that server, and so its siblings, alive.
    """

    def __init__(self, plugin_args=None):
        start_tracker()
        super().__init__(plugin_args=plugin_args)
        # MultiProc has made a pool; it starts processes only when it is given work.
        self.pool.shutdown()
        self._idle: list[ProcessPoolExecutor] = list(self.plugin_args.get('workers', ()))
        self._busy: dict[int, ProcessPoolExecutor] = {}
        self._order: list[tuple[int, int]] = []

    def run(self, graph, config, updatehash=False):
        """Run all nodes."""
        # Nipype collects garbage whenever it looks for nodes to submit: it need not go through
        # what was there before, which is mostly modules.
        gc.freeze()
        try:
            super().run(graph, config, updatehash=updatehash)
        finally:
            gc.unfreeze()

    def stop(self) -> None:
        """End all workers, at once if need be; safe to call more than once."""
        children = multiprocessing.active_children()
        for child in children:
            child.terminate()
        wait([child.sentinel for child in children], timeout=0)
        for child in children:
            child.join(_GRACE)
            if child.is_alive():
                child.kill()
                child.join()
        for pool in (*self._idle, *self._busy.values()):
            pool.shutdown(wait=True, cancel_futures=True)
        self._idle.clear()
        self._busy.clear()

    def _generate_dependency_list(self, graph):
        super()._generate_dependency_list(graph)
        self._order = work_order(graph, self.procs)

    def _sort_jobs(self, jobids, scheduler=None):
        return sorted(jobids, key=self._order.__getitem__)

    def _send_procs_to_workers(self, updatehash=False, graph=None):
        ended = len(self._finished)
        super()._send_procs_to_workers(updatehash=updatehash, graph=graph)
        if len(self._finished) == ended:
            # Nothing can be submitted before a worker is done. (Nodes that were up to date have
            # ended here and now, and others may have waited for them.)
            futures.wait(self._task_obj.values(), return_when=futures.FIRST_COMPLETED)

    def _submit_job(self, node, updatehash=False):
        self._taskid += 1
        pool = self._idle.pop() if self._idle else self._new_pool()
        task = run_node, node, updatehash, self._taskid
        with without_interrupts():
            try:
                future = pool.submit(*task)
            except BrokenProcessPool:
                # It died while it had nothing to do, which is nobody's fault.
                pool.shutdown()
                pool = self._new_pool()
                future = pool.submit(*task)
        self._busy[self._taskid] = pool
        self._task_obj[self._taskid] = future
        return self._taskid

    def _get_result(self, taskid):
        future: Future = self._task_obj[taskid]
        if not future.done():
            return None
        pool = self._busy.pop(taskid)
        error = future.exception()
        if error is None:
            self._idle.append(pool)
            return future.result()
        if isinstance(error, BrokenProcessPool):
            pool.shutdown()
            error = WorkerDiedError(
                'its process was killed, most often for want of memory: give the run more of it, '
                'or let it do less at a time (--nprocs, --mem); the same command resumes'
            )
        else:
            self._idle.append(pool)
        return {'result': None, 'traceback': format_exception(error), 'taskid': taskid}

    def _postrun_check(self):
        """Keep the workers for the next graph; whoever made this plugin stops them."""

    def _new_pool(self) -> ProcessPoolExecutor:
        return make_pool(self._cwd, self.plugin_args.get('worker_log'), config.resource_monitor)


def work_order(graph, nodes: Sequence) -> list[tuple[int, int]]:
    """Return what to sort nodes by when several are ready.

    One scan goes before the next, so that its results are there early; in a scan, those nodes go
    first that the longest chain of others waits for.

    Parameters
    ----------
    graph : networkx graph of nodes
        Edges lead to what has to wait.
    nodes : sequence
        All of them, each before those that wait for it. Their full names begin with those of the
        graph and the scan.

    Returns
    -------
    list of (int, int)
        Of each node.

    """
    waiting: dict = {}
    for node in reversed(nodes):
        waiting[node] = max((waiting[other] + 1 for other in graph.successors(node)), default=0)
    scans: dict[str, int] = {}
    numbers = [scans.setdefault(_scan_name(node), len(scans)) for node in nodes]
    return [(number, -waiting[node]) for number, node in zip(numbers, nodes, strict=True)]


def _scan_name(node) -> str:
    return '.'.join(node.fullname.split('.')[:2])
