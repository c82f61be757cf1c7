"""Part ``speed``: cost of ours and stock, and overlap of both with a segmentation.

Ours has two processes of one thread and includes the bias correction of the T2w; stock has two
threads. Both include starting Python.
"""

import argparse
import tempfile
from pathlib import Path

from benchmarks.alignments import Run, run_in_subprocess
from benchmarks.cases import Case, real_sessions, save_canonical
from benchmarks.scores import NUCLEI, dice, spread

COSTS = ('wall_s', 'cpu_s', 'peak_memory_gb')


def speed(args: argparse.Namespace, print_progress) -> dict:
    """Align every real session with ours, then with stock, and compare."""
    rows = []
    for case in real_sessions(args.real, args.silver, args.sessions):
        print_progress(case.name)
        with tempfile.TemporaryDirectory() as folder:
            files = save_canonical(case, Path(folder) / 'scans')
            runs = {
                method: run_in_subprocess(method, files, Path(folder) / method, args.seed)
                for method in ('ours', 'stock')
            }
        rows.append(compare(case, runs))
    return {
        'ratios': {key: spread([row['ratios'][key] for row in rows]) for key in COSTS},
        'sessions': rows,
    }


def compare(case: Case, runs: dict[str, Run]) -> dict:
    """Return one session's cost and Dice of both methods, and the ratios of cost, ours / stock."""
    truth = case.structures()
    row = {'session': case.name, 'contrasts': list(case.contrasts)}
    for method, run in runs.items():
        overlap = {}
        if truth is not None:
            overlap = {
                name: dice(run.structures, truth, labels) for name, labels in NUCLEI.items()
            }
        row[method] = {**run.cost, 'steps_s': run.steps, 'dice': overlap}
    row['ratios'] = {
        key: round(runs['ours'].cost[key] / runs['stock'].cost[key], 3) for key in COSTS
    }
    return row
