"""The command that simulates a cohort: ``pvs_cascade simulate``."""

import argparse
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from pvs_workflow.errors import EXIT_OK, OutputError
from pvs_workflow.lab.cli.arguments import add_processes, whole

CONTRASTS = ('T2w', 'T1w', 'FLAIR')
ACQUISITIONS = ('paper', 'varied')


@dataclass(frozen=True)
class SimulationPlan:
    """The cohort that ``pvs_cascade simulate`` is asked for; a field for each argument."""

    out: Path
    participants: int
    seed: int
    acquisition: str
    contrasts: tuple[str, ...]
    anatomies: Path | None
    backgrounds: Path | None
    n_cpus: int


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of ``pvs_cascade simulate`` to a parser."""
    parser.add_argument('out', type=Path, metavar='OUT', help='a new or empty folder')
    parser.add_argument(
        '--participants', type=whole(1), required=True, metavar='N', help='how many people'
    )
    parser.add_argument(
        '--seed',
        type=whole(0),
        required=True,
        metavar='S',
        help='whole number; the same seed gives the same people',
    )
    parser.add_argument(
        '--acquisition',
        choices=ACQUISITIONS,
        default='paper',
        help="the paper's T2w and distribution of grades, or varied T2w and counts to train on "
        '(default: %(default)s)',
    )
    parser.add_argument(
        '--contrasts',
        nargs='+',
        choices=CONTRASTS,
        default=list(CONTRASTS),
        help='which scans to write; T2w always is (default: all three)',
    )
    parser.add_argument(
        '--anatomies',
        type=Path,
        metavar='DIR',
        help='label maps with FreeSurfer numbers that people may have, beside the template',
    )
    parser.add_argument(
        '--backgrounds',
        type=Path,
        metavar='DIR',
        help='results of pvs_workflow on real T2w with few ePVS: simulated ones are implanted in '
        'them, in turn, and only T2w are written',
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
    # Imported late: `--help` has no need of scipy and the template.
    from pvs_workflow.lab.simulation.backgrounds import read_backgrounds
    from pvs_workflow.lab.simulation.cohort import Sources, simulate_cohort
    from pvs_workflow.lab.simulation.labelmaps import find_label_maps

    anatomies = tuple(find_label_maps(plan.anatomies)) if plan.anatomies else ()
    if plan.backgrounds:
        read_backgrounds(plan.backgrounds)  # refused here, not in a worker
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
    print(f'{plan.participants} simulated participants are in {plan.out}')
    return EXIT_OK


def check_empty(out: Path) -> None:
    """Raise :class:`OutputError` unless a folder is absent or empty."""
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        received = 'a folder with files in it' if out.is_dir() else 'a file'
        raise OutputError(
            f'{out} cannot take a simulated dataset, expected a new or empty folder, '
            f'received {received}'
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
