"""Locks: each participant belongs to one run at a time, in the output and in the work folder.

A lock is a file that names its run. It is made by a call that fails where the file exists, since
the locks of operating systems do not work on all file systems of clusters.
"""

import json
import os
import signal
import threading
import time
import uuid
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from pvs_workflow.errors import OutputError
from pvs_workflow.execution.stopping import StoppedError, ignore_signals
from pvs_workflow.files import remove_leftovers, room_left
from pvs_workflow.inputs import Scan, Selection
from pvs_workflow.processes import has_ended, own_name
from pvs_workflow.settings import Settings

BEAT_SECONDS = 5.0
"""Interval at which a run touches its beat file."""
WATCH_SECONDS = 20.0
"""Time without a beat after which a run on another machine has ended; clocks may differ."""
_ATTEMPTS = 3


@dataclass(frozen=True)
class LockOwner:
    """The run that holds a lock, and its process, which may be of another machine."""

    run: str
    process: str
    host: str
    pid: int

    def __str__(self):
        return f'run {self.run} (process {self.pid} on {self.host})'


class FolderLocks:
    """The locks of one run in one folder.

    Parameters
    ----------
    folder : Path
        An existing folder.
    run_id : str
    watch_seconds : float

    """

    def __init__(self, folder: Path, run_id: str, watch_seconds: float = WATCH_SECONDS):
        self.folder = folder
        self._owner = LockOwner(run_id, own_name(), os.uname().nodename, os.getpid())
        self._watch_seconds = watch_seconds
        self._paths: list[Path] = []
        self._at_work: dict[str, bool] = {}
        self._has_beat = False

    def acquire(self, names: Iterable[str]) -> dict[str, str]:
        """Lock those names that no run at work has locked.

        Returns
        -------
        dict of str to str
            The other names, and the run that holds each.

        Raises
        ------
        OutputError
            If the folder cannot be written to.

        """
        held = {}
        try:
            self._beat(self._owner).touch()
            self._has_beat = True
            for name in names:
                path = self.folder / f'.{name}.running'
                if holder := self._acquire(path):
                    held[name] = holder
                else:
                    self._paths.append(path)
        except OSError as error:
            self.release()
            raise OutputError(
                f'{self.folder} cannot be written to, expected a folder with room that this user '
                f'may write to, received: {error.strerror or error}'
                f'{room_left(self.folder, error)}'
            ) from error
        return held

    def touch(self) -> bool:
        """Show that the run is at work; return whether its beat file is still there."""
        try:
            os.utime(self._beat(self._owner))
        except FileNotFoundError:
            return not self._has_beat
        except OSError:
            # A file system that does not answer for a while has not lost anything.
            pass
        return True

    def release(self) -> None:
        """Remove all locks that are still this run's."""
        with suppress(OSError):
            for path in self._paths:
                if _read_owner(path) == self._owner:
                    path.unlink()
            self._beat(self._owner).unlink()

    def _beat(self, owner: LockOwner) -> Path:
        return self.folder / f'.{Path(owner.run).name}.beat'

    def _acquire(self, path: Path) -> str:
        """Make a lock; return the run that holds it instead, or nothing."""
        for _ in range(_ATTEMPTS):
            try:
                with path.open('x', encoding='utf-8') as file:
                    json.dump(asdict(self._owner), file)
            except FileExistsError:
                owner = _read_owner(path)
                if self._is_at_work(owner, path):
                    return str(owner or 'another run')
                self._remove_stale(path, owner)
            else:
                return ''
        return 'another run'

    def _is_at_work(self, owner: LockOwner | None, path: Path) -> bool:
        if owner is None:
            # It may be about to write its name.
            return _changes(path, self._watch_seconds)
        ended = has_ended(owner.process)
        if ended is not None:
            return not ended
        if owner.run not in self._at_work:
            self._at_work[owner.run] = _changes(self._beat(owner), self._watch_seconds)
        return self._at_work[owner.run]

    def _remove_stale(self, path: Path, owner: LockOwner | None) -> None:
        """Remove the lock of a run that has ended; of several that try, one succeeds."""
        aside = path.with_name(f'{path.name}-{uuid.uuid4().hex}')
        with suppress(FileNotFoundError):
            path.rename(aside)
            if _read_owner(aside) != owner:
                # Another run was faster, and this is its new lock.
                aside.rename(path)
                return
            aside.unlink()
            if owner:
                self._beat(owner).unlink()


