"""What does not grow with the dataset, and what does: start-up, index, group level.

Usage: python benchmarks/scale.py [PART ...] [--sizes N ...] [--seed N] [--repeats N]
                                  [--keep DIR] [--out FILE]

Parts: ``start`` (``--help`` and ``--version``), ``first`` (from the start of the command for one
participant until its first node is at work, in datasets of all sizes), ``everyone`` (the same for
all participants of datasets of up to 10,000), ``index`` (the scans of all participants, in a new
process), ``group`` (the group level over 10,000 participants). Without a
part all are measured. Datasets of different sizes take turns, so that other work on the machine
strikes all of them; times are medians. Parts that are not measured keep what FILE has of them.
"""

import argparse
import json
import os
import platform
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import NamedTuple

from group import make_cohort
from resources import machine, measure
from resources import tree as processes
from trees import make_tree

from pvs_workflow import __version__

PACKAGES = ('nipype', 'pybids', 'pandas', 'numpy', 'bids-validator-deno')
COMMAND = str(Path(sys.executable).with_name('pvs_workflow'))
SIZES = (100, 1000, 10_000, 50_000)
GROUP_SIZE = 10_000
MOST_AT_ONCE = 10_000
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
    """Seconds on the clock, and of processors; and what a process took of memory."""

    wall: float
    cpu: float
    memory_gb: float = 0.0


def start(folder: Path, sizes: Sequence[int], seed: int, repeats: int) -> dict:
    """Measure how long help and version take."""
    times: dict[str, list[Time]] = {'--help': [], '--version': []}
    for _ in range(repeats + 1):
        for option, found in times.items():
            begin, before = time.perf_counter(), os.times()
            subprocess.run([COMMAND, option], check=True, stdout=subprocess.DEVNULL)
            after = os.times()
            cpu = sum(after[2:4]) - sum(before[2:4])
            found.append(Time(time.perf_counter() - begin, cpu))
    return {option: spread(found[1:]) for option, found in times.items()}


def first(folder: Path, sizes: Sequence[int], seed: int, repeats: int) -> dict:
    """Measure the time to the first node of one participant, with and without the validator."""
    variants = {'as it is': (), 'without validation': ('--skip-bids-validation',)}
    times = {name: {size: [] for size in sizes} for name in variants}
    trees = {size: tree(folder, size, seed) for size in sizes}
    for _ in range(repeats + 1):
        for name, options in variants.items():
            for size in sizes:
                label = f'{size // 2:05d}'
                times[name][size].append(to_first_node(trees[size], label, options))
    return {
        name: {str(size): spread(each[1:]) for size, each in found.items()}
        | {'ratio': ratio({size: each[1:] for size, each in found.items()})}
        for name, found in times.items()
    }


