"""What each process of a run uses, and each step of it: processors and memory.

It looks from outside, several times a second: nothing is added to the run. Which step a worker is
at follows from its working folder, which nipype sets.
"""

import os
import subprocess
import threading
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

from benchmarks.resources import proportional_set_size, tree

INTERVAL = 0.1
_SUM_EVERY = 5
"""Looks from one sum of the tree's memory to the next, which costs more than the rest."""
_KIB_PER_GB = 1e9 / 1024
_TICKS = os.sysconf('SC_CLK_TCK')
LIBRARIES = ('tensorflow', 'ants')


@dataclass
class Process:
    """All that was seen of one process."""

    environment: Mapping[str, str]
    looks: list[tuple[float, float]] = field(default_factory=list)
    """Time, and seconds of processors that it had used then."""
    libraries: set[str] = field(default_factory=set)
    """Those of `LIBRARIES` that it has loaded."""
    step: str = ''
    """At which it was last seen, '' for none."""
    steps: set[str] = field(default_factory=set)
    """All of them."""


@dataclass(frozen=True)
class Usage:
    """What a run has used; memory in GB, the highest that was seen."""

    processes: dict[int, Process]
    steps: dict[str, float]
    """Of its own (not of files, such as libraries, which processes share) in each step."""
    idle: float
    """Of a worker's own while it waits for a step."""
    files: float
    """Of files that a process had."""
    peak: float
    """Sum over all processes, what they share counted once."""


class Monitor(threading.Thread):
    """Watches a process and its descendants until :meth:`stop`.

    A process in a folder of the run's ``work_dir`` is at the step of that name.
    """

    def __init__(self, pid: int, work_dir: Path) -> None:
        super().__init__(daemon=True)
        self._pid, self._work = pid, work_dir.resolve()
        self._stop_it = threading.Event()
        self._processes: dict[int, Process] = {}
        self._steps: dict[str, float] = defaultdict(float)
        self._idle = self._files = self._peak = 0.0

    def run(self) -> None:
        """Look again and again."""
        number = 0
        while not self._stop_it.wait(INTERVAL):
            pids = tree(self._pid)
            for pid in pids:
                try:
                    self._look(pid)
                except (OSError, ValueError, KeyError):
                    # It has ended.
                    continue
            if number % _SUM_EVERY == 0:
                total = sum(map(proportional_set_size, pids)) / _KIB_PER_GB
                self._peak = max(self._peak, total)
            number += 1

    def stop(self) -> Usage:
        """End, and return what was seen."""
        self._stop_it.set()
        self.join()
        return Usage(self._processes, dict(self._steps), self._idle, self._files, self._peak)

    def _look(self, pid: int) -> None:
        root = Path(f'/proc/{pid}')
        process = self._processes.get(pid) or Process(_environment(root))
        fields = (root / 'stat').read_text().rpartition(')')[2].split()
        process.looks.append((time.monotonic(), (int(fields[11]) + int(fields[12])) / _TICKS))
        self._processes[pid] = process
        self._note_memory(pid, root, process)

    def _note_memory(self, pid: int, root: Path, process: Process) -> None:
        step_before = self._step(root)
        lines = (root / 'status').read_text().splitlines()
        status = dict(line.split(':', 1) for line in lines if ':' in line)
        high, now, file = (
            int(status[name].split()[0]) / _KIB_PER_GB for name in ('VmHWM', 'VmRSS', 'RssFile')
        )
        self._files = max(self._files, file)
        step = self._step(root)
        # The kernel keeps the highest since it was reset: what was between two looks is seen as
        # well, and belongs to the step before. A worker that waits has what it has now: its
        # highest may be that of a step too short to be seen.
        if process.step:
            self._steps[process.step] = max(self._steps[process.step], high - file)
        elif pid != self._pid and not step_before and not step:
            self._idle = max(self._idle, now - file)
        if step != process.step:
            (root / 'clear_refs').write_text('5')
            process.step = step
            process.steps |= {step} - {''}
            maps = (root / 'maps').read_text()
            process.libraries |= {name for name in LIBRARIES if f'/{name}/' in maps}

    def _step(self, root: Path) -> str:
        folder = (root / 'cwd').readlink()
        if not folder.is_relative_to(self._work) or folder == self._work:
            return ''
        return '.'.join(folder.relative_to(self._work).parts)


def watch(process: subprocess.Popen, work_dir: Path) -> Usage:
    """Wait for a run to end, and return what it has used."""
    monitor = Monitor(process.pid, work_dir)
    monitor.start()
    try:
        process.wait()
    finally:
        usage = monitor.stop()
    return usage


def busiest(processes: Sequence[Process], seconds: float = 2.0) -> float:
    """Return how many processors some processes kept busy together in their busiest moment.

    On a machine that others use as well, they may have got fewer than they wanted.
    """
    moments: dict[int, float] = defaultdict(float)
    for process in processes:
        for (before, used), (now, used_now) in pairwise(process.looks):
            rate = (used_now - used) / (now - before)
            for number in range(int(before // seconds), int(now // seconds) + 1):
                begin, end = number * seconds, (number + 1) * seconds
                moments[number] += rate * (min(now, end) - max(before, begin))
    return max(moments.values(), default=0.0) / seconds


def _environment(root: Path) -> dict[str, str]:
    text = (root / 'environ').read_bytes().decode(errors='replace')
    return dict(pair.split('=', 1) for pair in text.split('\0') if '=' in pair)
