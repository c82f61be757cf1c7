"""Measure a cascade on simulated people, other acquisitions and real scans, and its speed.

Each part writes OUTPUT_DIR/PART.json, with its command, seed, checksum of the model and duration,
and figures next to it. Parts:

paper     simulated people in the paper's acquisition, with its distribution of grades
varied    simulated people in varied acquisitions, with all counts equally likely
shifts    the same simulated people with other resolutions, thicknesses, noise and numbers of
          lacunes; everything else as in the paper
real      unmodified real scans (--real): counts, grades, and differences between sessions
implants  ePVS implanted in real scans (--real), each person counted by a cascade trained on the
          other people; resumes an interrupted run from --work
speed     time and memory for six images

The people have the anatomy of the template or of the label maps of --anatomies, which should not
be those that the cascade was trained on.
"""

import argparse
import os
import time
from collections.abc import Mapping, Sequence
from functools import partial
from multiprocessing import get_context
from pathlib import Path

import numpy as np

from benchmarks.harness import command, command_line, print_progress, write_record
from benchmarks.leaveout import implants
from benchmarks.realscans import real
from pvs_workflow.lab.evaluation.figures import save_evaluation
from pvs_workflow.lab.evaluation.findings import ROIS, evaluate_cascade
from pvs_workflow.lab.simulation.labelmaps import find_label_maps
from pvs_workflow.lab.simulation.shifts import Shift
from pvs_workflow.lab.training.curves import save_chart
from pvs_workflow.lab.training.heldout import heldout_images, unchanged
from pvs_workflow.lab.training.samples import Sample
from pvs_workflow.networks.bundle import load_bundle, model_sha256, verify_bundle
from pvs_workflow.networks.engine import configure_tensorflow
from pvs_workflow.science.slices import IMAGE_SHAPE

LEVELS = {
    'pixel': (0.4, 0.573, 0.7, 0.85, 1.0),
    'thickness': (2.5, 3.0, 4.0, 5.0, 6.0),
    'snr': (8.0, 12.0, 20.0, 35.0, 60.0),
    'lacunes': (0, 1, 2, 4, 8),
}
TITLES = {
    'pixel': 'pixel (mm)',
    'thickness': 'slice thickness (mm)',
    'snr': 'signal-to-noise ratio',
    'lacunes': 'lacunes',
}
MEASURES = ('n_images', 'mae', 'bias', 'image_accuracy', 'participant_accuracy')
MEASURES += ('interval_coverage', 'mean_interval_width', 'coverage_by_grade', 'unfamiliar')
_SERIES = (('true_roi', 'true ROI', '#9AA5B1'), ('roi_errors', 'ROI with errors', '#0072B2'))
_PANELS = (
    ('mae', 'MAE of counts', None),
    ('image_accuracy', 'right grade of images', (0, 1.02)),
    ('interval_coverage', 'coverage of intervals', (0, 1.02)),
)


def simulate_samples(
    args: argparse.Namespace, people: int, seed: int, acquisition: str, changes=(unchanged,)
) -> list[list[Sample]]:
    """Return the images of simulated people, one list for each change."""
    maps = tuple(find_label_maps(args.anatomies)) if args.anatomies else ()

    def report(done: int) -> None:
        if done % 10 == 0:
            print_progress(f'{done} of {people} people')

    return heldout_images(people, seed, acquisition, maps, changes, args.n_cpus, report)


def count_people(args: argparse.Namespace, acquisition: str) -> dict:
    """Evaluate on simulated people in one kind of acquisition, and draw the figures."""
    people = {'paper': args.n_paper, 'varied': args.n_varied}[acquisition]
    seed = args.seed + (acquisition == 'varied')
    samples = simulate_samples(args, people, seed, acquisition)[0]
    evaluation = evaluate_cascade(load_bundle(args.bundle), samples, seed)
    save_evaluation(args.output / acquisition, evaluation)
    return {'people_seed': seed, **evaluation.to_json()}


def shifts(args: argparse.Namespace) -> dict:
    """Evaluate on the same people under each change."""
    seed = args.seed + 2
    changes = [(factor, level) for factor, levels in LEVELS.items() for level in levels]
    scan_changes = [Shift(**{factor: level}) for factor, level in changes]
    scans = simulate_samples(args, args.n_shifts, seed, 'paper', scan_changes)
    cascade = load_bundle(args.bundle)
    factors: dict[str, list] = {factor: [] for factor in LEVELS}
    for (factor, level), samples in zip(changes, scans, strict=True):
        print_progress(f'{factor} {level}')
        mean = sum(sample.count for sample in samples) / len(samples)
        evaluation = evaluate_cascade(cascade, samples, seed).to_json()
        rois = {roi: {name: evaluation[roi][name] for name in MEASURES} for roi in ROIS}
        factors[factor].append({'level': level, 'mean_truth': round(mean, 2), **rois})
    save_chart(args.output / 'shifts.png', shift_figure(factors, TITLES))
    return {'people_seed': seed, 'participants': args.n_shifts, 'factors': factors}


