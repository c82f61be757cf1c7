"""Wall time, CPU time and peak memory of the whole participant level, session by session.

Usage: python benchmarks/sessions.py BIDS_DIR [--nprocs N] [--out FILE]

Every session runs alone and cold (a new work folder), as a user would run it. Memory is the sum
over the process tree of the proportional set size, sampled four times a second.
"""

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

from pvs_workflow import __version__
from pvs_workflow.inputs import collect_scans

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


def measure(command: list[str]) -> dict:
    """Run a command and return its exit code, seconds and peak memory."""
    started = time.monotonic()
    before = os.times()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
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


def main() -> None:
    """Measure every session of a dataset and write the figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('bids_dir', type=Path)
    parser.add_argument('--nprocs', type=int, default=2)
    parser.add_argument('--out', type=Path, default=Path('docs/validation/sessions.json'))
    arguments = parser.parse_args()
    memory = os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') / 2**30
    sessions = {}
    for scan in collect_scans(arguments.bids_dir).scans:
        with tempfile.TemporaryDirectory() as folder:
            command = [
                str(Path(sys.executable).with_name('pvs_workflow')),
                str(arguments.bids_dir.resolve()),
                f'{folder}/out',
                'participant',
                *('--participant-label', scan.participant),
                *(('--session-label', scan.session) if scan.session else ()),
                *('--nprocs', str(arguments.nprocs), '--work-dir', f'{folder}/work'),
            ]
            sessions[scan.prefix] = measure(command)
        print(scan.prefix, sessions[scan.prefix], flush=True)
    result = {
        'command': f'python benchmarks/sessions.py BIDS_DIR --nprocs {arguments.nprocs}',
        'version': __version__,
        'machine': {
            'cores': os.cpu_count(),
            'memory_gb': round(memory),
            'python': platform.python_version(),
        },
        'sessions': sessions,
    }
    arguments.out.parent.mkdir(parents=True, exist_ok=True)
    arguments.out.write_text(json.dumps(result, indent=2) + '\n')


if __name__ == '__main__':
    main()
