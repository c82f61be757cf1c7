"""Compare the anatomical half of the app with stock ANTs: cost, accuracy, safety.

Each part writes OUTPUT_DIR/registration_PART.json with its command, seed, duration and versions.
OUTPUT_DIR/registration.png shows all existing parts. Parts:

speed     time and memory of ours and stock on real sessions, and overlap with SEGMENTATIONS
rigid     errors of rigid alignments, for scans whose headers were moved and for simulated people
          with known movements
overlap   overlap of structures with the true ones in simulated people; ours uses the T2w alone
failures  detection of staged failures, and false alarms on good scans
heads     the ROI of stripped, cropped, atrophied and damaged heads; time of the affine

Stock is antspyx: Rigid, and antsRegistrationSyNQuick[s] to the template, on native grids, on two
threads. SEGMENTATIONS holds label images with FreeSurfer's numbers on the T2w grids, in the same
sub-X/ses-Y folders. Simulated people are a dataset of `pvs_cascade simulate`. Nothing else should
run on the machine during ``speed``.
"""

import argparse
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

from benchmarks.harness import command, command_line, print_progress, write_record
from benchmarks.registration_failures import failures
from benchmarks.registration_figure import draw
from benchmarks.registration_heads import heads
from benchmarks.registration_overlap import overlap
from benchmarks.registration_rigid import rigid
from benchmarks.registration_speed import speed

DATASETS = ('--real', '--silver', '--simulated')
PARTS = {
    'speed': (speed, ('--real', '--silver', '--seed', '--sessions')),
    'rigid': (rigid, (*DATASETS, '--seed', '--draws', '--stock', '--sessions', '--people')),
    'overlap': (overlap, ('--simulated', '--seed', '--stock', '--people')),
    'failures': (failures, (*DATASETS, '--seed', '--staged', '--sessions', '--people')),
    'heads': (heads, ('--real', '--simulated', '--seed', '--sessions', '--people')),
}
"""Function of each part, and the options that change its figures."""


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
        '--staged',
        type=int,
        default=4,
        help='simulated people with staged failures (default: %(default)s)',
    )
    parser.add_argument('--sessions', type=int, help='maximum number of real sessions')
    parser.add_argument('--people', type=int, help='maximum number of simulated people')
    parser.add_argument(
        '--nprocs', type=int, default=2, help='parallel processes, except in speed'
    )
    args = parser.parse_args(arguments)
    needed = [name for name in DATASETS if any(name in PARTS[part][1] for part in args.parts)]
    if missing := [name for name in needed if not getattr(args, name[2:])]:
        parser.error(f'{" and ".join(args.parts)} need {" and ".join(missing)}')
    if args.seed <= 0:
        parser.error(f'--seed is {args.seed}; give a number above 0')
    return args


def repeat(args: argparse.Namespace, part: str) -> str:
    """Return the command that repeats one part."""
    return command('registration', args, 'output', '--parts', *PARTS[part][1], parts=[part])


def run(args: argparse.Namespace, part: str) -> dict:
    """Run one part; all but ``speed`` run in parallel processes."""
    measure = PARTS[part][0]
    if part == 'speed':
        return measure(args, print_progress)
    with ProcessPoolExecutor(args.nprocs, mp_context=get_context('spawn')) as pool:
        return measure(args, pool, print_progress)


def main() -> None:
    """Run the requested parts, write a file for each, and draw the figure."""
    args = parse()
    for part in args.parts:
        print_progress(f'part {part}')
        begin, results = time.monotonic(), run(args, part)
        path = args.output / f'registration_{part}.json'
        write_record(path, repeat(args, part), results, args.seed, begin, show=False)
    draw(args.output)


if __name__ == '__main__':
    main()
