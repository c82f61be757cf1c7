"""Show the progress of a run: a bar on a terminal, plain lines elsewhere."""

import sys
import time
from collections.abc import Sequence
from contextlib import AbstractContextManager, suppress

from pvs_workflow.execution.outcome import branches_of, failed_scan
from pvs_workflow.inputs import Scan

_SECONDS_BETWEEN_LINES = 1.0


class _BrokenPipeSafe:
    """Stream wrapper that ignores write errors, such as a closed terminal or a full disk."""

    def __init__(self, stream):
        self._stream = stream

    def __getattr__(self, name: str):
        return getattr(self._stream, name)

    def write(self, text: str) -> int:
        with suppress(OSError):
            self._stream.write(text)
        return len(text)

    def flush(self) -> None:
        with suppress(OSError):
            self._stream.flush()


class Progress(AbstractContextManager):
    """Progress display that counts the steps of graphs; a bar if the stream is a terminal."""

    def __init__(self, scans: Sequence[Scan], stream=None):
        self._branches = branches_of(scans)
        self._counted = 0
        self._stream = _BrokenPipeSafe(stream or sys.stderr)
        self._done, self._total = 0, 0
        self._last_line = float('-inf')
        self._bar = self._task = None

    def __enter__(self):
        if self._stream.isatty():
            from rich.console import Console
            from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
            from rich.progress import Progress as Bar

            self._bar = Bar(
                BarColumn(),
                MofNCompleteColumn(),
                TextColumn('steps'),
                TimeElapsedColumn(),
                TextColumn('{task.description}', markup=False),
                console=Console(file=self._stream),
            )
            self._bar.start()
            self._task = self._bar.add_task('', total=None)
        return self

    def __exit__(self, *exc_info):
        if self._bar is not None:
            self._bar.stop()

    def count(self, scans: int) -> None:
        """Add the number of scans of the next graph."""
        self._counted += scans

    def start(self, steps: int) -> None:
        """Add the number of steps of the graph."""
        self._total += steps
        if self._bar is not None:
            self._bar.update(self._task, total=self._expected)

    @property
    def _expected(self) -> int:
        """Expected steps of all scans, extrapolated from the scans counted so far."""
        return round(self._total * max(1, len(self._branches) / max(1, self._counted)))

    def callback(self, node, status: str) -> None:
        """Show the ``status`` of a node: 'start', 'end' or 'exception' (nipype callback)."""
        if status != 'start':
            self._done += 1
        scan = failed_scan(node.fullname, self._branches)
        where = f'{scan.prefix} {node.name}' if scan else node.name
        if self._bar is not None:
            self._bar.update(self._task, completed=self._done, description=where)
            return
        now = time.monotonic()
        last = self._done >= self._total
        due = last or now - self._last_line >= _SECONDS_BETWEEN_LINES
        if status == 'exception' or (status == 'end' and due):
            self._last_line = now
            failed = ', failed' if status == 'exception' else ''
            about = 'about ' if self._counted < len(self._branches) else ''
            line = f'{self._done} of {about}{self._expected} steps, {where}{failed}'
            print(line, file=self._stream, flush=True)
