"""What a cascade is worth: on simulated people, other acquisitions and real scans; and its speed.

Usage: python benchmarks/validation.py BUNDLE OUTPUT_DIR [--parts PART ...] [--anatomies DIR]
       [--real DIR] [--seed N] [--n-cpus N] ...

Each part writes OUTPUT_DIR/PART.json, with its command, seed, checksum of the model and duration,
and figures beside it. Parts:

paper     simulated people in the paper's acquisition, with its distribution of grades
varied    simulated people in acquisitions of all kinds, all counts alike
shifts    the same simulated people scanned at other resolutions, thicknesses and noise, and with
          lacunes; everything else as in the paper
real      real scans as they are (--real): counts, grades, and the same person's next session
implants  ePVS implanted in real scans (--real), each person tested on a cascade that was trained
          on the other people's; goes on with what an interrupted run left in --work
speed     time and memory for six images

The people are drawn from the template's anatomy and the label maps of --anatomies, which should
not be those that the cascade was trained on.
"""

import argparse
import os
import shlex
import sys
import time
from dataclasses import asdict
from pathlib import Path

os.environ.setdefault('TF_CPP_MIN_LOG_LEVEL', '3')

from pvs_workflow.files import write_json
from pvs_workflow.lab.cli.record import VARIANTS
from pvs_workflow.lab.cli.train import OTHERS
from pvs_workflow.lab.evaluation.charts import (
    agreement_figure,
    save_evaluation,
    save_figure,
    sessions_figure,
    shift_figure,
)
from pvs_workflow.lab.evaluation.findings import evaluate
from pvs_workflow.lab.evaluation.leaveout import (
    Budget,
    held_out_cascade,
    implanted_images,
    people_known,
    pooled,
    pooled_summary,
)
from pvs_workflow.lab.evaluation.realscans import count_session, read_sessions, scan_rescan
from pvs_workflow.lab.evaluation.results import claim_folder
from pvs_workflow.lab.evaluation.speed import measure_speed
from pvs_workflow.lab.simulation.backgrounds import read_backgrounds
from pvs_workflow.lab.simulation.labelmaps import find_label_maps
from pvs_workflow.lab.training.heldout import Shift, calibration_images, heldout_images
from pvs_workflow.lab.training.streams import background_sources, simulated_sources
from pvs_workflow.networks.bundle import load_bundle, model_sha256, verify_bundle
from pvs_workflow.networks.engine import configure_tensorflow, versions

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
SHOWN = (
    'n_images',
    'mae',
    'bias',
    'image_accuracy',
    'participant_accuracy',
    'interval_coverage',
    'mean_interval_width',
    'coverage_by_grade',
    'unfamiliar',
)


def say(text: str) -> None:
    """Tell the user what is going on."""
    print(f'{time.strftime("%H:%M:%S")} {text}', file=sys.stderr, flush=True)


def counted(args: argparse.Namespace, acquisition: str, people: int, seed: int) -> dict:
    """Evaluate on simulated people, and draw."""
    samples = heldout_images(
        people, seed, acquisition, anatomies(args), n_jobs=args.n_cpus, progress=steps(people)
    )[0]
    found = evaluate(load_bundle(args.bundle), samples, seed)
    save_evaluation(args.output / acquisition, found)
    return {'people_seed': seed, **found.to_json()}


def paper(args: argparse.Namespace) -> dict:
    """Evaluate on the paper's acquisition."""
    return counted(args, 'paper', args.n_paper, args.seed)


def varied(args: argparse.Namespace) -> dict:
    """Evaluate on acquisitions of all kinds."""
    return counted(args, 'varied', args.n_varied, args.seed + 1)


