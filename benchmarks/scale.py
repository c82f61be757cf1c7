"""Measure how start-up, index and group level scale with the dataset.

Parts, all by default:

start     ``--help`` and ``--version``
first     time from the start of the command for one participant to its first node, in datasets of
          all sizes
everyone  the same for all participants, in datasets of up to 10,000
index     index of the scans of all participants, in a new process
group     group level over 10,000 participants

Datasets of different sizes take turns, so that other work on the machine affects all of them.
Times are medians. The record keeps the earlier results of parts that are not measured.
"""

import json
import os
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from benchmarks.group import run_group
from benchmarks.harness import APP, command, command_line, load, print_progress, write_record
from benchmarks.resources import cpu_of_children
from benchmarks.resources import tree as processes
from benchmarks.trees import make_tree
from pvs_workflow.execution.engine import GRAPH

SIZES = (100, 1000, 10_000, 50_000)
GROUP_SIZE = MAX_AT_ONCE = 10_000
LOOK_EVERY = 0.002
INDEX = """
import sys, time
start = time.perf_counter()
from pathlib import Path
from pvs_workflow.inputs import collect_scans
selection = collect_scans(Path(sys.argv[1]))
print(time.perf_counter() - start, time.process_time(), len(selection.scans))
"""


class Time(NamedTuple):
    """Wall time and CPU time, s, and memory of a process, GB."""

    wall: float
    cpu: float
    memory_gb: float = 0.0


def start(folder: Path, sizes: Sequence[int], seed: int, repeats: int) -> dict:
    """Measure the time of ``--help`` and ``--version``."""
    times: dict[str, list[Time]] = {'--help': [], '--version': []}
    for _ in range(repeats + 1):
        for option, option_times in times.items():
            begin, before = time.perf_counter(), cpu_of_children()
            subprocess.run([APP, option], check=True, stdout=subprocess.DEVNULL)
            option_times.append(Time(time.perf_counter() - begin, cpu_of_children() - before))
    return {option: spread(option_times[1:]) for option, option_times in times.items()}


def first(folder: Path, sizes: Sequence[int], seed: int, repeats: int) -> dict:
    """Measure the time to the first node of one participant, with and without the validator."""
    variants = {'as it is': (), 'without validation': ('--skip-bids-validation',)}
    times = {name: {size: [] for size in sizes} for name in variants}
    trees = {size: tree(folder, size, seed) for size in sizes}
    for turn in range(repeats + 1):
        for name, options in variants.items():
            for size in sizes:
                duration = to_first_node(trees[size], f'{size // 2:05d}', options)
                # The first turn fills the disk's cache.
                times[name][size] += [duration] if turn else []
    return {
        name: {str(size): spread(each) for size, each in sizes_times.items()}
        | {'ratio': ratio(sizes_times)}
        for name, sizes_times in times.items()
    }


