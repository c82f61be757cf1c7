"""Comparison of output folders with that of an undisturbed run, also while they change."""

import contextlib
import json
import os
import re
import threading
from pathlib import Path

RUN_NAME = re.compile(rb'\d{8}-\d{6}_[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}')
TEMPORARY = ('.writing-', '.running', '.turn', '.beat')


def is_temporary(path: Path) -> bool:
    """Return whether a file is temporary, so that readers ignore it."""
    return any(part.startswith('.') and any(t in part for t in TEMPORARY) for part in path.parts)


def all_files(folder: Path) -> dict[str, os.stat_result]:
    """Return all files that an output folder holds now, by relative name."""
    files = {}
    # os.walk skips folders that are removed meanwhile.
    for root, _, names in os.walk(folder):
        for name in names:
            path = Path(root, name)
            with contextlib.suppress(OSError):
                files[path.relative_to(folder).as_posix()] = path.stat()
    return files


def comparable(names) -> list[str]:
    """Return the names without those of logs and of files that are being written."""
    return [
        name
        for name in names
        if not is_temporary(Path(name))
        and (not name.startswith('logs/') or name.startswith('logs/CITATION'))
        and 'log' not in Path(name).parts[:2]
    ]


def content(path: Path) -> bytes:
    """Return the content of a file, with every name of a run replaced by ``RUN``."""
    return RUN_NAME.sub(b'RUN', path.read_bytes())


def contents(folder: Path) -> dict[str, bytes]:
    """Return the comparable contents of an output folder, by relative name."""
    return {name: content(folder / name) for name in comparable(all_files(folder))}


def compare(out: Path, reference: dict[str, bytes]) -> list[str]:
    """Return the differences of an output folder from the undisturbed one, and leftovers."""
    files = contents(out)
    problems = [f'{name} is missing' for name in sorted(reference.keys() - files.keys())]
    problems += [f'{name} is unexpected' for name in sorted(files.keys() - reference.keys())]
    problems += [f'{name} differs' for name in sorted(files) if files[name] != reference.get(name)]
    leftovers = [path for path in out.rglob('.*') if is_temporary(path.relative_to(out))]
    return problems + [f'{path.name} is left over' for path in leftovers]


class Watcher:
    """A thread that compares files of an output folder with a reference as they appear."""

    def __init__(self, folder: Path, reference: dict[str, bytes]) -> None:
        self.folder, self.reference = folder, reference
        self.n_compared = 0
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
        self.compare_new()

    def compare_new(self) -> None:
        """Compare new and changed files."""
        stats = all_files(self.folder)
        for name in comparable(stats):
            stamp = (stats[name].st_ino, stats[name].st_mtime_ns, stats[name].st_size)
            if self._seen.get(name) == stamp:
                continue
            try:
                text = content(self.folder / name)
            except FileNotFoundError:  # replaced or removed meanwhile
                continue
            self._seen[name] = stamp
            self.n_compared += 1
            if not self._is_expected(name, text):
                self.problems.append(f'{name}: its {len(text)} bytes differ from the reference')

    def _is_expected(self, name: str, text: bytes) -> bool:
        if text == self.reference.get(name):
            return True
        if not name.endswith('_provenance.json'):
            return False
        try:
            runs = json.loads(text)['runs']
        except (ValueError, KeyError):
            return False
        return any('did not finish' in t for run in runs for t in run['scans'].values())

    def _run(self) -> None:
        try:
            while not self._ended.wait(0.02):
                self.compare_new()
        except Exception as error:
            self.problems.append(f'the watcher failed: {error!r}')
