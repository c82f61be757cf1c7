"""Kill the whole app at random moments, resume, and compare every byte with an undisturbed run.

Runs are killed (SIGKILL to all their processes) and started again by the same command, several
times in a row; the last one is left undisturbed. Moments are drawn over the steps of the run, its
start and its end, and over the times at which a file is being written. Meanwhile, every visible
file in the output folder is compared with that of the undisturbed run as soon as it appears or
changes. docs/faults.md lists the differences between runs that are expected.
"""

import contextlib
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from pathlib import Path

from benchmarks.harness import command, command_line, print_progress, write_record
from benchmarks.outputs import Watcher, all_files, compare, contents, is_temporary

KINDS = ('start', 'step', 'step', 'step', 'write', 'write', 'page', 'tables', 'end')
MAX_SECONDS = 1800


@dataclass
class Kill:
    """One kill and its outcome."""

    row: int
    kind: str
    wait: float
    steps: int = 0
    temporaries: int = 0
    problems: list[str] = field(default_factory=list)
    survived: bool = False


def app(bids_dir: Path, *options: str) -> list[str]:
    """Return the command, to be run in the folder of ``out`` and ``work``."""
    program = [sys.executable, '-m', 'pvs_workflow.cli.run', str(Path(bids_dir).resolve())]
    rest = ['out', 'participant', '-w', 'work', '--skip-bids-validation', '--nprocs', '2']
    return [*program, *rest, *options]


def start(words: list[str], folder: Path) -> subprocess.Popen:
    """Start the app in a folder, in a new session, with its output in ``output.txt``.

    It gets a lower priority than its watcher: writing a file takes milliseconds and would
    otherwise go unnoticed.
    """
    words = ['nice', '-n', '5', *words]
    with (folder / 'output.txt').open('w') as stream:
        return subprocess.Popen(
            words, cwd=folder, stdout=stream, stderr=stream, start_new_session=True
        )


def steps_done(folder: Path) -> tuple[int, int]:
    """Return the numbers of completed steps and of all steps that the app has reported."""
    text = (folder / 'output.txt').read_text()
    reports = re.findall(r'^(\d+) of (\d+) steps', text, re.MULTILINE)
    return tuple(map(int, reports[-1])) if reports else (0, 0)


class Moment:
    """The moment of a kill; :meth:`is_reached` checks for it and counts the steps."""

    def __init__(self, kill: Kill, folder: Path, draw: random.Random) -> None:
        self._kill, self._folder = kill, folder
        nth, self._step = draw.randint(1, 8), draw.randrange(1, 21)
        self._nth = nth if kill.kind == 'write' else 1
        self._logs = self._all_logs()
        self._ends = {'page': 'sub-01.html', 'tables': ('_grade.tsv', '_counts.tsv')}
        self._writing: set[str] = set()
        self._seen = 0

    def is_reached(self) -> bool:
        """Return whether the moment is reached."""
        kind = self._kill.kind
        if kind in ('write', 'page', 'tables'):
            names = self._being_written()
            new = [n for n in names - self._writing if n.endswith(self._ends.get(kind, ''))]
            self._writing, self._seen = names, self._seen + len(new)
            return self._seen >= self._nth
        self._kill.steps, total = steps_done(self._folder)
        if kind == 'start':
            return self._all_logs() > self._logs
        if kind == 'end':
            return 0 < total == self._kill.steps
        return self._kill.steps >= min(self._step, total or self._step)

    def _all_logs(self) -> set[Path]:
        return set((self._folder / 'out' / 'logs').glob('*.log'))

    def _being_written(self) -> set[str]:
        out, names = self._folder / 'out', set()
        for folder in (out, out / 'logs', out / 'sub-01/anat', out / 'sub-01/figures'):
            with contextlib.suppress(OSError):
                names |= {path.name for path in folder.glob('.writing-*/*')}
        return names


def await_moment(process: subprocess.Popen, folder: Path, kill: Kill, draw: random.Random) -> bool:
    """Wait for the moment of a kill; return ``False`` if the app ends first."""
    moment, begin = Moment(kill, folder, draw), time.monotonic()
    pause = 0.0003 if kill.kind in ('write', 'page', 'tables') else 0.01
    while process.poll() is None and not moment.is_reached():
        assert time.monotonic() - begin < MAX_SECONDS, 'the app hangs'
        time.sleep(pause)
    if kill.wait:
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(kill.wait)
    kill.steps, _ = steps_done(folder)
    return process.poll() is None


def members(session: int) -> list[int]:
    """Return the running processes of a session."""
    pids = []
    for path in Path('/proc').glob('[0-9]*/stat'):
        try:
            fields = path.read_text().rpartition(')')[2].split()
        except OSError:
            continue
        if int(fields[3]) == session and fields[0] not in 'ZX':
            pids.append(int(path.parent.name))
    return pids


def end_all(process: subprocess.Popen) -> None:
    """Kill the app with all its processes, and wait until they have ended."""
    deadline = time.monotonic() + 60
    while members(process.pid):
        try:
            os.killpg(process.pid, signal.SIGKILL)
        except ProcessLookupError:
            break
        time.sleep(0.02)
        assert time.monotonic() < deadline, 'processes cannot be killed'
    process.wait()


