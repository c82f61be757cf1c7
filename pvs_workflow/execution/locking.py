"""Lock T2w, so that only one run at a time processes each of them.

There are locks in the output folder and in the work folder. A lock is a file that names its run,
created by a call that fails if the file exists: the locks of operating systems do not work on
all cluster file systems. Runs that process different T2w of one participant take turns at the
participant's report and record, see :meth:`RunLocks.exclusive`.
"""

import json
import os
import time
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from pvs_workflow.errors import OutputError
from pvs_workflow.files import cannot_write
from pvs_workflow.processes import has_ended, process_name

BEAT_SECONDS = 5.0
"""Interval at which a run touches its beat files."""
WATCH_SECONDS = 20.0
"""Time without a beat after which a run on another machine counts as ended."""
TURN_SECONDS = 300.0
"""Maximum time that a run waits for its turn; a turn takes about a second."""
_ATTEMPTS, _POLL_SECONDS = 3, 0.1


@dataclass(frozen=True)
class LockOwner:
    """The run that holds a lock, and its process, which may be on another machine."""

    run: str
    process: str
    host: str
    pid: int

    def __str__(self):
        return f'run {self.run} (process {self.pid} on {self.host})'


class RunLocks:
    """The locks of one run, in folders that other runs may also use."""

    def __init__(self, run_id: str, folders: Sequence[Path], watch_seconds: float = WATCH_SECONDS):
        self._owner = LockOwner(run_id, process_name(), os.uname().nodename, os.getpid())
        self._folders, self._watch_seconds = folders, watch_seconds
        self._locks: list[Path] = []
        self._beats: list[Path] = []
        self._alive: dict[Path, bool] = {}

    def start(self) -> None:
        """Create the beat files, which show that the run is alive, or raise OutputError."""
        for folder in self._folders:
            try:
                _beat(folder, self._owner).touch()
            except OSError as error:
                raise cannot_write(folder, error) from error
            self._beats.append(_beat(folder, self._owner))

    def acquire(self, prefix: str) -> str:
        """Lock a T2w in all folders; return the other run that holds a lock, or ''.

        ``prefix`` is that of its results, such as ``sub-01_ses-1``.
        """
        for folder in self._folders:
            lock = folder / f'.{prefix}.running'
            try:
                holder = self._acquire(lock)
            except OSError as error:
                raise cannot_write(folder, error) from error
            if holder:
                return f'{holder} in {folder}'
            self._locks.append(lock)
        return ''

    @contextmanager
    def exclusive(self, participant: str, seconds: float = TURN_SECONDS) -> Iterator[None]:
        """Keep other runs from a participant's report, record and half-written files.

        Raises
        ------
        OutputError
            If another run does not finish its turn within ``seconds``.

        """
        lock = self._folders[0] / f'.sub-{participant}.turn'
        deadline = time.monotonic() + seconds
        try:
            while holder := self._acquire(lock):
                if time.monotonic() > deadline:
                    raise OutputError(f'{lock} is held by {holder}; rerun when that run has ended')
                time.sleep(_POLL_SECONDS)
                self._alive.clear()
        except OSError as error:
            raise cannot_write(lock, error) from error
        try:
            yield
        finally:
            with suppress(OSError):
                if _read_owner(lock) == self._owner:
                    lock.unlink()

    def shares(self, participant: str) -> bool:
        """Return whether another run has locked a T2w of a participant."""
        names = (f'.sub-{participant}{rest}.running' for rest in ('', '_*'))
        locks = [path for name in names for path in self._folders[0].glob(name)]
        return any(_read_owner(lock) != self._owner for lock in locks)

    def lost(self) -> list[Path]:
        """Touch the beat files; return the folders whose beat file is missing."""
        folders = []
        for beat in self._beats:
            try:
                os.utime(beat)
            except FileNotFoundError:
                folders.append(beat.parent)
            except OSError:
                # A file system that is temporarily unavailable has not lost the file. One that
                # refuses to set times may accept a write.
                with suppress(OSError), beat.open('r+', encoding='utf-8') as file:
                    file.write(str(time.time_ns()))
        return folders

    def check(self) -> None:
        """Raise OutputError if a folder was removed, or taken over by another run."""
        for folder in self.lost():
            raise OutputError(
                f'{folder} was removed, or taken over by another run while this one was '
                'suspended; rerun the same command to create the missing results'
            )

    def release(self) -> None:
        """Remove all locks that this run still owns."""
        for path in (*self._locks, *self._beats):
            with suppress(OSError):
                if path in self._beats or _read_owner(path) == self._owner:
                    path.unlink()

    def _acquire(self, lock: Path) -> str:
        for _ in range(_ATTEMPTS):
            try:
                with lock.open('x', encoding='utf-8') as file:
                    json.dump(asdict(self._owner), file)
            except FileExistsError:
                owner = _read_owner(lock)
                if owner == self._owner:
                    return ''
                if self._is_alive(owner, lock):
                    return str(owner or 'another run')
                _remove_stale(lock, owner)
            else:
                return ''
        return 'another run'

    def _is_alive(self, owner: LockOwner | None, lock: Path) -> bool:
        ended = has_ended(owner.process) if owner else None
        if ended is not None:
            return not ended
        # A lock without an owner may be one that is just being written.
        watched = _beat(lock.parent, owner) if owner else lock
        if watched not in self._alive:
            self._alive[watched] = _changes(watched, self._watch_seconds)
        return self._alive[watched]


def _beat(folder: Path, owner: LockOwner) -> Path:
    return folder / f'.{Path(owner.run).name}.beat'


def _changes(path: Path, seconds: float) -> bool:
    """Return whether a file is touched, written or removed within ``seconds``."""
    before = _stamp(path)
    deadline = time.monotonic() + seconds
    while before and time.monotonic() < deadline:
        time.sleep(min(0.5, seconds / 4))
        if _stamp(path) != before:
            return True
    return False


def _stamp(path: Path) -> tuple[int, int] | None:
    # Network file systems update the status of a file only when it is opened.
    with suppress(OSError), path.open('rb') as file:
        status = os.fstat(file.fileno())
        return status.st_mtime_ns, status.st_size
    return None


def _remove_stale(lock: Path, owner: LockOwner | None) -> None:
    """Remove the lock of a run that has ended; only one of several processes succeeds."""
    aside = lock.with_name(f'{lock.name}-{uuid.uuid4().hex}')
    with suppress(FileNotFoundError):
        lock.rename(aside)
        if _read_owner(aside) != owner:
            # Another run was faster; this is its new lock.
            aside.rename(lock)
            return
        aside.unlink()
        if owner:
            _beat(lock.parent, owner).unlink()


def _read_owner(lock: Path) -> LockOwner | None:
    """Return the owner that a lock names, or None if the lock is not readable."""
    try:
        return LockOwner(**json.loads(lock.read_text(encoding='utf-8')))
    except (OSError, ValueError, TypeError):
        return None
