"""What each process of a run uses, and each step of it: processors, threads and memory.

It looks from outside, several times a second: nothing is added to the run. Which step a worker is
at is told by its working folder, which nipype sets.
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

from resources import proportional_set_size, tree

INTERVAL = 0.1
_SUM_EVERY = 5
"""Looks from one sum of the tree's memory to the next, which costs more than the rest."""
_KIB_PER_GB = 1e9 / 1024
_TICKS = os.sysconf('SC_CLK_TCK')


@dataclass(frozen=True)
class Look:
    """One process at one moment.

    Attributes
    ----------
    time : float
        Seconds.
    cpu : float
        Seconds of processors that it has used.
    threads : int
        All that it has.
    running : int
        Those that use a processor, or wait for one that others use.

    """

    time: float
    cpu: float
    threads: int
    running: int


@dataclass
class Process:
    """All that was seen of one process.

    Attributes
    ----------
    looks : list of Look
    libraries : set of str
        Those of `LIBRARIES` that it has loaded.
    environment : dict
        With which it was started.
    step : str
        At which it was last seen, '' for none.
    steps : set of str
        All of them.

    """

    environment: Mapping[str, str]
    looks: list[Look] = field(default_factory=list)
    libraries: set[str] = field(default_factory=set)
    step: str = ''
    steps: set[str] = field(default_factory=set)


@dataclass(frozen=True)
class Usage:
    """What a run has used.

    Attributes
    ----------
    processes : dict of int to Process
    steps : dict of str to float
        Highest memory of its own (not of files, such as libraries, which processes share) that a
        process had in each step, GB.
    idle : float
        Highest memory of its own that a worker had between two steps, GB.
    files : float
        Highest memory of files that a process had, GB.
    peak : float
        Highest sum over all processes, what they share counted once, GB.

    """

    processes: dict[int, Process]
    steps: dict[str, float]
    idle: float
    files: float
    peak: float


LIBRARIES = ('tensorflow', 'ants')


class Monitor(threading.Thread):
    """Watches a process and its descendants until it is told to stop.

    Parameters
    ----------
    pid : int
    work_dir : Path
        The run's work folder: a process in a folder of it is at the step of that name.

    """

    def __init__(self, pid: int, work_dir: Path):
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
        states = [_state(path) for path in (root / 'task').iterdir()]
        cpu = (int(fields[11]) + int(fields[12])) / _TICKS
        running = states.count('R')
        process.looks.append(Look(time.monotonic(), cpu, len(states), running))
        self._processes[pid] = process
        self._note_memory(pid, root, process)

    def _note_memory(self, pid: int, root: Path, process: Process) -> None:
        lines = (root / 'status').read_text().splitlines()
        status = dict(line.split(':', 1) for line in lines if ':' in line)
        high, file = (int(status[name].split()[0]) for name in ('VmHWM', 'RssFile'))
        own = (high - file) / _KIB_PER_GB
        self._files = max(self._files, file / _KIB_PER_GB)
        step = self._step(root)
        # The kernel keeps the highest since it was told to forget it: what was between two looks
        # is seen as well, and belongs to the step before.
        if process.step:
            self._steps[process.step] = max(self._steps[process.step], own)
        elif pid != self._pid:
            self._idle = max(self._idle, own)
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


def busiest(processes: Sequence[Process], seconds: float = 2.0) -> tuple[float, float]:
    """Return how many processors some processes kept busy together in their busiest moment.

    Parameters
    ----------
    processes : sequence of Process
    seconds : float
        Length of a moment.

    Returns
    -------
    used : float
        Seconds of processors per second.
    wanted : float
        Threads that ran, or waited for a processor, on average: on a machine that others use as
        well, what `used` would be without them, at most.

    """
    spans: dict[int, list[float]] = defaultdict(lambda: [0.0, 0.0])
    looks = [process.looks for process in processes]
    begin = min((one[0].time for one in looks if one), default=0.0)
    for one in looks:
        for before, now in pairwise(one):
            length = now.time - before.time
            place = int((now.time - begin) / seconds)
            spans[place][0] += now.cpu - before.cpu
            spans[place][1] += now.running * length
    return tuple(max((span[i] for span in spans.values()), default=0.0) / seconds for i in (0, 1))


def _state(task: Path) -> str:
    try:
        return (task / 'stat').read_text().rpartition(')')[2].split()[0]
    except OSError:
        return ''


def _environment(root: Path) -> dict[str, str]:
    text = (root / 'environ').read_bytes().decode(errors='replace')
    return dict(pair.split('=', 1) for pair in text.split('\0') if '=' in pair)
