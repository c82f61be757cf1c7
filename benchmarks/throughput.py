"""How much sooner a batch of sessions is done with more processes.

Usage: python benchmarks/throughput.py BIDS_DIR [--nprocs N ...] [--sessions N] [--repeats N]
                                       [--out FILE]

All of a dataset's sessions, the last ones again under other names where there are too few, are
processed from nothing, with one thread a process. Numbers of processes take turns, the order
reversed each time, so that other work on the machine strikes all of them. Nothing watches the
runs: that would take processors from them. Their tables must be the same, byte for byte.
"""

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from resources import machine

from pvs_workflow import __version__
from pvs_workflow.files import write_json
from pvs_workflow.inputs import Scan, collect_scans

COMMAND = str(Path(sys.executable).with_name('pvs_workflow'))


def make_batch(source: Path, target: Path, number: int) -> list[str]:
    """Copy sessions of a dataset, and enough of them again as other people.

    Parameters
    ----------
    source, target : Path
    number : int
        Of sessions.

    Returns
    -------
    list of str
        How the names of their files begin.

    """
    scans = collect_scans(source).scans
    target.mkdir(parents=True)
    for name in ('dataset_description.json', 'README'):
        if (source / name).exists():
            shutil.copy(source / name, target)
    for scan in scans[:number]:
        _copy(source, target, scan, scan.participant)
    for again in range(number - len(scans)):
        _copy(source, target, scans[-1 - again % len(scans)], f'again{again + 1}')
    return [scan.prefix for scan in collect_scans(target).scans]


def _copy(source: Path, target: Path, scan: Scan, participant: str) -> None:
    folder = scan.t2w.parent
    there = target / f'sub-{participant}' / folder.relative_to(source / f'sub-{scan.participant}')
    there.mkdir(parents=True)
    for path in folder.iterdir():
        shutil.copy(path, there / path.name.replace(f'sub-{scan.participant}', there.parts[-3]))


def measure(bids_dir: Path, folder: Path, nprocs: int) -> tuple[dict, dict[str, bytes]]:
    """Process a dataset; return what it cost, and the tables.

    Raises
    ------
    RuntimeError
        If the run fails.

    """
    words = [COMMAND, bids_dir, folder / 'out', 'participant', '--work-dir', folder / 'work']
    words += ['--nprocs', nprocs, '--omp-nthreads', 1]
    load = os.getloadavg()[0]
    before, begin = os.times(), time.perf_counter()
    done = subprocess.run(list(map(str, words)), capture_output=True, text=True, check=False)
    wall, after = time.perf_counter() - begin, os.times()
    if done.returncode:
        raise RuntimeError(f'the run failed: {done.stderr}')
    cpu = sum(after[2:4]) - sum(before[2:4])
    tables = {
        path.relative_to(folder / 'out').as_posix(): path.read_bytes()
        for path in sorted((folder / 'out').rglob('*.tsv'))
    }
    return {
        'wall_s': round(wall, 2),
        'cpu_s': round(cpu, 2),
        'load_before': round(load, 1),
    }, tables


def compare(runs: dict[int, list[dict]], sessions: int) -> dict:
    """Return medians, ratios to the fewest processes, and sessions per hour.

    Parameters
    ----------
    runs : dict of int to list of dict
        By number of processes, in the order in which they were measured.
    sessions : int
        Of each run.

    """
    least = min(runs)
    walls = {n: [run['wall_s'] for run in each] for n, each in runs.items()}
    medians = {n: statistics.median(each) for n, each in walls.items()}
    return {
        str(n): {
            'median_s': round(medians[n], 2),
            'median_cpu_s': round(statistics.median(run['cpu_s'] for run in runs[n]), 2),
            'sessions_per_hour': round(3600 * sessions / medians[n], 1),
            'ratio': round(medians[least] / medians[n], 3),
            'ratios': [round(a / b, 3) for a, b in zip(walls[least], walls[n], strict=True)],
            'runs': runs[n],
        }
        for n in sorted(runs)
    }


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, and write the figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('bids_dir', type=Path)
    parser.add_argument('--nprocs', type=int, nargs='+', default=[1, 2])
    parser.add_argument('--sessions', type=int, default=6)
    parser.add_argument('--repeats', type=int, default=3)
    parser.add_argument('--out', type=Path, default=Path('docs/validation/throughput.json'))
    args = parser.parse_args(arguments)
    runs: dict[int, list[dict]] = {number: [] for number in args.nprocs}
    first = None
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        names = make_batch(args.bids_dir.resolve(), folder / 'bids', args.sessions)
        for turn in range(args.repeats):
            for number in args.nprocs[:: 1 if turn % 2 == 0 else -1]:
                place = folder / f'{turn}_{number}'
                cost, tables = measure(folder / 'bids', place, number)
                first = first or tables
                if tables != first:
                    raise RuntimeError(f'{number} processes gave other tables')
                runs[number].append(cost)
                print(number, cost, flush=True)
                shutil.rmtree(place)
    numbers = ' '.join(map(str, args.nprocs))
    record = {
        'command': f'python benchmarks/throughput.py BIDS_DIR --nprocs {numbers} '
        f'--sessions {args.sessions} --repeats {args.repeats}',
        'version': __version__,
        'machine': machine(),
        'sessions': names,
        'tables': len(first or ()),
        'nprocs': compare(runs, len(names)),
    }
    args.out.parent.mkdir(parents=True, exist_ok=True)
    write_json(args.out, record)
    print(json.dumps(record['nprocs'], indent=2))


if __name__ == '__main__':
    main()
