"""Output folders of the app, compared with that of an undisturbed run, also while they change."""

import contextlib
import json
import os
import re
import threading
from pathlib import Path

RUN_NAME = re.compile(rb'\d{8}-\d{6}_[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}')
TEMPORARY = ('.writing-', '.running', '.beat')


def is_temporary(path: Path) -> bool:
    """Return whether a file is one that no reader takes for a result."""
    return any(part.startswith('.') and any(t in part for t in TEMPORARY) for part in path.parts)


def all_files(folder: Path) -> dict[str, os.stat_result]:
    """Return all files of an output folder that are there now, by their names from there on."""
    found = {}
    # Folders come and go meanwhile, which os.walk passes over.
    for root, _, names in os.walk(folder):
        for name in names:
            path = Path(root, name)
            with contextlib.suppress(OSError):
                found[path.relative_to(folder).as_posix()] = path.stat()
    return found


def comparable(names) -> list[str]:
    """Leave out logs, and files that are being written."""
    return [
        name
        for name in names
        if not is_temporary(Path(name))
        and (not name.startswith('logs/') or name.startswith('logs/CITATION'))
        and 'log' not in Path(name).parts[:2]
    ]


def content(path: Path) -> bytes:
    """Return what is in a file, with the same name for every run."""
    return RUN_NAME.sub(b'RUN', path.read_bytes())


def contents(folder: Path) -> dict[str, bytes]:
    """Return what is in an output folder, so that two of them can be compared."""
    return {name: content(folder / name) for name in comparable(all_files(folder))}


def compare(out: Path, reference: dict[str, bytes]) -> list[str]:
    """Return how an output folder differs from the undisturbed one, and what is left over."""
    found = contents(out)
    problems = [f'{name} is missing' for name in sorted(reference.keys() - found.keys())]
    problems += [f'{name} is too much' for name in sorted(found.keys() - reference.keys())]
    problems += [f'{name} differs' for name in sorted(found) if found[name] != reference.get(name)]
    left = [path for path in out.rglob('.*') if is_temporary(path.relative_to(out))]
    return problems + [f'{path.name} is left over' for path in left]


class Watcher:
    """Compares every file of an output folder with a reference, as soon as it can be seen."""

    def __init__(self, folder: Path, reference: dict[str, bytes]) -> None:
        self.folder, self.reference = folder, reference
        self.looks = 0
        self.problems: list[str] = []
        self._seen: dict[str, tuple] = {}
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *exc_info):
        self._ended.set()
        self._thread.join()
        self.look()

    def look(self) -> None:
        """Compare what is new."""
        stats = all_files(self.folder)
        for name in comparable(stats):
            stamp = (stats[name].st_ino, stats[name].st_mtime_ns, stats[name].st_size)
            if self._seen.get(name) == stamp:
                continue
            try:
                found = content(self.folder / name)
            except FileNotFoundError:  # replaced or removed meanwhile
                continue
            self._seen[name] = stamp
            self.looks += 1
            if not self._is_right(name, found):
                self.problems.append(f'{name}: {len(found)} bytes that are not those expected')

    def _is_right(self, name: str, found: bytes) -> bool:
        if found == self.reference.get(name):
            return True
        if not name.endswith('_provenance.json'):
            return False
        try:
            runs = json.loads(found)['runs']
        except (ValueError, KeyError):
            return False
        return any('did not come to its end' in t for run in runs for t in run['scans'].values())

    def _run(self) -> None:
        try:
            while not self._ended.wait(0.02):
                self.look()
        except Exception as error:
            self.problems.append(f'the watcher fell asleep: {error!r}')