def run_undisturbed(words: list[str], folder: Path) -> list[str]:
    """Run the app to its end; return the problems."""
    code = start(words, folder).wait(MAX_SECONDS)
    return [] if code == 0 else [f'exit code {code}: {(folder / "output.txt").read_text()[-500:]}']


def kill_repeatedly(
    words: list[str], folder: Path, kills: list[Kill], reference: dict, draw: random.Random
) -> tuple[list[Kill], int]:
    """Kill one run after another, and leave the last one undisturbed.

    Return the kills that hit a running app, and the number of files compared.
    """
    hits, n_compared = [], 0
    for kill in kills:
        with Watcher(folder / 'out', reference) as watcher:
            process = start(words, folder)
            hit = await_moment(process, folder, kill, draw)
            end_all(process)
        n_compared += watcher.n_compared
        kill.temporaries = sum(is_temporary(Path(name)) for name in all_files(folder / 'out'))
        kill.problems = watcher.problems
        if not hit and process.returncode:
            kill.problems.append(f'exit code {process.returncode}')
        if hit or process.returncode:
            hits.append(kill)
    with Watcher(folder / 'out', reference) as watcher:
        problems = run_undisturbed(words, folder)
    problems += watcher.problems + compare(folder / 'out', reference)
    for kill in hits:
        kill.problems += problems
        kill.survived = not kill.problems
    return hits, n_compared + watcher.n_compared


def draw_kills(number: int, row: int, draw: random.Random) -> list[Kill]:
    """Draw the moments of one row: pages and tables after the others, the end last."""
    kinds = draw.choices(KINDS, k=number)
    kinds.sort(key=lambda kind: (kind == 'end', kind in ('page', 'tables')))
    longest = {'start': 4.0, 'step': 1.5, 'end': 1.5}
    return [Kill(row, kind, round(draw.uniform(0, longest.get(kind, 0)), 3)) for kind in kinds]


def undisturbed_output(words: list[str], folder: Path) -> dict[str, bytes]:
    """Return the output of an undisturbed run; an existing run in the folder is reused."""
    if not (folder / 'done').exists():
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        problems = run_undisturbed(words, folder)
        assert not problems, problems
        (folder / 'done').touch()
    return contents(folder / 'out')


def run_row(
    words: list[str], folder: Path, number: int, seed: int, in_a_row: int, reference: dict
) -> tuple[list[Kill], int]:
    """Run one row of kills; keep the folder if there are problems."""
    row = folder / f'row-{number}'
    shutil.rmtree(row, ignore_errors=True)
    row.mkdir()
    draw = random.Random(f'{seed} {number}')
    kills, n_compared = kill_repeatedly(
        words, row, draw_kills(in_a_row, number, draw), reference, draw
    )
    if all(kill.survived for kill in kills):
        shutil.rmtree(row)
    return kills, n_compared


def main() -> None:
    """Kill the app as often as requested, and write the record."""
    parser = command_line(__doc__, 'faults.json')
    parser.add_argument('bids_dir', type=Path, help='dataset with one T2w, of sub-01')
    parser.add_argument('--kills', type=int, default=50)
    parser.add_argument('--in-a-row', type=int, default=5)
    parser.add_argument('--jobs', type=int, default=1, help='rows at the same time')
    parser.add_argument('--seed', type=int, default=1)
    parser.add_argument('--keep', type=Path, help='working folder, not deleted')
    args = parser.parse_args()
    words, kills, n_compared, rows = app(args.bids_dir), [], 0, 0
    repeat = command('faults', args, 'bids_dir', '--kills', '--in-a-row', '--jobs', '--seed')
    with tempfile.TemporaryDirectory() as temporary:
        folder = (args.keep or Path(temporary)).resolve()
        reference = undisturbed_output(words, folder / 'undisturbed')
        while len(kills) < args.kills:
            missing = -(-(args.kills - len(kills)) // args.in_a_row)
            numbers = range(rows, rows + min(args.jobs, missing))
            rest = args.seed, args.in_a_row, reference
            with ThreadPoolExecutor(args.jobs) as pool:
                futures = [pool.submit(run_row, words, folder, n, *rest) for n in numbers]
            for row_kills, n_compared_in_row in [future.result() for future in futures]:
                kills, n_compared = kills + row_kills, n_compared + n_compared_in_row
            rows += len(numbers)
            survived = sum(kill.survived for kill in kills)
            print_progress(f'{survived} of {len(kills)} kills survived')
            content = {
                'kills': len(kills),
                'survived': survived,
                'rows': rows,
                'files_compared_at_the_end': len(reference),
                'files_compared_meanwhile': n_compared,
                'temporary_files_left_by_kills': sum(kill.temporaries for kill in kills),
                'each': [asdict(kill) for kill in kills],
            }
            write_record(args.out, repeat, content, args.seed, show=False)


if __name__ == '__main__':
    main()