def shift_figure(factors: Mapping[str, Sequence[Mapping]], titles: Mapping[str, str]):
    """Show error, accuracy and coverage over the levels of each factor.

    Columns are factors, rows are measures; the dashed line is the nominal coverage. Each level of
    ``factors`` has ``level``, ``true_roi`` and ``roi_errors``.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(3.1 * len(factors), 7.2), layout='constrained')
    for column, (factor, levels) in enumerate(factors.items(), start=1):
        positions = [part['level'] for part in levels]
        for row, (name, title, limits) in enumerate(_PANELS):
            axes = figure.add_subplot(len(_PANELS), len(factors), row * len(factors) + column)
            for roi, label, colour in _SERIES:
                values = [part[roi][name] for part in levels]
                axes.plot(positions, values, marker='o', markersize=4, color=colour, label=label)
            limits = limits or (0, 1.1 * max(part[roi][name] for part in levels for roi in ROIS))
            if name == 'interval_coverage':
                axes.axhline(0.9, color='#5B6673', linewidth=0.8, linestyle='--')
            axes.set(ylim=limits, xlabel=titles[factor], ylabel=title if column == 1 else '')
            axes.set_xticks(positions, [f'{level:g}' for level in positions])
            if row == 0 and column == 1:
                axes.legend(frameon=False, fontsize='small')
    return figure


def speed(args: argparse.Namespace) -> dict:
    """Time six images on one and on two threads, each in a new process."""
    runs = []
    for threads in (1, 2):
        with get_context('spawn').Pool(1) as pool:
            runs.append(pool.apply(time_cascade, (args.bundle, threads, args.repeats)))
    return {'cores': os.cpu_count(), 'runs': runs}


def time_cascade(bundle: Path, threads: int, repeats: int) -> dict:
    """Time six images in this process, which must not have started TensorFlow."""
    configure_tensorflow(threads, 0)
    images = np.random.default_rng(0).random((6, *IMAGE_SHAPE)).astype(np.float32)
    times, cascade = [time.perf_counter()], load_bundle(bundle)
    for _ in range(repeats + 1):
        cascade.predict(images)
        times.append(time.perf_counter())
    first, *warm = np.diff(times)
    # Not getrusage: its peak starts at that of the parent process.
    peak = Path('/proc/self/status').read_text().partition('VmHWM:')[2].split()[0]
    return {
        'threads': threads,
        'repeats': repeats,
        'median_s': round(float(np.median(warm)), 4),
        'worst_s': round(float(max(warm)), 4),
        'first_s': round(float(first), 2),
        'peak_memory_gb': round(int(peak) / 2**20, 2),
    }


PARTS = {
    'paper': (partial(count_people, acquisition='paper'), ('--anatomies', '--seed', '--n-paper')),
    'varied': (
        partial(count_people, acquisition='varied'),
        ('--anatomies', '--seed', '--n-varied'),
    ),
    'shifts': (shifts, ('--anatomies', '--seed', '--n-shifts')),
    'real': (real, ('--real',)),
    'implants': (
        implants,
        (
            *('--real', '--train-anatomies', '--start', '--seed', '--n-implants'),
            *('--n-simulated', '--minutes', '--n-cpus'),
        ),
    ),
    'speed': (speed, ('--repeats',)),
}
"""Function of each part, and the options that change its figures."""


def parse(arguments: list[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = command_line(__doc__)
    parser.add_argument('bundle', type=Path)
    parser.add_argument('output', type=Path)
    parser.add_argument('--parts', nargs='+', choices=PARTS, default=list(PARTS))
    parser.add_argument('--anatomies', type=Path, help='label maps of the simulated people')
    parser.add_argument('--real', type=Path, help='results of pvs_workflow on real scans')
    parser.add_argument('--seed', type=int, default=7001)
    parser.add_argument('--n-cpus', type=int, default=2)
    parser.add_argument('--n-paper', type=int, default=76, help='people (default: %(default)s)')
    parser.add_argument('--n-varied', type=int, default=40, help='people (default: %(default)s)')
    parser.add_argument('--n-shifts', type=int, default=8, help='people (default: %(default)s)')
    parser.add_argument(
        '--repeats',
        type=int,
        default=50,
        help='predictions of the six images (default: %(default)s)',
    )
    group = parser.add_argument_group('implants')
    group.add_argument(
        '--n-implants', type=int, default=5, help='people to test on, for each scan'
    )
    group.add_argument('--n-simulated', type=int, default=60, help='people to train on')
    group.add_argument('--train-anatomies', type=Path, help='label maps of these people')
    group.add_argument('--start', type=Path, help='bundle to start from, without real backgrounds')
    group.add_argument('--minutes', type=float, default=5.0, help='training time for each person')
    group.add_argument('--work', type=Path, default=Path('work/implants'))
    args = parser.parse_args(arguments)
    if (parts := sorted({'real', 'implants'} & set(args.parts))) and not args.real:
        parser.error(f'{" and ".join(parts)} need --real')
    return args


def main() -> None:
    """Run the requested parts, and write a file for each."""
    args = parse()
    card = verify_bundle(args.bundle)
    configure_tensorflow(args.n_cpus, args.seed)
    for part in args.parts:
        print_progress(f'part {part}')
        measure, options = PARTS[part]
        begin, results = time.monotonic(), measure(args)
        model = {
            'model': card.label,
            'model_sha256': model_sha256(args.bundle),
            'weights': card.checksums,
        }
        repeat = command('validation', args, 'bundle', 'output', '--parts', *options, parts=[part])
        path = args.output / f'{part}.json'
        write_record(path, repeat, model | results, args.seed, begin, show=False)


if __name__ == '__main__':
    main()