@dataclass(frozen=True)
class ClaimedScans:
    """The scans that belong to one run.

    Attributes
    ----------
    selection : Selection
        Without the participants of other runs.
    busy : tuple of str
        One sentence for each participant of another run.
    locks : tuple of FolderLocks

    """

    selection: Selection
    busy: tuple[str, ...]
    locks: tuple[FolderLocks, ...]

    def check(self) -> None:
        """Raise OutputError if a folder was removed or taken over."""
        _check(self.locks)


@contextmanager
def claimed(settings: Settings, logs: Path, selection: Selection) -> Iterator[ClaimedScans]:
    """Lock the participants for the time of the block, and remove half-written files.

    A run whose folder is removed, or taken over while it was suspended, is stopped as by SIGTERM.

    Parameters
    ----------
    settings : Settings
    logs : Path
        The folder of the output's locks.
    selection : Selection

    Raises
    ------
    OutputError
        If a folder cannot be written to, or was removed or taken over.

    """
    locks = tuple(FolderLocks(folder, settings.run_id) for folder in (logs, settings.work_dir))
    ended = threading.Event()
    thread = threading.Thread(target=_keep, args=(locks, ended), daemon=True)
    thread.start()
    scans: tuple[Scan, ...] = ()
    try:
        claim = _claim(settings, selection, locks)
        scans = claim.selection.scans
        _remove_half_written(settings.output_dir, scans)
        yield claim
    except (Exception, StoppedError):
        ignore_signals()
        _check(locks)  # if this fails, it is why the rest did
        raise
    finally:
        if not _lost(locks):
            _remove_half_written(settings.output_dir, scans)
        ended.set()
        thread.join(BEAT_SECONDS)  # a file system that does not answer shall not hold up the end
        for one in locks:
            one.release()


def _claim(settings: Settings, selection: Selection, locks: tuple) -> ClaimedScans:
    labels = dict.fromkeys(scan.participant for scan in selection.scans)
    labels |= dict.fromkeys(label for label, _ in selection.missing)
    busy = {}
    for one, prefix, use in zip(
        locks,
        ('sub-', 'pvs_wf_sub-'),
        (f'writes to {settings.output_dir}', f'uses the work folder {settings.work_dir}'),
        strict=True,
    ):
        held = one.acquire(f'{prefix}{label}' for label in labels if label not in busy)
        for name, holder in held.items():
            label = name.removeprefix(prefix)
            busy[label] = (
                f'sub-{label}: left to {holder}, which {use}, expected one run at a time for '
                'each participant'
            )
    own = replace(
        selection,
        scans=tuple(scan for scan in selection.scans if scan.participant not in busy),
        missing=tuple(item for item in selection.missing if item[0] not in busy),
    )
    return ClaimedScans(own, tuple(busy.values()), locks)


def _keep(locks: tuple[FolderLocks, ...], ended: threading.Event) -> None:
    """Touch the beat files until the run ends; stop it if one is gone."""
    while not ended.wait(BEAT_SECONDS):
        if _lost(locks):
            os.kill(os.getpid(), signal.SIGTERM)
            return


def _lost(locks: tuple[FolderLocks, ...]) -> list[FolderLocks]:
    return [one for one in locks if not one.touch()]


def _check(locks: tuple[FolderLocks, ...]) -> None:
    for one in _lost(locks):
        raise OutputError(
            f'{one.folder} was removed, or taken over by another run while this one was '
            'suspended; rerun the same command to make what is missing'
        )


def _remove_half_written(output_dir: Path, scans: Iterable[Scan]) -> None:
    for folder in (output_dir, output_dir / 'logs'):
        remove_leftovers(folder)
    for participant in {scan.participant for scan in scans}:
        remove_leftovers(output_dir / f'sub-{participant}', below=True, all_of_them=True)


def _changes(path: Path, seconds: float) -> bool:
    """Watch a file; tell whether it was touched, written or removed within some seconds."""
    before = _stamp(path)
    deadline = time.monotonic() + seconds
    while before and time.monotonic() < deadline:
        time.sleep(min(0.5, seconds / 4))
        if _stamp(path) != before:
            return True
    return False


def _stamp(path: Path) -> tuple[int, int] | None:
    with suppress(OSError), path.open('rb') as file:
        # Network file systems look up anew only a file that is opened.
        found = os.fstat(file.fileno())
        return found.st_mtime_ns, found.st_size
    return None


def _read_owner(path: Path) -> LockOwner | None:
    """Return the run that a lock names, if it names one."""
    try:
        return LockOwner(**json.loads(path.read_text(encoding='utf-8')))
    except (OSError, ValueError, TypeError):
        return None
