"""Processes that run nodes: how they start, ahead of time if need be, and how they end."""

import ctypes
import gc
import multiprocessing
import os
import signal
import sys
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager, suppress
from multiprocessing import resource_tracker
from pathlib import Path

_PR_SET_PDEATHSIG = 1  # linux/prctl.h

_OBJECTS_BETWEEN_COLLECTIONS = 50_000
"""Python's own number, 700, has it look for garbage hundreds of times while a worker imports
TensorFlow or ANTs, a fifth of the time that it takes."""


def make_pool(cwd: str, worker_log: Path | None, monitor: bool) -> ProcessPoolExecutor:
    """Return a pool of one process, which starts with the first task.

    Parameters
    ----------
    cwd : str
        Where it works.
    worker_log : Path, optional
        Gets what it prints.
    monitor : bool
        Whether nipype's monitor of resources is on.

    """
    return ProcessPoolExecutor(
        max_workers=1,
        mp_context=multiprocessing.get_context('spawn'),
        initializer=_prepare_worker,
        initargs=(cwd, os.getpid(), worker_log, monitor),
    )


@contextmanager
def early_worker(worker_log: Path, monitor: bool) -> Iterator[ProcessPoolExecutor]:
    """Start a process that loads what every node needs, while the run is looking for its work.

    The environment of nodes must be set before. At the end of the block the process ends, at
    once, whether it was used or not.
    """
    start_tracker()
    pool = make_pool(str(Path.cwd()), worker_log, monitor)
    try:
        with without_interrupts():
            pool.submit(_load)
        yield pool
    finally:
        for process in multiprocessing.active_children():
            process.kill()
        pool.shutdown(wait=True, cancel_futures=True)


def start_tracker() -> None:
    """Start Python's tracker of semaphores, which every pool needs."""
    with without_interrupts():
        # It would die when the terminal is closed, before those whose semaphores it keeps.
        resource_tracker.ensure_running()


@contextmanager
def without_interrupts() -> Iterator[None]:
    """Start processes that are not reached by what a terminal sends to all: the run ends them."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGHUP})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _load() -> None:
    import nipype.pipeline.plugins.multiproc  # noqa: F401

    import pvs_workflow.workflows.base  # noqa: F401


def _prepare_worker(cwd: str, run_pid: int, worker_log: Path | None, monitor: bool) -> None:
    """Make a new worker quiet, deaf to Ctrl-C (the run ends it) and mortal with its parent."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    gc.set_threshold(_OBJECTS_BETWEEN_COLLECTIONS)
    # A run that is killed outright cannot end its workers; they must not work on, unseen, in
    # folders that the resumed run uses. The kernel sees to it, whatever the worker is doing.
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != run_pid:
        os._exit(1)
    with suppress(OSError):
        os.chdir(cwd)
    if monitor:
        from nipype import config

        # Nipype's own switch is one of the process, and workers do not inherit it.
        config.enable_resource_monitor()
    if worker_log is not None:
        try:
            log = os.open(worker_log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o666)
        except OSError:
            # Its folder may be gone or full. The run shall not take this for the worker's death.
            log = os.open(os.devnull, os.O_WRONLY)
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
            os.dup2(log, stream.fileno())
            # The run ends its workers without asking what they still have to say.
            stream.reconfigure(line_buffering=True)
        os.close(log)
