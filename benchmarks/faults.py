"""Kill the whole app at random moments, resume, and compare every byte with an undisturbed run.

Usage: python benchmarks/faults.py BIDS_DIR [--kills N] [--in-a-row N] [--jobs N] [--out FILE]

Runs are killed (SIGKILL to all their processes) and started again by the same command, several
times in a row, until one is left in peace. Moments are drawn over the steps of the run and its
start and end, and among the moments at which a file is being written. Meanwhile every file that
can be seen in the output folder is compared with that of the undisturbed run as soon as it
appears or changes. What differs from run to run by its nature is told in ``DIFFERS``.
"""

import argparse
import contextlib
import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from pathlib import Path

from resources import machine

from pvs_workflow import __version__

DIFFERS = {
    'sub-X/log/': 'crash files of runs that failed, and tables that were no longer of use',
    'logs/': 'files are named by their run, and tell when what was done; all but CITATION.*',
    'names of runs': 'date, time and random digits, in sub-X_provenance.json and on the page',
    'sub-X_provenance.json': 'says of a run that is not over that it did not come to its end',
}
RUN_NAME = re.compile(rb'\d{8}-\d{6}_[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}')
TEMPORARY = ('.writing-', '.running', '.beat')
KINDS = ('start', 'step', 'step', 'step', 'write', 'write', 'page', 'tables', 'end')
MOST_SECONDS = 1800


@dataclass
class Kill:
    """One kill, and what was seen."""

    row: int
    kind: str
    wait: float
    steps: int = 0
    seconds: float = 0.0
    visible: int = 0
    temporaries: int = 0
    problems: list[str] = field(default_factory=list)
    survived: bool = False


def is_temporary(path: Path) -> bool:
    """Tell whether a file is one that no reader takes for a result."""
    return any(part.startswith('.') and any(t in part for t in TEMPORARY) for part in path.parts)


def all_files(folder: Path) -> dict[str, os.stat_result]:
    """Return all files of an output folder that are there now, by their names from there on."""
    found = {}
    # Folders come and go meanwhile, which os.walk passes over.
    for place, _, names in os.walk(folder):
        for name in names:
            path = Path(place, name)
            with contextlib.suppress(OSError):
                found[path.relative_to(folder).as_posix()] = path.stat()
    return found


def comparable(names) -> list[str]:
    """Leave out logs, and files that are being written."""
    return [
        name
        for name in names
        if not is_temporary(Path(name))
        and (not name.startswith('logs/') or name.startswith('logs/CITATION'))
        and 'log' not in Path(name).parts[:2]
    ]


def content(path: Path) -> bytes:
    """Return what is in a file, with the same name for every run."""
    return RUN_NAME.sub(b'RUN', path.read_bytes())


def contents(folder: Path) -> dict[str, bytes]:
    """Return what is in an output folder, so that two of them can be compared."""
    return {name: content(folder / name) for name in comparable(all_files(folder))}


class Watcher:
    """Compares every file of an output folder with a reference, as soon as it can be seen.

    Parameters
    ----------
    folder : Path
    reference : dict of str to bytes

    """

    def __init__(self, folder: Path, reference: dict[str, bytes]):
        self.folder, self.reference = folder, reference
        self.looks = 0
        self.problems: list[str] = []
        self._seen: dict[str, tuple] = {}
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *exc_info):
        self._ended.set()
        self._thread.join()
        self.look()

    def look(self) -> None:
        """Compare what is new."""
        stats = all_files(self.folder)
        for name in comparable(stats):
            stamp = (stats[name].st_ino, stats[name].st_mtime_ns, stats[name].st_size)
            if self._seen.get(name) == stamp:
                continue
            try:
                found = content(self.folder / name)
            except FileNotFoundError:  # replaced or removed meanwhile
                continue
            self._seen[name] = stamp
            self.looks += 1
            if not self._is_right(name, found):
                self.problems.append(f'{name}: {len(found)} bytes that are not those expected')

    def _is_right(self, name: str, found: bytes) -> bool:
        if found == self.reference.get(name):
            return True
        if not name.endswith('_provenance.json'):
            return False
        try:
            runs = json.loads(found)['runs']
        except (ValueError, KeyError):
            return False
        return any('did not come to its end' in t for run in runs for t in run['scans'].values())

    def _run(self) -> None:
        try:
            while not self._ended.wait(0.02):
                self.look()
        except Exception as error:
            self.problems.append(f'the watcher fell asleep: {error!r}')


def start(command: list[str], folder: Path) -> subprocess.Popen:
    """Start the app in a folder, with a session of its own and its output in ``said.txt``.

    It is a little slower than who watches it: else the writing of a file, a matter of
    milliseconds, would be over before it is seen.
    """
    with (folder / 'said.txt').open('w') as said:
        return subprocess.Popen(
            ['nice', '-n', '5', *command],
            cwd=folder,
            stdout=said,
            stderr=said,
            start_new_session=True,
        )