def shifts(args: argparse.Namespace) -> dict:
    """Evaluate on the same people under one change after the other."""
    seed = args.seed + 2
    places = [(factor, level) for factor, levels in LEVELS.items() for level in levels]
    scans = heldout_images(
        args.n_shifts,
        seed,
        'paper',
        anatomies(args),
        [Shift(**{factor: level}) for factor, level in places],
        args.n_cpus,
        steps(args.n_shifts),
    )
    cascade = load_bundle(args.bundle)
    factors: dict[str, list] = {factor: [] for factor in LEVELS}
    for (factor, level), samples in zip(places, scans, strict=True):
        say(f'{factor} {level}')
        found = evaluate(cascade, samples, seed).to_json()
        rois = {
            roi: {name: found[roi][name] for name in SHOWN} for roi in ('true_roi', 'roi_errors')
        }
        mean = sum(sample.count for sample in samples) / len(samples)
        factors[factor].append({'level': level, 'mean_truth': round(mean, 2), **rois})
    save_figure(args.output / 'shifts.png', shift_figure(factors, TITLES))
    return {'people_seed': seed, 'participants': args.n_shifts, 'factors': factors}


def real(args: argparse.Namespace) -> dict:
    """Count in real scans, from the T2w and the basal ganglia that the app wrote."""
    cascade = load_bundle(args.bundle)
    sessions = [count_session(cascade, session) for session in read_sessions(args.real)]
    shown = [asdict(session) for session in sessions]
    save_figure(args.output / 'real.png', sessions_figure(shown))
    people = list(dict.fromkeys(session.participant for session in sessions))
    known = people_known(cascade, people)
    return {'sessions': shown, 'scan_rescan': scan_rescan(sessions), 'bundle_knows': known}


def implants(args: argparse.Namespace) -> dict:
    """Test each real person's scans with a cascade that knows the other people's only."""
    settings = ('seed', 'n_simulated', 'minutes', 'n_cpus')
    claim_folder(
        args.work,
        {name: getattr(args, name) for name in settings}
        | {'backgrounds': [path.name for path in sorted(args.real.glob('sub-*/**/*_T2w.nii.gz'))]}
        | {'anatomies': [path.name for path in train_anatomies(args)]}
        | {'start': model_sha256(args.start) if args.start else None},
    )
    backgrounds = read_backgrounds(args.real)
    people = list(dict.fromkeys(background.participant for background in backgrounds))
    start = load_bundle(args.start) if args.start else None
    say(f'{len(people)} people; simulating {args.n_simulated} to train on')
    sources = background_sources(args.real, VARIANTS, args.seed, args.n_cpus)
    maps, seed = train_anatomies(args), args.seed + 3
    sources += simulated_sources(args.n_simulated, seed, maps, args.n_cpus)
    others = calibration_images(round(OTHERS * args.n_simulated), seed, maps, args.n_cpus)
    budget = Budget(args.minutes, args.n_cpus)
    shown, both, counted_real = [], {'held_out': [], 'bundle': []}, []
    for person in people:
        say(f'without {person}')
        fresh = (lambda: load_bundle(args.start)) if args.start else (lambda: None)
        learned = args.work, args.seed, budget, fresh, others
        cascade = held_out_cascade(person, sources, *learned, lambda epoch: say(f'{epoch}'))
        places = [i for i, b in enumerate(backgrounds) if b.participant == person]
        own, seeds = [backgrounds[i] for i in places], [args.seed + 4 + i for i in places]
        samples = implanted_images(own, args.n_implants, seeds)
        theirs = [session for session in read_sessions(args.real) if session.participant == person]
        counted_real += [count_session(cascade, session) for session in theirs]
        for name, model in (('held_out', cascade), ('bundle', load_bundle(args.bundle))):
            both[name].append(evaluate(model, samples, args.seed))
        shown.append(
            {
                'participant': person,
                'training': cascade.card.training,
                **{name: brief(parts[-1].to_json()) for name, parts in both.items()},
            }
        )
    drawn = agreement_figure(pooled(both['held_out'], 'roi_errors'))
    save_figure(args.output / 'implants.png', drawn)
    return {
        'start': start.card.label if start else None,
        'start_knows': people_known(start, people) if start else [],
        'bundle_knows': people_known(load_bundle(args.bundle), people),
        'people': shown,
        'as_they_are': {
            'sessions': [asdict(session) for session in counted_real],
            'scan_rescan': scan_rescan(counted_real),
        },
        **{name: pooled_summary(parts) for name, parts in both.items()},
    }