def everyone(folder: Path, sizes: Sequence[int], seed: int, repeats: int) -> dict:
    """Measure the time to the first node of a run of all participants, and the run's memory.

    The memory is that of the process that builds and keeps the graph.
    """
    out = {}
    for size in (size for size in sizes if size <= MAX_AT_ONCE):
        bids_dir = tree(folder, size, seed)
        options = ('--skip-bids-validation',)
        times = [to_first_node(bids_dir, None, options) for _ in range(max(1, repeats // 2))]
        peak = round(statistics.median(one.memory_gb for one in times), 2)
        out[str(size)] = {**spread(times), 'peak_memory_gb': peak}
    return out


def index(folder: Path, sizes: Sequence[int], seed: int, repeats: int) -> dict:
    """Measure the time to find the scans of all participants."""
    out = {}
    for size in sizes:
        times = []
        for _ in range(max(1, repeats // 2)):
            words = [sys.executable, '-c', INDEX, tree(folder, size, seed)]
            completed = subprocess.run(words, check=True, capture_output=True, text=True)
            wall, cpu, scans = completed.stdout.split()
            times.append(Time(float(wall), float(cpu)))
        out[str(size)] = {'t2w': int(scans), **spread(times)}
    return out


def group(folder: Path, sizes: Sequence[int], seed: int, repeats: int) -> dict:
    """Measure the group level."""
    return run_group(folder, min(GROUP_SIZE, max(sizes)), seed)


PARTS: dict[str, Callable[[Path, Sequence[int], int, int], dict]] = {
    'start': start,
    'first': first,
    'everyone': everyone,
    'index': index,
    'group': group,
}


def to_first_node(bids_dir: Path, label: str | None, options: Sequence[str] = ()) -> Time:
    """Return the time from the start of a run until a worker has begun its first node.

    Without a label, the run has all participants.
    """
    with tempfile.TemporaryDirectory() as folder:
        out, work, log = (Path(folder, name) for name in ('out', 'work', 'log'))
        words = [APP, str(bids_dir), str(out), 'participant', '-w', str(work)]
        words += ['--nprocs', '2', *options]
        words += ['--participant-label', label] if label else []
        with log.open('w') as stream:
            begin = time.perf_counter()
            process = subprocess.Popen(words, stdout=stream, stderr=stream)
            # Nipype saves the inputs of a node when it starts it.
            while not any((work / GRAPH).rglob('_inputs.pklz')):
                if process.poll() is not None:
                    raise RuntimeError(f'the run ended before its first node: {log.read_text()}')
                time.sleep(LOOK_EVERY)
            wall = time.perf_counter() - begin
            duration = Time(wall, cpu_seconds(process.pid), peak_gb(process.pid))
        process.send_signal(signal.SIGTERM)
        process.wait()
    return duration


def tree(folder: Path, size: int, seed: int) -> Path:
    """Return the path of a dataset of the given size; make it if it does not exist."""
    target = folder / f'people_{size}_seed_{seed}'
    if not (target / 'participants.tsv').exists():
        shutil.rmtree(target, ignore_errors=True)
        begin = time.perf_counter()
        files = make_tree(target, size, seed)
        print_progress(
            f'made {files} files of {size} people in {time.perf_counter() - begin:.0f} s'
        )
    return target


def cpu_seconds(pid: int) -> float:
    """Return the CPU time of a process and its descendants, including ended ones, s."""
    ticks = 0
    for one in processes(pid):
        try:
            text = Path(f'/proc/{one}/stat').read_text()
        except OSError:
            continue
        ticks += sum(map(int, text.rpartition(')')[2].split()[11:15]))
    return ticks / os.sysconf('SC_CLK_TCK')


def peak_gb(pid: int) -> float:
    """Return the peak memory of a process, GB."""
    text = Path(f'/proc/{pid}/status').read_text()
    return int(text.partition('VmHWM:')[2].split()[0]) * 1024 / 1e9


def spread(times: Sequence[Time]) -> dict:
    """Return the median and the minimum of a list of times."""
    walls = [time.wall for time in times]
    return {
        'median_s': round(statistics.median(walls), 3),
        'shortest_s': round(min(walls), 3),
        'median_cpu_s': round(statistics.median(time.cpu for time in times), 3),
        'runs': len(times),
    }


def ratio(times: dict[int, Sequence[Time]]) -> dict:
    """Return ratios of the times in the largest to those in the smallest dataset.

    The ratios are those of medians, of CPU time, and of the shortest times, which other work on
    the machine affects least.
    """
    small, large = spread(times[min(times)]), spread(times[max(times)])
    keys = {'medians': 'median_s', 'shortest': 'shortest_s', 'median_cpu': 'median_cpu_s'}
    return {'of': [max(times), min(times)]} | {
        name: round(large[key] / small[key], 3) for name, key in keys.items()
    }


def main() -> None:
    """Measure the requested parts, and write the record."""
    parser = command_line(__doc__, 'scale.json')
    parser.add_argument('parts', nargs='*', metavar='PART', help=', '.join(PARTS))
    parser.add_argument('--sizes', type=int, nargs='+', default=SIZES)
    parser.add_argument('--seed', type=int, default=1)
    parser.add_argument('--repeats', type=int, default=7)
    parser.add_argument('--keep', type=Path, help='folder for the datasets, not deleted')
    args = parser.parse_args()
    if unknown := sorted(set(args.parts) - set(PARTS)):
        parser.error(f'no such part: {", ".join(unknown)}; choose from {", ".join(PARTS)}')
    record = json.loads(args.out.read_text()) if args.out.exists() else {}
    parts = {name: record[name] for name in PARTS if name in record}
    words = ('parts', '--sizes', '--repeats', '--seed')
    with tempfile.TemporaryDirectory() as temporary:
        folder = (args.keep or Path(temporary)).resolve()
        folder.mkdir(parents=True, exist_ok=True)
        for name in args.parts or PARTS:
            before = load()
            results = PARTS[name](folder, sorted(args.sizes), args.seed, args.repeats)
            repeat = command('scale', args, *words, parts=[name])
            parts[name] = {'command': repeat, 'load_before': before, **results}
            print_progress(f'{name} {parts[name]}')
    write_record(args.out, command('scale', args, *words, parts=[]), parts, args.seed)


if __name__ == '__main__':
    main()