def steps_done(folder: Path) -> tuple[int, int]:
    """Return how many steps of how many the app has told of."""
    text = (folder / 'said.txt').read_text()
    found = re.findall(r'^(\d+) of (\d+) steps', text, re.MULTILINE)
    return tuple(map(int, found[-1])) if found else (0, 0)


def being_written(out: Path) -> list[str]:
    """Return the files that are being written now."""
    found = []
    for folder in (out, out / 'logs', out / 'sub-01/anat', out / 'sub-01/figures'):
        try:
            found += [path.name for path in folder.glob('.writing-*/*')]
        except OSError:
            continue
    return found


def await_moment(process: subprocess.Popen, folder: Path, kill: Kill, draw: random.Random) -> bool:
    """Wait for the moment of a kill; return ``False`` if the app ended before."""
    out, begin = folder / 'out', time.monotonic()
    nth, seen = draw.randint(1, 8), 0
    step, total = draw.randrange(1, 21), 0
    before: set[str] = set()
    logs = set((out / 'logs').glob('*.log'))
    while process.poll() is None:
        assert time.monotonic() - begin < MOST_SECONDS, 'the app hangs'
        is_writing = kill.kind in ('write', 'page', 'tables')
        if not is_writing:
            kill.steps, total = steps_done(folder)
        if kill.kind == 'start' and set((out / 'logs').glob('*.log')) > logs:
            break
        if kill.kind == 'step' and kill.steps >= min(step, total or step):
            break
        if kill.kind == 'end' and total and kill.steps == total:
            break
        if is_writing:
            now = set(being_written(out))
            ends = {'page': 'sub-01.html', 'tables': ('_grade.tsv', '_counts.tsv')}
            new = [n for n in now - before if n.endswith(ends.get(kill.kind, ''))]
            before, seen = now, seen + len(new)
            if seen >= (nth if kill.kind == 'write' else 1):
                break
        time.sleep(0.0003 if is_writing else 0.01)
    if kill.wait:
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(kill.wait)
    kill.steps, _ = steps_done(folder)
    return process.poll() is None


def members(session: int) -> list[int]:
    """Return the processes of a session that are at work."""
    found = []
    for path in Path('/proc').glob('[0-9]*/stat'):
        try:
            fields = path.read_text().rpartition(')')[2].split()
        except OSError:
            continue
        if int(fields[3]) == session and fields[0] not in 'ZX':
            found.append(int(path.parent.name))
    return found


def end_all(process: subprocess.Popen) -> None:
    """Kill the app with all its processes, and wait until they are gone."""
    deadline = time.monotonic() + 60
    while members(process.pid):
        try:
            os.killpg(process.pid, signal.SIGKILL)
        except ProcessLookupError:
            break
        time.sleep(0.02)
        assert time.monotonic() < deadline, 'processes that cannot be killed'
    process.wait()


def run_in_peace(command: list[str], folder: Path) -> list[str]:
    """Run the app to its end; return what is wrong."""
    code = start(command, folder).wait(MOST_SECONDS)
    return [] if code == 0 else [f'exit code {code}: {(folder / "said.txt").read_text()[-500:]}']


def compare(out: Path, reference: dict[str, bytes]) -> list[str]:
    """Return how an output folder differs from the undisturbed one, and what is left over."""
    found = contents(out)
    problems = [f'{name} is missing' for name in sorted(reference.keys() - found.keys())]
    problems += [f'{name} is too much' for name in sorted(found.keys() - reference.keys())]
    problems += [f'{name} differs' for name in sorted(found) if found[name] != reference.get(name)]
    left = [path for path in out.rglob('.*') if is_temporary(path.relative_to(out))]
    return problems + [f'{path.name} is left over' for path in left]


def kill_in_a_row(
    command: list[str], folder: Path, kills: list[Kill], reference: dict, draw: random.Random
) -> tuple[list[Kill], int]:
    """Kill one run after another, and leave the last one in peace.

    Returns
    -------
    kills : list of Kill
        Those that came before the app was done.
    looks : int
        How many files were compared.

    """
    done, looks = [], 0
    for kill in kills:
        with Watcher(folder / 'out', reference) as watcher:
            begin = time.monotonic()
            process = start(command, folder)
            hit = await_moment(process, folder, kill, draw)
            end_all(process)
            kill.seconds = round(time.monotonic() - begin, 2)
        looks += watcher.looks
        stats = all_files(folder / 'out')
        kill.visible = len(comparable(stats))
        kill.temporaries = len([name for name in stats if is_temporary(Path(name))])
        kill.problems = watcher.problems
        if hit:
            done.append(kill)
        elif process.returncode:
            kill.problems.append(f'exit code {process.returncode}')
            done.append(kill)
    with Watcher(folder / 'out', reference) as watcher:
        problems = run_in_peace(command, folder)
    problems += watcher.problems + compare(folder / 'out', reference)
    for kill in done:
        kill.problems += problems
        kill.survived = not kill.problems
    return done, looks + watcher.looks


