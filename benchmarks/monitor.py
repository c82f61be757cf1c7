"""Monitor the processors and memory that each process and each step of a run uses.

The monitor observes from outside, several times a second, and adds nothing to the run. The step of
a worker follows from its working folder, which nipype sets.
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
"""Number of observations for each sum of the tree's memory, which takes longest."""
_KIB_PER_GB = 1e9 / 1024
_TICKS = os.sysconf('SC_CLK_TCK')
LIBRARIES = ('tensorflow', 'ants')


@dataclass
class Process:
    """Observations of one process."""

    environment: Mapping[str, str]
    observations: list[tuple[float, float]] = field(default_factory=list)
    """Times of observation, and the CPU time used until then, s."""
    libraries: set[str] = field(default_factory=set)
    """Members of `LIBRARIES` that it has loaded."""
    step: str = ''
    """Last observed step, '' for none."""
    steps: set[str] = field(default_factory=set)
    """All observed steps."""


@dataclass(frozen=True)
class Usage:
    """Resources that a run has used; memory is the highest that was observed, GB."""

    processes: dict[int, Process]
    steps: dict[str, float]
    """Private memory in each step, without files such as libraries, which processes share."""
    idle: float
    """Private memory of a worker that waits for a step."""
    files: float
    """Memory of files in one process."""
    peak: float
    """Sum over all processes, with shared memory counted once."""


class Monitor(threading.Thread):
    """A thread that watches a process and its descendants until :meth:`stop`.

    A process in a folder of the run's ``work_dir`` runs the step of that name.
    """

    def __init__(self, pid: int, work_dir: Path) -> None:
        super().__init__(daemon=True)
        self._pid, self._work = pid, work_dir.resolve()
        self._stopping = threading.Event()
        self._processes: dict[int, Process] = {}
        self._steps: dict[str, float] = defaultdict(float)
        self._idle = self._files = self._peak = 0.0

    def run(self) -> None:
        """Observe the processes until stopped."""
        number = 0
        while not self._stopping.wait(INTERVAL):
            pids = tree(self._pid)
            for pid in pids:
                try:
                    self._observe(pid)
                except (OSError, ValueError, KeyError):
                    # The process has ended.
                    continue
            if number % _SUM_EVERY == 0:
                total = sum(map(proportional_set_size, pids)) / _KIB_PER_GB
                self._peak = max(self._peak, total)
            number += 1

    def stop(self) -> Usage:
        """Stop watching and return the usage."""
        self._stopping.set()
        self.join()
        return Usage(self._processes, dict(self._steps), self._idle, self._files, self._peak)

    def _observe(self, pid: int) -> None:
        root = Path(f'/proc/{pid}')
        process = self._processes.get(pid) or Process(_environment(root))
        fields = (root / 'stat').read_text().rpartition(')')[2].split()
        process.observations.append(
            (time.monotonic(), (int(fields[11]) + int(fields[12])) / _TICKS)
        )
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
        # The kernel keeps the maximum since the last reset, so peaks between two observations are
        # not missed; they belong to the step before. For an idle worker, the present value counts:
        # its maximum may be that of a step too short to be observed.
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
    """Wait for a run to end, and return its usage."""
    monitor = Monitor(process.pid, work_dir)
    monitor.start()
    try:
        process.wait()
    finally:
        usage = monitor.stop()
    return usage


def busiest(processes: Sequence[Process], seconds: float = 2.0) -> float:
    """Return the maximum number of processors that the processes used within ``seconds``.

    With other load on the machine, they may have got fewer than they could use.
    """
    moments: dict[int, float] = defaultdict(float)
    for process in processes:
        for (before, used_before), (now, used_now) in pairwise(process.observations):
            rate = (used_now - used_before) / (now - before)
            for number in range(int(before // seconds), int(now // seconds) + 1):
                begin, end = number * seconds, (number + 1) * seconds
                moments[number] += rate * (min(now, end) - max(before, begin))
    return max(moments.values(), default=0.0) / seconds


def _environment(root: Path) -> dict[str, str]:
    text = (root / 'environ').read_bytes().decode(errors='replace')
    return dict(pair.split('=', 1) for pair in text.split('\0') if '=' in pair)
