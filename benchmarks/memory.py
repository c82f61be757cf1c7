"""What a run uses, beside what it was given: processors, threads and memory, step by step.

Usage: python benchmarks/memory.py BIDS_DIR [BIDS_DIR ...] [--nprocs N ...] [--out FILE]

Each dataset is processed from nothing with each number of processes, one thread a process. What a
step may need is what its node declares for scans of that size.
"""

import argparse
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from monitor import Process, Usage, busiest, watch
from resources import machine

from pvs_workflow import __version__, data
from pvs_workflow.execution.memory import IDLE_GB, RUN_GB
from pvs_workflow.files import write_json
from pvs_workflow.inputs import collect_scans
from pvs_workflow.workflows.base import init_pvs_wf

COMMAND = str(Path(sys.executable).with_name('pvs_workflow'))


def declared(bids_dir: Path) -> dict[str, float]:
    """Return what every node of a dataset's graph says it may need, GB, by its full name."""
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
    """Run the participant level and watch it; return exit code, messages and what it has used."""
    words = [COMMAND, str(bids_dir), str(folder / 'out'), 'participant']
    words += ['--work-dir', str(folder / 'work'), '--skip-bids-validation', *options]
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / 'log.txt').open('w') as stream:
        process = subprocess.Popen(words, stdout=stream, stderr=stream)
        usage = watch(process, folder / 'work')
    return process.returncode, (folder / 'log.txt').read_text(), usage


def workers(usage: Usage) -> list[Process]:
    """Return the processes that were at a step at some time."""
    return [process for process in usage.processes.values() if process.steps]


def summary(usage: Usage, most: dict[str, float]) -> dict:
    """Return what was measured of a run, beside what its nodes declare.

    Parameters
    ----------
    usage : Usage
    most : dict of str to float
        From :func:`declared`.

    """
    steps: dict[str, list[float]] = {}
    for name, measured in usage.steps.items():
        if name in most:
            step = steps.setdefault(name.rsplit('.', 1)[-1], [0.0, 0.0])
            step[:] = max(step[0], measured), max(step[1], most[name])
    return {
        'peak_gb': round(usage.peak, 2),
        'worker_idle_gb': round(usage.idle, 2),
        'files_gb': round(usage.files, 2),
        'busy': round(busiest(list(usage.processes.values())), 2),
        'busy_of_a_process': round(max(busiest([one]) for one in workers(usage)), 2),
        'tensorflow_starts': sum('tensorflow' in one.libraries for one in workers(usage)),
        'workers': len(workers(usage)),
        'steps': {
            name: {'measured_gb': round(measured, 3), 'declared_gb': round(limit, 3)}
            for name, (measured, limit) in sorted(steps.items())
        },
    }


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, and write the figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('bids_dir', type=Path, nargs='+')
    parser.add_argument('--nprocs', type=int, nargs='+', default=[1, 2])
    parser.add_argument('--out', type=Path, default=Path('docs/validation/memory.json'))
    args = parser.parse_args(arguments)
    runs = {}
    for bids_dir in args.bids_dir:
        most = declared(bids_dir.resolve())
        for number in args.nprocs:
            with tempfile.TemporaryDirectory() as folder:
                options = ('--nprocs', str(number), '--omp-nthreads', '1')
                code, text, usage = observe(bids_dir.resolve(), Path(folder), *options)
            if code:
                raise RuntimeError(f'the run failed: {text}')
            name = f'{bids_dir.name}, {number}'
            runs[name] = {'dataset': bids_dir.name, 'nprocs': number, **summary(usage, most)}
            print(name, runs[name], flush=True)
    names = ' '.join(path.name for path in args.bids_dir)
    record = {
        'command': f'python benchmarks/memory.py {names} --nprocs '
        + ' '.join(map(str, args.nprocs)),
        'version': __version__,
        'machine': machine(),
        'planned': {'run_gb': RUN_GB, 'worker_idle_gb': IDLE_GB},
        'runs': runs,
    }
    args.out.parent.mkdir(parents=True, exist_ok=True)
    write_json(args.out, record)


if __name__ == '__main__':
    main()
