"""Who works on what: no two runs write for the same participant, or into the same work folder.

A run makes a file for each participant that it works on, by a call that fails where there is one.
The locks of operating systems would be simpler, but not all file systems of clusters have them.
What a killed run has left is told by its process, if it was on this machine; else by its beat: a
file whose time a run changes every few seconds. No clocks are compared, since they may differ.
"""

import contextlib
import json
import os
import signal
import threading
import time
import uuid
from collections.abc import Callable, Iterable
from pathlib import Path

from pvs_workflow.errors import OutputError
from pvs_workflow.files import room_left
from pvs_workflow.processes import has_ended, own_name

BEAT_SECONDS = 5.0
WATCH_SECONDS = 20.0
"""A run elsewhere whose beat has stood still for so long is over."""
_END = '.running'
_TRIES = 3


class Claims:
    """What one run has to itself in a folder.

    Parameters
    ----------
    folder : Path
        Where the files are made; it must exist.
    run_id : str
        Name of the run.
    watch_seconds : float
        How long the beat of a run elsewhere is watched before it is taken for dead.

    """

    def __init__(self, folder: Path, run_id: str, watch_seconds: float = WATCH_SECONDS):
        self.folder = folder
        self._run_id = run_id
        self._watch_seconds = watch_seconds
        self._beat = folder / f'.{run_id}.beat'
        self._content = json.dumps(
            {'run': run_id, 'process': own_name(), 'host': os.uname().nodename, 'pid': os.getpid()}
        )
        self._begun = False
        self._own: list[Path] = []
        self._dead: set[str] = set()

    def take(self, names: Iterable[str]) -> dict[str, str]:
        """Claim what is free, or was left by a run that is over.

        Parameters
        ----------
        names : iterable of str

        Returns
        -------
        dict of str to str
            Which names are another run's, and what that is.

        Raises
        ------
        OutputError
            If the folder cannot be written to.

        """
        taken = {}
        try:
            self._beat.write_text(self._content, encoding='utf-8')
            self._begun = True
            for name in names:
                path = self.folder / f'.{name}{_END}'
                if other := self._take(path):
                    taken[name] = other
                else:
                    self._own.append(path)
        except OSError as error:
            self.release()
            raise OutputError(
                f'{self.folder} cannot be written to, expected a folder with room that this user '
                f'may write to, received: {error.strerror or error}'
                f'{room_left(self.folder, error)}'
            ) from error
        return taken

    def has_neighbours(self) -> bool:
        """Tell whether other runs, as far as is known, have claims in the folder."""
        others = [path for path in self.folder.glob(f'.*{_END}') if path not in self._own]
        held = [_parse(_read(path) or '') for path in others]
        return any(not has_ended(facts.get('process', '')) for facts in held)

    def beat(self) -> bool:
        """Show that this run is at work; return whether what it claimed is still its own."""
        if not self._begun:
            return True
        try:
            os.utime(self._beat)
        except FileNotFoundError:
            return False
        except OSError:
            # A file system that does not answer for a while has not lost anything.
            pass
        return True

    def release(self) -> None:
        """Give everything free."""
        for path in self._own:
            if _read(path) == self._content:
                _remove(path)
        self._own.clear()
        _remove(self._beat)

    def _take(self, path: Path) -> str | None:
        """Claim one name; return whose it is instead."""
        for _ in range(_TRIES):
            try:
                self._make(path)
            except FileExistsError:
                held = _read(path)
                if held is None:
                    continue
                if not self._is_over(held, path):
                    return _describe(held)
                self._clear(path, held)
            else:
                return None
        return _describe(_read(path) or '')

    def _make(self, path: Path) -> None:
        """Make a claim, with all that is in it at once where the file system knows links."""
        try:
            path.hardlink_to(self._beat)
        except FileExistsError:
            raise
        except OSError:
            with path.open('x', encoding='utf-8') as file:
                file.write(self._content)

    def _is_over(self, held: str, path: Path) -> bool:
        """Tell whether the run that holds a claim is dead."""
        facts = _parse(held)
        run = facts.get('run', '')
        ended = has_ended(facts.get('process', ''))
        if ended is not None or run in self._dead:
            return ended is not False
        # Who was killed before a word was written has no beat, but perhaps writes just now.
        beat = self.folder / f'.{run}.beat' if run else path
        if not _stands_still(beat, self._watch_seconds):
            return False
        self._dead.add(run)
        return True

    def _clear(self, path: Path, held: str) -> None:
        """Take a dead run's claim away; of several that try, one succeeds."""
        aside = path.with_name(f'{path.name}-{uuid.uuid4().hex}')
        try:
            path.rename(aside)
        except FileNotFoundError:
            return
        if _read(aside) == held:
            aside.unlink()
            run = _parse(held).get('run')
            if run:
                _remove(self.folder / f'.{run}.beat')
        else:
            # Another run was faster, and this is its new claim.
            aside.rename(path)


class Keeper(contextlib.AbstractContextManager):
    """Keeps claims alive while a run is at work, and gives them free at its end.

    A run that finds that what it claimed is no longer its own (a folder was removed, or another
    run took it for dead because it was suspended) is asked to end as by SIGTERM.

    Parameters
    ----------
    claims : iterable of Claims
    seconds : float
        Between two beats.
    stop : callable, optional
        What ends the run.

    """

    def __init__(
        self,
        claims: Iterable[Claims],
        seconds: float = BEAT_SECONDS,
        stop: Callable[[], None] = lambda: os.kill(os.getpid(), signal.SIGTERM),
    ):
        self._claims = tuple(claims)
        self._seconds = seconds
        self._stop = stop
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name='beat', daemon=True)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *exc_info):
        self._ended.set()
        self._thread.join(self._seconds)  # a disk that does not answer shall not hold us up
        for claims in self._claims:
            claims.release()

    def lost(self) -> list[Path]:
        """Return the folders whose claims are gone."""
        return [claims.folder for claims in self._claims if not claims.beat()]

    def _run(self) -> None:
        while not self._ended.wait(self._seconds):
            if self.lost():
                self._stop()
                return


def _stands_still(path: Path, seconds: float) -> bool:
    """Watch a file for a while; tell whether nothing happened to it."""
    before = _stamp(path)
    if before is None and path.suffix == '.beat':
        return True
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        time.sleep(min(0.5, seconds / 4))
        if _stamp(path) != before:
            return False
    return True


def _stamp(path: Path) -> tuple[int, int] | None:
    try:
        # Only a file that is opened is looked up anew on network file systems.
        with path.open('rb') as file:
            found = os.fstat(file.fileno())
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size


def _read(path: Path) -> str | None:
    try:
        return path.read_text(encoding='utf-8', errors='replace')
    except OSError:
        return None


def _remove(path: Path) -> None:
    with contextlib.suppress(OSError):
        path.unlink()


def _parse(held: str) -> dict[str, str]:
    """Return what a claim says as far as it can be understood."""
    try:
        content = json.loads(held)
    except ValueError:
        return {}
    if not isinstance(content, dict):
        return {}
    return {key: f'{value}' for key, value in content.items() if '/' not in f'{value}'}


def _describe(held: str) -> str:
    facts = _parse(held)
    if 'run' not in facts:
        return 'another run'
    where = f'process {facts.get("pid", "?")} on {facts.get("host", "another machine")}'
    return f'run {facts["run"]} ({where})'