def everyone(folder: Path, sizes: Sequence[int], seed: int, repeats: int) -> dict:
    """Measure the time to the first node of a run of all participants, and the run's memory.

    The memory is that of the process that builds and keeps the graph.
    """
    out = {}
    for size in (size for size in sizes if size <= MOST_AT_ONCE):
        bids_dir = tree(folder, size, seed)
        options = ('--skip-bids-validation',)
        found = [to_first_node(bids_dir, None, options) for _ in range(max(1, repeats // 2))]
        peak = round(statistics.median(one.memory_gb for one in found), 2)
        out[str(size)] = {**spread(found), 'peak_memory_gb': peak}
    return out


def index(folder: Path, sizes: Sequence[int], seed: int, repeats: int) -> dict:
    """Measure how long it takes to find the scans of all participants."""
    out = {}
    for size in sizes:
        times = []
        for _ in range(max(1, repeats // 2)):
            done = subprocess.run(
                [sys.executable, '-c', INDEX, tree(folder, size, seed)],
                check=True,
                capture_output=True,
                text=True,
            )
            wall, cpu, scans = done.stdout.split()
            times.append(Time(float(wall), float(cpu)))
        out[str(size)] = {'t2w': int(scans), **spread(times)}
    return out


def group(folder: Path, sizes: Sequence[int], seed: int, repeats: int) -> dict:
    """Measure the group level."""
    raw, out = folder / 'group_raw', folder / 'group_derivatives'
    number = min(GROUP_SIZE, max(sizes))
    if out.exists():
        shutil.rmtree(out)
    scans = make_cohort(raw, out, number, seed)
    cost = measure([COMMAND, str(raw), str(out), 'group'], log=folder / 'group.log')
    page = (out / 'group_potter.html').stat().st_size
    return {'participants': number, 't2w': scans, **cost, 'page_mb': round(page / 1e6, 2)}


PARTS: dict[str, Callable[[Path, Sequence[int], int, int], dict]] = {
    'start': start,
    'first': first,
    'everyone': everyone,
    'index': index,
    'group': group,
}


def to_first_node(bids_dir: Path, label: str | None, options: Sequence[str] = ()) -> Time:
    """Return the time from the start of a run until a worker has begun its first node.

    Without a label it is a run of all participants.
    """
    with tempfile.TemporaryDirectory() as folder:
        out, work, log = (Path(folder, name) for name in ('out', 'work', 'log'))
        command = [COMMAND, str(bids_dir), str(out), 'participant', '-w', str(work)]
        command += ['--nprocs', '2', *options]
        command += ['--participant-label', label] if label else []
        with log.open('w') as stream:
            begin = time.perf_counter()
            process = subprocess.Popen(command, stdout=stream, stderr=stream)
            # Nipype saves the inputs of a node when it begins to run it.
            while not any(work.rglob('_inputs.pklz')):
                if process.poll() is not None:
                    raise RuntimeError(f'the run ended before its first node: {log.read_text()}')
                time.sleep(LOOK_EVERY)
            seconds = Time(
                time.perf_counter() - begin, cpu_seconds(process.pid), peak_gb(process.pid)
            )
        process.send_signal(signal.SIGTERM)
        process.wait()
    return seconds


def tree(folder: Path, size: int, seed: int) -> Path:
    """Return a dataset of some size; it is made where it is missing."""
    target = folder / f'people_{size}_seed_{seed}'
    if not (target / 'participants.tsv').exists():
        shutil.rmtree(target, ignore_errors=True)
        begin = time.perf_counter()
        files = make_tree(target, size, seed)
        print(f'made {files} files of {size} people in {time.perf_counter() - begin:.0f} s')
    return target


def cpu_seconds(pid: int) -> float:
    """Return what a process, those it has started and those that have ended took of processors."""
    ticks = 0
    for one in processes(pid):
        try:
            text = Path(f'/proc/{one}/stat').read_text()
        except OSError:
            continue
        ticks += sum(map(int, text.rpartition(')')[2].split()[11:15]))
    return ticks / os.sysconf('SC_CLK_TCK')


def peak_gb(pid: int) -> float:
    """Return the most memory that a process has had."""
    text = Path(f'/proc/{pid}/status').read_text()
    return int(text.partition('VmHWM:')[2].split()[0]) * 1024 / 1e9


def spread(times: Sequence[Time]) -> dict:
    """Return the median, the shortest and the longest of some times."""
    walls = [time.wall for time in times]
    return {
        'median_s': round(statistics.median(walls), 3),
        'shortest_s': round(min(walls), 3),
        'longest_s': round(max(walls), 3),
        'median_cpu_s': round(statistics.median(time.cpu for time in times), 3),
        'runs': len(times),
    }


def ratio(times: dict[int, Sequence[Time]]) -> dict:
    """Return how much longer it takes in the largest than in the smallest dataset.

    Besides that of the medians, that of the shortest times, which other work on the machine
    disturbs least, and that of the processors' time.
    """
    small, large = times[min(times)], times[max(times)]

    def over(choose: Callable, column: int) -> float:
        return round(
            choose(time[column] for time in large) / choose(time[column] for time in small), 3
        )

    return {
        'of': [max(times), min(times)],
        'medians': over(statistics.median, 0),
        'shortest': over(min, 0),
        'median_cpu': over(statistics.median, 1),
    }


def main() -> None:
    """Measure the parts asked for, and write them down."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('parts', nargs='*', metavar='PART', help=', '.join(PARTS))
    parser.add_argument('--sizes', type=int, nargs='+', default=SIZES)
    parser.add_argument('--seed', type=int, default=1)
    parser.add_argument('--repeats', type=int, default=7)
    parser.add_argument('--keep', type=Path, help='folder to make the datasets in, and to keep')
    parser.add_argument('--out', type=Path, default=Path('docs/validation/scale.json'))
    args = parser.parse_args()
    if unknown := sorted(set(args.parts) - set(PARTS)):
        parser.error(f'expected parts of {", ".join(PARTS)}, received {", ".join(unknown)}')
    record = json.loads(args.out.read_text()) if args.out.exists() else {}
    sizes = ' '.join(map(str, args.sizes))
    with tempfile.TemporaryDirectory() as temporary:
        folder = (args.keep or Path(temporary)).resolve()
        folder.mkdir(parents=True, exist_ok=True)
        for name in args.parts or PARTS:
            load = os.getloadavg()[0]
            found = PARTS[name](folder, sorted(args.sizes), args.seed, args.repeats)
            record[name] = {
                'command': f'python benchmarks/scale.py {name} --sizes {sizes} '
                f'--repeats {args.repeats} --seed {args.seed}',
                'load_before': round(load, 1),
                **found,
            }
            print(name, json.dumps(found, indent=2), flush=True)
    record |= {
        'command': f'python benchmarks/scale.py --sizes {sizes} --repeats {args.repeats} '
        f'--seed {args.seed}',
        'seed': args.seed,
        'version': __version__,
        'versions': {'python': platform.python_version()}
        | {name: version(name) for name in PACKAGES},
        'machine': machine(),
    }
    args.out.parent.mkdir(parents=True, exist_ok=True)
    args.out.write_text(json.dumps(record, indent=2) + '\n')


if __name__ == '__main__':
    main()