def draw_kills(number: int, row: int, draw: random.Random) -> list[Kill]:
    """Draw the moments of one row: those of the same kind in any order, the end last."""
    kinds = draw.choices(KINDS, k=number)
    kinds.sort(key=lambda kind: (kind == 'end', kind in ('page', 'tables')))
    longest = {'start': 4.0, 'step': 1.5, 'end': 1.5}
    return [Kill(row, kind, round(draw.uniform(0, longest.get(kind, 0)), 3)) for kind in kinds]


def app(bids_dir: Path, *options: str) -> list[str]:
    """Return the command, which runs in a folder that has, or gets, ``out`` and ``work``."""
    program = [sys.executable, '-m', 'pvs_workflow.cli.run', str(Path(bids_dir).resolve())]
    rest = ['out', 'participant', '-w', 'work', '--skip-bids-validation', '--nprocs', '2']
    return [*program, *rest, *options]


def undisturbed(command: list[str], folder: Path) -> dict[str, bytes]:
    """Return what a run that nobody disturbs makes; it is kept for another benchmark."""
    if not (folder / 'done').exists():
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        problems = run_in_peace(command, folder)
        assert not problems, problems
        (folder / 'done').touch()
    return contents(folder / 'out')


def run_row(
    command: list[str], folder: Path, number: int, seed: int, in_a_row: int, reference: dict
) -> tuple[list[Kill], int]:
    """Draw the moments of one row, and kill; keep the folder if something was wrong."""
    row = folder / f'row-{number}'
    shutil.rmtree(row, ignore_errors=True)
    row.mkdir()
    draw = random.Random(f'{seed} {number}')
    found, looks = kill_in_a_row(command, row, draw_kills(in_a_row, number, draw), reference, draw)
    if all(kill.survived for kill in found):
        shutil.rmtree(row)
    return found, looks


def main() -> None:
    """Kill as often as asked for, and write down what was left."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('bids_dir', type=Path, help='with one T2w, of sub-01')
    parser.add_argument('--kills', type=int, default=50)
    parser.add_argument('--in-a-row', type=int, default=5)
    parser.add_argument('--jobs', type=int, default=1, help='rows at the same time')
    parser.add_argument('--seed', type=int, default=1)
    parser.add_argument('--keep', type=Path, help='folder to work in, and to keep')
    parser.add_argument('--out', type=Path, default=Path('docs/validation/faults.json'))
    args = parser.parse_args()
    command = app(args.bids_dir)
    with tempfile.TemporaryDirectory() as temporary:
        folder = (args.keep or Path(temporary)).resolve()
        reference = undisturbed(command, folder / 'undisturbed')
        kills: list[Kill] = []
        looks = rows = 0
        while len(kills) < args.kills:
            missing = -(-(args.kills - len(kills)) // args.in_a_row)
            numbers = range(rows, rows + min(args.jobs, missing))
            with ThreadPoolExecutor(args.jobs) as pool:
                todo = [
                    pool.submit(
                        run_row, command, folder, number, args.seed, args.in_a_row, reference
                    )
                    for number in numbers
                ]
            for future in todo:
                found, looked = future.result()
                kills, looks = kills + found, looks + looked
                for kill in found:
                    print(f'  {asdict(kill)}', flush=True)
            rows += len(numbers)
            survived = sum(kill.survived for kill in kills)
            print(f'{survived} of {len(kills)} kills survived', flush=True)
            record = {
                'command': f'python benchmarks/faults.py BIDS_DIR --kills {args.kills} '
                f'--in-a-row {args.in_a_row} --jobs {args.jobs} --seed {args.seed}',
                'seed': args.seed,
                'version': __version__,
                'machine': machine(),
                'kills': len(kills),
                'survived': survived,
                'rows': rows,
                'files_compared_at_the_end': len(reference),
                'files_compared_meanwhile': looks,
                'temporary_files_left_by_kills': sum(kill.temporaries for kill in kills),
                'differs_by_nature': DIFFERS,
                'each': [asdict(kill) for kill in kills],
            }
            args.out.parent.mkdir(parents=True, exist_ok=True)
            args.out.write_text(json.dumps(record, indent=2) + '\n')


if __name__ == '__main__':
    main()
