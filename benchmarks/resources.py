"""Measure wall time, CPU time and peak memory of a command's whole process tree.

Memory is the sum over the tree of the proportional set size, sampled four times a second.
"""

import os
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

INTERVAL = 0.25


def tree(pid: int) -> list[int]:
    """Return the ids of a process and its descendants."""
    pids, waiting = [], [pid]
    while waiting:
        current = waiting.pop()
        pids.append(current)
        for task in Path(f'/proc/{current}/task').glob('*/children'):
            try:
                waiting += [int(child) for child in task.read_text().split()]
            except OSError:
                continue
    return pids


def proportional_set_size(pid: int) -> int:
    """Return the proportional set size of a process, kB; 0 if it has ended."""
    try:
        lines = Path(f'/proc/{pid}/smaps_rollup').read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith('Pss:')), 0)


def cpu_of_children() -> float:
    """Return the CPU time of the ended children of this process, s."""
    return sum(os.times()[2:4])


def measure(
    command: Sequence[str], environment: Mapping[str, str] | None = None, log: Path | None = None
) -> dict:
    """Run a command and return its exit code, seconds and peak memory.

    The command inherits the environment, updated by ``environment``; its output goes to ``log``.
    """
    begin, before, peak = time.monotonic(), cpu_of_children(), 0
    with Path(log or os.devnull).open('w') as stream:
        process = subprocess.Popen(
            command,
            stdout=stream,
            stderr=subprocess.STDOUT,
            env={**os.environ, **(environment or {})},
        )
        ended = threading.Event()

        def watch():
            nonlocal peak
            while not ended.wait(INTERVAL):
                peak = max(peak, sum(map(proportional_set_size, tree(process.pid))))

        watcher = threading.Thread(target=watch)
        watcher.start()
        code = process.wait()
        ended.set()
        watcher.join()
    return {
        'exit_code': code,
        'wall_s': round(time.monotonic() - begin, 1),
        'cpu_s': round(cpu_of_children() - before, 1),
        'peak_memory_gb': round(peak / 2**20, 2),
    }
