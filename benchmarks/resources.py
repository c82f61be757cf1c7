"""What a command costs: wall time, CPU time and peak memory of its whole process tree.

Memory is the sum over the tree of the proportional set size, sampled four times a second.
"""

import os
import platform
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

INTERVAL = 0.25


def tree(pid: int) -> list[int]:
    """Return a process and its descendants."""
    found, waiting = [], [pid]
    while waiting:
        current = waiting.pop()
        found.append(current)
        for task in Path(f'/proc/{current}/task').glob('*/children'):
            try:
                waiting += [int(child) for child in task.read_text().split()]
            except OSError:
                continue
    return found


def proportional_set_size(pid: int) -> int:
    """Return a process' share of the memory in use, in kB; 0 when it has ended."""
    try:
        lines = Path(f'/proc/{pid}/smaps_rollup').read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith('Pss:')), 0)


def measure(
    command: Sequence[str], environment: Mapping[str, str] | None = None, log: Path | None = None
) -> dict:
    """Run a command and return its exit code, seconds and peak memory.

    Parameters
    ----------
    command : sequence of str
    environment : mapping, optional
        Variables that are set for it besides those of this process.
    log : Path, optional
        Where its output goes; nowhere by default.

    """
    started = time.monotonic()
    before = os.times()
    with Path(log or os.devnull).open('w') as stream:
        process = subprocess.Popen(
            command,
            stdout=stream,
            stderr=subprocess.STDOUT,
            env={**os.environ, **(environment or {})},
        )
        peak = 0
        stop = threading.Event()

        def watch():
            nonlocal peak
            while not stop.wait(INTERVAL):
                peak = max(peak, sum(proportional_set_size(pid) for pid in tree(process.pid)))

        watcher = threading.Thread(target=watch)
        watcher.start()
        code = process.wait()
        stop.set()
        watcher.join()
    after = os.times()
    cpu = sum(after[2:4]) - sum(before[2:4])
    return {
        'exit_code': code,
        'wall_s': round(time.monotonic() - started, 1),
        'cpu_s': round(cpu, 1),
        'peak_memory_gb': round(peak / 2**20, 2),
    }


def machine() -> dict:
    """Return what the figures depend on: cores, memory and Python."""
    memory = os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') / 2**30
    return {
        'cores': os.cpu_count(),
        'memory_gb': round(memory),
        'python': platform.python_version(),
    }
