"""Claim the scans of a run: lock them, show that the run is alive, and clean up around it."""

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

from pvs_workflow.errors import OutputError
from pvs_workflow.execution.locking import BEAT_SECONDS, RunLocks
from pvs_workflow.execution.stopping import StoppedError, ignore_signals
from pvs_workflow.files import remove_leftovers
from pvs_workflow.inputs import Selection
from pvs_workflow.settings import Settings


@contextmanager
def claimed(
    settings: Settings, selection: Selection
) -> Iterator[tuple[Selection, list[str], RunLocks]]:
    """Lock the scans during the block, and remove half-written files.

    If a folder is removed, or taken over while the run was suspended, the run gets SIGTERM.

    Yields
    ------
    selection : Selection
        The selection without the scans that other runs have locked.
    busy : list of str
        One message for each scan that another run has locked.
    locks : RunLocks
        The locks of this run.

    Raises
    ------
    OutputError
        If a folder cannot be written to, was removed, or was taken over.

    """
    locks = RunLocks(settings.run_id, (settings.logs, settings.work_dir))
    ended = threading.Event()
    thread = threading.Thread(target=_keep_beating, args=(locks, ended), daemon=True)
    locked = replace(selection, scans=())
    try:
        locks.start()
        thread.start()
        locked, busy = _lock_scans(selection, locks)
        _remove_half_written(settings.output_dir, locked, locks)
        yield locked, busy, locks
    except (Exception, StoppedError):
        ignore_signals()
        locks.check()  # a lost lock is the likely cause of the error
        raise
    finally:
        if not locks.lost():
            _remove_half_written(settings.output_dir, locked, locks)
        ended.set()
        if thread.is_alive():
            # Do not wait longer for a file system that does not respond.
            thread.join(BEAT_SECONDS)
        locks.release()


def _lock_scans(selection: Selection, locks: RunLocks) -> tuple[Selection, list[str]]:
    holders = {scan: locks.acquire(scan.prefix) for scan in selection.scans}
    locked = tuple(scan for scan, holder in holders.items() if not holder)
    return replace(selection, scans=locked), [
        f'{scan.prefix}: locked by {holder}; rerun when that run has ended'
        for scan, holder in holders.items()
        if holder
    ]


def _keep_beating(locks: RunLocks, ended: threading.Event) -> None:
    """Touch the beat files until the run ends; stop the run if one is missing."""
    while not ended.wait(BEAT_SECONDS):
        if locks.lost():
            os.kill(os.getpid(), signal.SIGTERM)
            return


def _remove_half_written(output_dir: Path, selection: Selection, locks: RunLocks) -> None:
    """Remove half-written files, but none that another run is writing for the same participant."""
    for folder in (output_dir, output_dir / 'logs'):
        remove_leftovers(folder)
    for participant in dict.fromkeys(scan.participant for scan in selection.scans):
        # A run that starts now waits for its turn before it writes anything for the participant.
        with suppress(OutputError), locks.exclusive(participant, BEAT_SECONDS):
            is_ours = not locks.shares(participant)
            folder = output_dir / f'sub-{participant}'
            remove_leftovers(folder, recursive=True, everything=is_ours)
