"""Worker processes for nodes, each in a separate pool, so that a death affects one node."""

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

from pvs_workflow.errors import OutputError
from pvs_workflow.execution.stopping import StoppedError, delayed_signals, ignore_signals

_PR_SET_PDEATHSIG = 1  # linux/prctl.h
_GRACE_SECONDS = 5.0
"""Time between asking a worker to end and killing it."""
_OBJECTS_BETWEEN_COLLECTIONS = 50_000
"""Garbage-collection threshold; Python's default, 700, slows imports by half a second."""


class WorkerDiedError(Exception):
    """A worker process died while it was running a node."""


class Workers(AbstractContextManager):
    """Worker processes that start when there is work and stop at the end of the block.

    They are spawned: forked processes could deadlock, and those of a fork server outlive a killed
    run. Set the environment of the nodes before the first worker starts. The output of workers
    goes to a log file.
    """

    def __init__(self, log: Path, monitor: bool = False):
        self._log, self._monitor = log, monitor
        self._idle: list[ProcessPoolExecutor] = []
        self._busy: dict[Future, ProcessPoolExecutor] = {}
        with _without_interrupts():
            # Python's resource tracker must not get the terminal's signals either.
            resource_tracker.ensure_running()

    def start_first(self) -> None:
        """Start a worker that imports the modules of nodes while the run selects its scans."""
        self._idle.append(self._new_pool())
        with _without_interrupts():
            self._idle[0].submit(_load)

    def submit(self, function: Callable, *args) -> Future:
        """Run a function in an idle or new worker; :meth:`result` must be called afterwards."""
        pool = self._idle.pop() if self._idle else self._new_pool()
        with _without_interrupts():
            try:
                future = pool.submit(function, *args)
            except BrokenProcessPool:
                # The worker died while it was idle; use a new one.
                pool = self._new_pool()
                future = pool.submit(function, *args)
        self._busy[future] = pool
        return future

    def result(self, future: Future):
        """Return the result of a function, or raise its error or WorkerDiedError."""
        pool = self._busy.pop(future)
        try:
            return future.result()
        except BrokenProcessPool as error:
            pool = None
            raise WorkerDiedError(
                'its process was killed, probably out of memory; lower --nprocs or --mem, or give '
                'the job more memory, and rerun'
            ) from error
        finally:
            if pool:
                self._idle.append(pool)

    def end_idle(self, number: int) -> None:
        """Stop idle workers until at most ``number`` are left."""
        while len(self._idle) > number:
            self._idle.pop(0).shutdown(wait=True)

    def __exit__(self, kind, *exc_info):
        """Stop all workers; kill those that do not stop within a few seconds."""
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
        try:
            return ProcessPoolExecutor(
                max_workers=1,
                mp_context=multiprocessing.get_context('spawn'),
                initializer=_prepare_worker,
                initargs=(os.getpid(), self._log, self._monitor),
            )
        except OSError as error:
            # The semaphores of the pool are files in /dev/shm.
            raise OutputError(
                f'cannot write /dev/shm: {error.strerror}; give the container or job a writable '
                '/dev/shm of at least 1 MB'
            ) from error


@contextmanager
def _without_interrupts():
    """Start processes that ignore signals from the terminal; the run stops them.

    Signals to the run are delayed until the processes have started, because half-started ones
    print tracebacks.
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
    # Workers of a killed run must not continue in folders that a resumed run uses.
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != run_pid:
        os._exit(1)
    if monitor:
        from nipype import config

        # Workers do not inherit nipype's configuration.
        config.enable_resource_monitor()
    try:
        descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o666)
    except OSError:
        # A missing or full folder must not look like a dead worker.
        descriptor = os.open(os.devnull, os.O_WRONLY)
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError):
            stream.flush()
        os.dup2(descriptor, stream.fileno())
        # Leave nothing in buffers when the worker is terminated.
        stream.reconfigure(line_buffering=True)
    os.close(descriptor)
