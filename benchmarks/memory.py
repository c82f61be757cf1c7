"""Measure the processors, threads and memory of a run, step by step.

Each dataset is processed from nothing with each number of processes, one thread per process. The
limit of a step is the memory that its node declares for scans of that size.
"""

import subprocess
import tempfile
from collections import defaultdict
from pathlib import Path

from benchmarks.harness import APP, command, command_line, print_progress, write_record
from benchmarks.monitor import Process, Usage, busiest, watch
from pvs_workflow import data
from pvs_workflow.inputs import collect_scans
from pvs_workflow.workflows.base import init_pvs_wf


def declared_memory(bids_dir: Path) -> dict[str, float]:
    """Return the memory that every node of a dataset's graph declares, GB, by full name."""
    workflow = init_pvs_wf(
        scans=collect_scans(bids_dir).scans,
        bids_dir=bids_dir,
        output_dir=Path('out').absolute(),
        run_id='run',
        model=data.path('cascade'),
        random_seed=1,
    )
    # Nodes have their full names in the flat graph only.
    return {node.fullname: node.mem_gb for node in workflow._create_flat_graph()}


def observe(bids_dir: Path, folder: Path, *options: str) -> tuple[int, str, Usage]:
    """Run and watch the participant level; return its exit code, messages and usage."""
    words = [APP, str(bids_dir), str(folder / 'out'), 'participant']
    words += ['--work-dir', str(folder / 'work'), '--skip-bids-validation', *options]
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / 'log.txt').open('w') as stream:
        process = subprocess.Popen(words, stdout=stream, stderr=stream)
        usage = watch(process, folder / 'work')
    return process.returncode, (folder / 'log.txt').read_text(), usage


def workers(usage: Usage) -> list[Process]:
    """Return the processes that ran steps."""
    return [process for process in usage.processes.values() if process.steps]


def summary(usage: Usage, limits: dict[str, float]) -> dict:
    """Return the measured usage of a run, with the ``limits`` that its nodes declare."""
    steps: dict[str, list[tuple[float, float]]] = defaultdict(list)
    for name in sorted(usage.steps.keys() & limits.keys()):
        steps[name.rpartition('.')[-1]].append((usage.steps[name], limits[name]))
    busy = workers(usage)
    return {
        'peak_gb': round(usage.peak, 2),
        'worker_idle_gb': round(usage.idle, 2),
        'files_gb': round(usage.files, 2),
        'busy': round(busiest(list(usage.processes.values())), 2),
        'busy_of_a_process': round(max(busiest([one]) for one in busy), 2),
        'tensorflow_starts': sum('tensorflow' in one.libraries for one in busy),
        'steps': {
            name: {
                'measured_gb': round(max(measured for measured, _ in pairs), 3),
                'declared_gb': round(max(limit for _, limit in pairs), 3),
            }
            for name, pairs in sorted(steps.items())
        },
    }


def main() -> None:
    """Measure the runs and write the record."""
    parser = command_line(__doc__, 'memory.json')
    parser.add_argument('bids_dir', type=Path, nargs='+')
    parser.add_argument('--nprocs', type=int, nargs='+', default=[1, 2])
    args = parser.parse_args()
    runs = {}
    for bids_dir in args.bids_dir:
        limits = declared_memory(bids_dir.resolve())
        for number in args.nprocs:
            with tempfile.TemporaryDirectory() as folder:
                options = ('--nprocs', str(number), '--omp-nthreads', '1')
                code, text, usage = observe(bids_dir.resolve(), Path(folder), *options)
            if code:
                raise RuntimeError(f'the run failed: {text}')
            name = f'{bids_dir.name}, {number}'
            runs[name] = {'dataset': bids_dir.name, 'nprocs': number, **summary(usage, limits)}
            print_progress(f'{name} {runs[name]}')
    repeat = command('memory', args, 'bids_dir', '--nprocs')
    write_record(args.out, repeat, {'runs': runs})


if __name__ == '__main__':
    main()
