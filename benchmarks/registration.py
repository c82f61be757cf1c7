"""The anatomical half of the app compared with stock ANTs: cost, accuracy, safety.

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
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

from benchmarks.harness import command, command_line, say, write_record
from benchmarks.registration_failures import failures
from benchmarks.registration_figure import draw
from benchmarks.registration_overlap import overlap
from benchmarks.registration_rigid import rigid
from benchmarks.registration_speed import speed

DATASETS = ('--real', '--silver', '--simulated')
PARTS = {
    'speed': (speed, ('--real', '--silver', '--seed', '--sessions')),
    'rigid': (rigid, (*DATASETS, '--seed', '--draws', '--stock', '--sessions', '--people')),
    'overlap': (overlap, ('--simulated', '--seed', '--stock', '--people')),
    'failures': (failures, (*DATASETS, '--seed', '--staged', '--sessions', '--people')),
}
"""Parts, and the options that change their figures."""


def parse(arguments: list[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = command_line(__doc__)
    parser.add_argument('output', type=Path)
    parser.add_argument('--real', type=Path, help='BIDS dataset of real sessions')
    parser.add_argument('--silver', type=Path, help='independent segmentations of them')
    parser.add_argument('--simulated', type=Path, help='BIDS dataset of simulated people')
    parser.add_argument('--parts', nargs='+', choices=PARTS, default=list(PARTS))
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
    needed = [name for name in DATASETS if any(name in PARTS[part][1] for part in args.parts)]
    if missing := [name for name in needed if not getattr(args, name[2:])]:
        parser.error(f'{" and ".join(args.parts)} need {" and ".join(missing)}')
    if args.seed <= 0:
        parser.error(f'--seed must be above 0, received {args.seed}')
    return args


def repeat(args: argparse.Namespace, part: str) -> str:
    """Return the command that repeats one part."""
    return command('registration', args, 'output', '--parts', *PARTS[part][1], parts=[part])


def run(args: argparse.Namespace, part: str) -> dict:
    """Run one part; all but ``speed`` share their work out."""
    measure = PARTS[part][0]
    if part == 'speed':
        return measure(args, say)
    with ProcessPoolExecutor(args.nprocs, mp_context=get_context('spawn')) as pool:
        return measure(args, pool, say)


def main() -> None:
    """Run the parts that are asked for, write a file for each, and draw."""
    args = parse()
    for part in args.parts:
        say(f'part {part}')
        begin, found = time.monotonic(), run(args, part)
        path = args.output / f'registration_{part}.json'
        write_record(path, repeat(args, part), found, args.seed, begin, show=False)
    draw(args.output)


if __name__ == '__main__':
    main()
