"""Write a BIDS dataset of simulated participants with known ePVS."""

import argparse
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from pvs_workflow.errors import EXIT_OK, OutputError
from pvs_workflow.lab.cli.arguments import add_processes, whole_number

CONTRASTS = ('T2w', 'T1w', 'FLAIR')
ACQUISITIONS = ('paper', 'varied')


@dataclass(frozen=True)
class SimulationPlan:
    """Arguments of ``pvs_cascade simulate``."""

    out: Path
    participants: int
    seed: int
    acquisition: str
    contrasts: tuple[str, ...]
    anatomies: Path | None
    backgrounds: Path | None
    n_cpus: int


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``pvs_cascade simulate``."""
    parser.add_argument('out', type=Path, metavar='OUT', help='new or empty folder')
    parser.add_argument(
        '--participants',
        type=whole_number(1),
        required=True,
        metavar='N',
        help='number of participants',
    )
    parser.add_argument(
        '--seed',
        type=whole_number(0),
        required=True,
        metavar='S',
        help='random seed; the same seed gives the same participants',
    )
    parser.add_argument(
        '--acquisition',
        choices=ACQUISITIONS,
        default='paper',
        help="paper: the paper's T2w protocol and distribution of grades; varied: T2w protocols "
        'and counts for training (default: %(default)s)',
    )
    parser.add_argument(
        '--contrasts',
        nargs='+',
        choices=CONTRASTS,
        default=list(CONTRASTS),
        help='contrasts to write; T2w is always written (default: all three)',
    )
    parser.add_argument(
        '--anatomies',
        type=Path,
        metavar='DIR',
        help='label maps with FreeSurfer numbers, used as anatomies in addition to the template',
    )
    parser.add_argument(
        '--backgrounds',
        type=Path,
        metavar='DIR',
        help='results of pvs_workflow on real T2w with few ePVS; simulated ePVS are implanted in '
        'each scan in turn, and only T2w are written',
    )
    add_processes(parser)


def run(plan: SimulationPlan) -> int:
    """Simulate a cohort and return the exit code.

    Raises
    ------
    OutputError
        If the folder is not empty or cannot be written to.

    """
    check_empty(plan.out)
    # Imported late so that `--help` does not load SciPy and the template.
    from pvs_workflow.lab.simulation.backgrounds import read_backgrounds
    from pvs_workflow.lab.simulation.cohort import Sources, simulate_cohort
    from pvs_workflow.lab.simulation.labelmaps import find_label_maps

    anatomies = tuple(find_label_maps(plan.anatomies)) if plan.anatomies else ()
    if plan.backgrounds:
        read_backgrounds(plan.backgrounds)  # fails here rather than in a worker
    with _progress(plan.participants) as progress:
        simulate_cohort(
            plan.out,
            plan.participants,
            plan.seed,
            acquisition=plan.acquisition,
            contrasts=plan.contrasts,
            n_jobs=plan.n_cpus,
            progress=progress,
            sources=Sources(anatomies, plan.backgrounds),
        )
    print(f'Wrote {plan.participants} simulated participants to {plan.out}')
    return EXIT_OK


def check_empty(out: Path) -> None:
    """Raise :class:`OutputError` unless a folder is absent or empty."""
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise OutputError(
            f'{out} {"is not empty" if out.is_dir() else "is a file"}; '
            'choose a new or empty folder'
        )


@contextmanager
def _progress(total: int) -> Iterator[Callable[[int], None]]:
    console = Console(stderr=True)
    if not console.is_terminal:
        yield lambda done: print(
            f'Simulated {done} of {total} participants', file=sys.stderr, flush=True
        )
        return
    columns = (TextColumn('Simulating'), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console) as bar:
        task = bar.add_task('participants', total=total)
        yield lambda done: bar.update(task, completed=done)
