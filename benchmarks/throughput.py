"""Measure the throughput of a batch of sessions with more processes.

The sessions of a dataset are processed from nothing, with one thread per process. If there are too
few, the last ones are repeated under other names. Numbers of processes take turns, in an order
reversed each time, so that other work on the machine affects all of them. Runs are not monitored,
which would cost CPU time. Their tables must be identical.
"""

import shutil
import statistics
import subprocess
import tempfile
import time
from pathlib import Path

from benchmarks.harness import APP, command, command_line, load, print_progress, write_record
from benchmarks.resources import cpu_of_children
from pvs_workflow.inputs import Scan, collect_scans


def make_batch(source: Path, target: Path, number: int) -> list[str]:
    """Copy sessions of a dataset, repeating some as other people; return their prefixes."""
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
    copy = target / f'sub-{participant}' / folder.relative_to(source / f'sub-{scan.participant}')
    copy.mkdir(parents=True)
    for path in folder.iterdir():
        name = path.name.replace(f'sub-{scan.participant}', f'sub-{participant}')
        shutil.copy(path, copy / name)


def process(bids_dir: Path, folder: Path, nprocs: int) -> tuple[dict, dict[str, bytes]]:
    """Process a dataset; return the cost and the tables."""
    words = [APP, bids_dir, folder / 'out', 'participant', '--work-dir', folder / 'work']
    words += ['--nprocs', nprocs, '--omp-nthreads', 1]
    load_before, before, begin = load(), cpu_of_children(), time.perf_counter()
    subprocess.run(list(map(str, words)), check=True, stdout=subprocess.DEVNULL)
    cost = {
        'wall_s': round(time.perf_counter() - begin, 2),
        'cpu_s': round(cpu_of_children() - before, 2),
        'load_before': load_before,
    }
    out = folder / 'out'
    return cost, {str(p.relative_to(out)): p.read_bytes() for p in sorted(out.rglob('*.tsv'))}


def compare(runs: dict[int, list[dict]], sessions: int) -> dict:
    """Return medians, ratios to the fewest processes, and sessions per hour.

    ``runs`` holds the runs by number of processes, in the order of measurement.
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


def main() -> None:
    """Measure the runs and write the record."""
    parser = command_line(__doc__, 'throughput.json')
    parser.add_argument('bids_dir', type=Path)
    parser.add_argument('--nprocs', type=int, nargs='+', default=[1, 2])
    parser.add_argument('--sessions', type=int, default=6)
    parser.add_argument('--repeats', type=int, default=3)
    args = parser.parse_args()
    runs: dict[int, list[dict]] = {number: [] for number in args.nprocs}
    first = None
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        names = make_batch(args.bids_dir.resolve(), folder / 'bids', args.sessions)
        for turn in range(args.repeats):
            for number in args.nprocs[:: 1 if turn % 2 == 0 else -1]:
                run = folder / f'{turn}_{number}'
                cost, tables = process(folder / 'bids', run, number)
                first = first or tables
                if tables != first:
                    raise RuntimeError(
                        f'the tables of {number} processes differ from those of the first run'
                    )
                runs[number].append(cost)
                print_progress(f'{number} {cost}')
                shutil.rmtree(run)
    results = {'sessions': names, 'tables': len(first or ()), 'nprocs': compare(runs, len(names))}
    repeat = command('throughput', args, 'bids_dir', '--nprocs', '--sessions', '--repeats')
    write_record(args.out, repeat, results)


if __name__ == '__main__':
    main()
