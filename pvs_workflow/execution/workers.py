"""Processes that run nodes, each a pool of its own, so that a death costs one node only."""

import ctypes
import gc
import multiprocessing
import os
import signal
import sys
from collections.abc import Callable
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import AbstractContextManager, contextmanager, suppress
from multiprocessing import resource_tracker
from pathlib import Path

from pvs_workflow.execution.stopping import StoppedError, delayed_signals, ignore_signals

_PR_SET_PDEATHSIG = 1  # linux/prctl.h
_GRACE_SECONDS = 5.0
"""Time between asking a worker to end and killing it."""
_OBJECTS_BETWEEN_COLLECTIONS = 50_000
"""Python's default, 700, makes the imports of TensorFlow and ANTs half a second slower."""


class WorkerDiedError(Exception):
    """A worker process ended in the middle of a node."""


class Workers(AbstractContextManager):
    """Worker processes, started when there is work and ended at the end of the block.

    They are spawned: forked ones could deadlock, and those of a fork server outlive a run that is
    killed. The environment of nodes must be set before the first one starts. What they print goes
    to a log file.
    """

    def __init__(self, log: Path, monitor: bool = False):
        self._log, self._monitor = log, monitor
        self._idle: list[ProcessPoolExecutor] = []
        self._busy: dict[Future, ProcessPoolExecutor] = {}
        with _without_interrupts():
            # Python's tracker of semaphores must outlive the terminal, as those who use it do.
            resource_tracker.ensure_running()

    def start_first(self) -> None:
        """Start a worker that loads what nodes need while the run is looking for its scans."""
        self._idle.append(self._new_pool())
        with _without_interrupts():
            self._idle[0].submit(_load)

    def submit(self, function: Callable, *args) -> Future:
        """Run a function in an idle worker or a new one; :meth:`result` must take the result."""
        pool = self._idle.pop() if self._idle else self._new_pool()
        with _without_interrupts():
            try:
                future = pool.submit(function, *args)
            except BrokenProcessPool:
                # It died while it was idle, which is nobody's fault.
                pool = self._new_pool()
                future = pool.submit(function, *args)
        self._busy[future] = pool
        return future

    def result(self, future: Future):
        """Return what a function returned; raise what it raised, or WorkerDiedError."""
        pool = self._busy.pop(future)
        try:
            return future.result()
        except BrokenProcessPool as error:
            pool = None
            raise WorkerDiedError(
                'its process was killed, most often for want of memory: give the run more of it, '
                'or let it do less at a time (--nprocs, --mem); the same command resumes'
            ) from error
        finally:
            if pool:
                self._idle.append(pool)

    def end_idle(self, number: int) -> None:
        """End idle workers until no more than a number of them are left."""
        while len(self._idle) > number:
            self._idle.pop(0).shutdown(wait=True)

    def __exit__(self, kind, *exc_info):
        """End all workers; those at work have some seconds for it."""
        if kind is StoppedError:
            ignore_signals()
        children = multiprocessing.active_children()
        for child in children:
            child.terminate()
        for child in children:
            child.join(_GRACE_SECONDS)
            child.kill()
        for pool in (*self._idle, *self._busy.values()):
            pool.shutdown(wait=True, cancel_futures=True)

    def _new_pool(self) -> ProcessPoolExecutor:
        return ProcessPoolExecutor(
            max_workers=1,
            mp_context=multiprocessing.get_context('spawn'),
            initializer=_prepare_worker,
            initargs=(os.getpid(), self._log, self._monitor),
        )


@contextmanager
def _without_interrupts():
    """Start processes that a terminal's signals do not reach: the run ends them.

    A signal to the run waits until they are started: half started, they print tracebacks.
    """
    with delayed_signals():
        before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGHUP})
        try:
            yield
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _load() -> None:
    import nipype.pipeline.plugins.multiproc  # noqa: F401

    import pvs_workflow.workflows.base  # noqa: F401


def _prepare_worker(run_pid: int, log: Path, monitor: bool) -> None:
    """Redirect output, ignore SIGINT, and die with the parent."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    gc.set_threshold(_OBJECTS_BETWEEN_COLLECTIONS)
    # Workers of a killed run must not work on in folders that the resumed run uses.
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != run_pid:
        os._exit(1)
    if monitor:
        from nipype import config

        # Workers do not inherit nipype's own switch.
        config.enable_resource_monitor()
    try:
        descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o666)
    except OSError:
        # A folder that is gone or full must not look like the worker's death.
        descriptor = os.open(os.devnull, os.O_WRONLY)
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError):
            stream.flush()
        os.dup2(descriptor, stream.fileno())
        # Nothing is left in buffers when the worker is ended.
        stream.reconfigure(line_buffering=True)
    os.close(descriptor)
