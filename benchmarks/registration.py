"""What the anatomical half of the app is worth, beside stock ANTs: cost, accuracy, safety.

Usage: python benchmarks/registration.py OUTPUT_DIR --real BIDS_DIR --silver SEGMENTATIONS
       --simulated BIDS_DIR [--parts PART ...] [--seed N] [--draws N] ...

Each part writes OUTPUT_DIR/registration_PART.json with its command, seed, duration and versions;
all that are there are drawn in OUTPUT_DIR/registration.png. Parts:

speed     real sessions aligned by ours and by stock: time, memory, overlap with SEGMENTATIONS
rigid     rigid alignments of scans whose headers were moved, and of simulated people, against
          what is known of the movement
overlap   structures found in simulated people against the true ones; ours in the T2w alone
failures  what goes wrong on purpose: whether the app notices, and whether it flags good scans

Stock is antspyx: Rigid, and antsRegistrationSyNQuick[s] to the template, on native grids, on two
threads. SEGMENTATIONS holds label images with FreeSurfer's numbers on the T2w grids, in the same
sub-X/ses-Y folders. Simulated people are what `pvs_cascade simulate` wrote. Nothing else should
run on the machine while ``speed`` does.
"""

import argparse
import platform
import shlex
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from importlib.metadata import version
from multiprocessing import get_context
from pathlib import Path

from registration_failures import failures
from registration_figure import draw
from registration_overlap import overlap
from registration_rigid import rigid
from registration_speed import speed

from pvs_workflow import __version__
from pvs_workflow.files import write_json

OPTIONS = {
    'speed': ('real', 'silver', 'seed', 'sessions'),
    'rigid': ('real', 'silver', 'simulated', 'seed', 'draws', 'stock', 'sessions', 'people'),
    'overlap': ('simulated', 'seed', 'stock', 'people'),
    'failures': ('real', 'silver', 'simulated', 'seed', 'staged', 'sessions', 'people'),
}
"""Parts, and what changes their figures."""

DATASETS = ('real', 'silver', 'simulated')
POOLED = {'rigid': rigid, 'overlap': overlap, 'failures': failures}
PACKAGES = ('antspyx', 'numpy', 'scipy', 'scikit-image', 'tensorflow')


def say(text: str) -> None:
    """Tell the user what is going on."""
    print(f'{time.strftime("%H:%M:%S")} {text}', file=sys.stderr, flush=True)


def versions() -> dict[str, str]:
    """Return the versions that the figures depend on."""
    packages = {name: version(name) for name in PACKAGES}
    return {'pvs_workflow': __version__, 'python': platform.python_version(), **packages}


def parse(arguments: list[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument('output', type=Path)
    parser.add_argument('--real', type=Path, help='BIDS dataset of real sessions')
    parser.add_argument('--silver', type=Path, help='independent segmentations of them')
    parser.add_argument('--simulated', type=Path, help='BIDS dataset of simulated people')
    parser.add_argument('--parts', nargs='+', choices=OPTIONS, default=list(OPTIONS))
    parser.add_argument('--seed', type=int, default=1, help='> 0 (default: %(default)s)')
    parser.add_argument('--draws', type=int, default=50, help='movements (default: %(default)s)')
    parser.add_argument('--stock', type=int, default=4, help='people (default: %(default)s)')
    parser.add_argument(
        '--staged', type=int, default=4, help='simulated people to fail (default: %(default)s)'
    )
    parser.add_argument('--sessions', type=int, help='the first real sessions only')
    parser.add_argument('--people', type=int, help='the first simulated people only')
    parser.add_argument('--nprocs', type=int, default=2, help='side by side, but for speed')
    args = parser.parse_args(arguments)
    needed = {name for part in args.parts for name in OPTIONS[part] if name in DATASETS}
    missing = [name for name in DATASETS if name in needed and not getattr(args, name)]
    if missing:
        wanted = ' and '.join(f'--{name}' for name in missing)
        parser.error(f'{" and ".join(args.parts)} need {wanted}')
    if args.seed <= 0:
        parser.error(f'--seed must be above 0, received {args.seed}')
    return args


def command(args: argparse.Namespace, part: str) -> str:
    """Return the command that repeats one part, folders by their names only."""
    words = ['python', 'benchmarks/registration.py', args.output.name, '--parts', part]
    for name in OPTIONS[part]:
        value = getattr(args, name)
        if value is not None:
            words += [f'--{name}', value.name if isinstance(value, Path) else str(value)]
    return shlex.join(words)


def run(args: argparse.Namespace, part: str) -> dict:
    """Run one part; all but ``speed`` share their work out."""
    if part == 'speed':
        return speed(args, say)
    with ProcessPoolExecutor(args.nprocs, mp_context=get_context('spawn')) as pool:
        return POOLED[part](args, pool, say)


def main() -> None:
    """Run the parts that are asked for, write a file for each, and draw."""
    args = parse()
    for part in args.parts:
        say(f'part {part}')
        begin = time.monotonic()
        found = run(args, part)
        record = {
            'command': command(args, part),
            'seed': args.seed,
            'seconds': round(time.monotonic() - begin),
            'versions': versions(),
            **found,
        }
        path = args.output / f'registration_{part}.json'
        write_json(path, record)
        say(str(path))
    draw(args.output)


if __name__ == '__main__':
    main()