def speed(args: argparse.Namespace) -> dict:
    """Time six images on one and on two threads, each in a process of its own."""
    found = [measure_speed(args.bundle, threads, args.repeats) for threads in (1, 2)]
    return {'cores': os.cpu_count(), 'runs': found}


PARTS = {
    'paper': paper,
    'varied': varied,
    'shifts': shifts,
    'real': real,
    'implants': implants,
    'speed': speed,
}
NEED_REAL = {'real', 'implants'}


def anatomies(args: argparse.Namespace) -> tuple[Path, ...]:
    """Return the label maps that people may have."""
    return tuple(find_label_maps(args.anatomies)) if args.anatomies else ()


def train_anatomies(args: argparse.Namespace) -> tuple[Path, ...]:
    """Return the label maps that people to train on may have."""
    return tuple(find_label_maps(args.train_anatomies)) if args.train_anatomies else ()


def brief(found: dict) -> dict:
    """Keep of a person's figures what fits into a table."""
    return {roi: {n: found[roi][n] for n in SHOWN} for roi in ('true_roi', 'roi_errors')}


def steps(total: int):
    """Return what tells how many people are simulated."""
    return lambda done: say(f'{done} of {total} people') if done % 10 == 0 else None


def parse(arguments: list[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
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
    parser.add_argument('--repeats', type=int, default=50, help='of the six images')
    group = parser.add_argument_group('implants')
    group.add_argument('--n-implants', type=int, default=5, help='of each scan, to test on')
    group.add_argument('--n-simulated', type=int, default=60, help='people to train on')
    group.add_argument('--train-anatomies', type=Path, help='label maps of these people')
    group.add_argument('--start', type=Path, help='bundle to start from, without real backgrounds')
    group.add_argument('--minutes', type=float, default=5.0, help='of training, for each person')
    group.add_argument('--work', type=Path, default=Path('work/implants'))
    args = parser.parse_args(arguments)
    if NEED_REAL & set(args.parts) and not args.real:
        parser.error(f'{" and ".join(sorted(NEED_REAL & set(args.parts)))} need --real')
    return args


def command(args: argparse.Namespace, part: str) -> str:
    """Return the command that repeats one part, folders by their names only."""
    names = {
        'paper': ['anatomies', 'seed', 'n_paper'],
        'varied': ['anatomies', 'seed', 'n_varied'],
        'shifts': ['anatomies', 'seed', 'n_shifts'],
        'real': ['real'],
        'implants': [
            *('real', 'train_anatomies', 'start', 'seed'),
            *('n_implants', 'n_simulated', 'minutes', 'n_cpus'),
        ],
        'speed': ['repeats'],
    }[part]
    words = ['python', 'benchmarks/validation.py', args.bundle.name, args.output.name]
    words += ['--parts', part]
    for name in names:
        value = getattr(args, name)
        if value is not None:
            shown = value.name if isinstance(value, Path) else f'{value:g}'
            words += ['--' + name.replace('_', '-'), shown]
    return shlex.join(words)


def main() -> None:
    """Run the parts that are asked for, and write a file for each."""
    args = parse()
    card = verify_bundle(args.bundle)
    configure_tensorflow(args.n_cpus, args.seed)
    for part in args.parts:
        say(f'part {part}')
        begin = time.monotonic()
        found = PARTS[part](args)
        record = {
            'command': command(args, part),
            'model': card.label,
            'model_sha256': model_sha256(args.bundle),
            'weights': card.checksums,
            'seed': args.seed,
            'seconds': round(time.monotonic() - begin),
            'versions': versions(),
            **found,
        }
        write_json(args.output / f'{part}.json', record)
        say(f'{args.output / part}.json')


if __name__ == '__main__':
    main()
