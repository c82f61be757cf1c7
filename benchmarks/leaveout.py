"""Part ``implants``: ePVS in real T2w, counted by cascades not trained on the person."""

import argparse
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np

from benchmarks.harness import print_progress
from benchmarks.realscans import count_session, read_sessions, summarise_sessions, training_people
from pvs_workflow.lab.evaluation.figures import agreement_figure
from pvs_workflow.lab.evaluation.findings import ROIS, Evaluation, Findings, evaluate_cascade
from pvs_workflow.lab.evaluation.results import claim_folder
from pvs_workflow.lab.evaluation.tables import compare_counts
from pvs_workflow.lab.simulation.backgrounds import Background, read_backgrounds
from pvs_workflow.lab.simulation.cohort import implant_participant
from pvs_workflow.lab.simulation.labelmaps import find_label_maps
from pvs_workflow.lab.training.config import FAST, FINE_TUNING, TrainingConfig
from pvs_workflow.lab.training.curves import save_chart
from pvs_workflow.lab.training.fit import train_cascade
from pvs_workflow.lab.training.heldout import calibration_images
from pvs_workflow.lab.training.plan import CALIBRATION_SHARE, VARIANTS
from pvs_workflow.lab.training.samples import Sample, volume_samples
from pvs_workflow.lab.training.saving import save_bundle
from pvs_workflow.lab.training.scores import mean_by_grade, plain
from pvs_workflow.lab.training.streams import PlateSource, background_sources, simulated_sources
from pvs_workflow.networks.bundle import load_bundle, model_sha256
from pvs_workflow.networks.cascade import Cascade
from pvs_workflow.science.grading import potter_grade

UNLIMITED_EPOCHS = 500
"""Number of epochs that no training reaches within its time limit."""


def short_config(minutes: float, fine: bool) -> TrainingConfig:
    """Return the configuration of a short training, with lower rates from a cascade (``fine``)."""
    rates = FINE_TUNING if fine else FAST
    enhancer, counter = (
        replace(network, epochs=UNLIMITED_EPOCHS, learning_rate=rate.learning_rate)
        for network, rate in ((FAST.enhancer, rates.enhancer), (FAST.counter, rates.counter))
    )
    return replace(FAST, enhancer=enhancer, counter=counter).within(60 * minutes)


def implants(args: argparse.Namespace) -> dict:
    """Test each real person's scans with a cascade trained on the other people's only."""
    maps = tuple(find_label_maps(args.train_anatomies)) if args.train_anatomies else ()
    settings = ('seed', 'n_simulated', 'minutes', 'n_cpus')
    claim_folder(
        args.work,
        {name: getattr(args, name) for name in settings}
        | {'backgrounds': [path.name for path in sorted(args.real.glob('sub-*/**/*_T2w.nii.gz'))]}
        | {'anatomies': [path.name for path in maps]}
        | {'start': model_sha256(args.start) if args.start else None},
    )
    backgrounds = read_backgrounds(args.real)
    people = list(dict.fromkeys(background.participant for background in backgrounds))
    print_progress(f'{len(people)} people; simulating {args.n_simulated} to train on')
    sources = background_sources(args.real, VARIANTS, args.seed, args.n_cpus)
    sources += simulated_sources(args.n_simulated, args.seed + 3, maps, args.n_cpus)
    number = round(CALIBRATION_SHARE * args.n_simulated)
    others = calibration_images(number, args.seed + 3, maps, args.n_cpus)
    trainings, both, counted = [], {'held_out': [], 'bundle': []}, []
    for person in people:
        print_progress(f'without {person}')
        cascade = held_out_cascade(
            person,
            sources,
            args.work,
            args.seed,
            args.minutes,
            args.n_cpus,
            lambda: load_bundle(args.start) if args.start else None,
            others,
        )
        indices = [i for i, b in enumerate(backgrounds) if b.participant == person]
        seeds = [args.seed + 4 + i for i in indices]
        samples = implanted_images([backgrounds[i] for i in indices], args.n_implants, seeds)
        sessions = [one for one in read_sessions(args.real) if one.participant == person]
        counted += [count_session(cascade, session) for session in sessions]
        for name, model in (('held_out', cascade), ('bundle', load_bundle(args.bundle))):
            both[name].append(evaluate_cascade(model, samples, args.seed))
        trainings.append(cascade.card.training)
    drawn = agreement_figure(pool_findings(both['held_out'], 'roi_errors'))
    save_chart(args.output / 'implants.png', drawn)
    start = load_bundle(args.start) if args.start else None
    return {
        'start': start.card.label if start else None,
        'start_knows': training_people(start, people) if start else [],
        'bundle_knows': training_people(load_bundle(args.bundle), people),
        'trainings': trainings,
        'as_they_are': summarise_sessions(counted),
        **{name: summarise_pooled(parts) for name, parts in both.items()},
    }


def without_person(sources: Sequence[PlateSource], participant: str) -> list[PlateSource]:
    """Return the sources without those made from one real person's scans."""
    return [source for source in sources if source.participant != f'real-{participant}']


def implanted_images(
    backgrounds: Sequence[Background], participants: int, seeds: Sequence[int]
) -> list[Sample]:
    """Implant ePVS in real T2w, with the paper's distribution of counts; cut six images of each.

    Each background gives ``participants`` people, flipped and warped and with a new contrast each
    time. Equal seeds flip and warp backgrounds equally.
    """
    out = []
    for seed, background in zip(seeds, backgrounds, strict=True):
        for number in range(1, participants + 1):
            session = implant_participant(seed, number, 'paper', background)
            scan = session.scans['T2w']
            name = f'{background.participant}-{background.session}-{number:02d}'
            arrays = scan.data, session.roi, session.epvs, scan.affine
            out += [sample for sample in volume_samples(name, *arrays) if sample.chosen]
    return out


def held_out_cascade(
    participant: str,
    sources: Sequence[PlateSource],
    folder: Path,
    seed: int,
    minutes: float,
    threads: int,
    start: Callable[[], Cascade | None],
    calibration: Sequence[Sample] = (),
) -> Cascade:
    """Train a cascade without one real person, or load an earlier one from the folder.

    An earlier cascade must be of the same training, which ``results.claim_folder`` checks.
    Training changes the initial cascade, so ``start`` returns a new copy. ``calibration`` are
    images of other people, which are also used for calibration.
    """
    bundle = Path(folder) / f'without-{participant}'
    if (bundle / 'card.json').is_file():
        return load_bundle(bundle)
    begin, first = time.monotonic(), start()
    training = train_cascade(
        without_person(sources, participant),
        short_config(minutes, fine=first is not None),
        seed,
        threads=threads,
        on_epoch=lambda epoch: print_progress(f'{epoch}'),
        start=first,
        checkpoints=bundle.with_name(f'{bundle.name}_checkpoints'),
        calibration=calibration,
    )
    record = {
        'left_out': participant,
        'seed': seed,
        'minutes': minutes,
        'seconds': round(time.monotonic() - begin),
        'start': first.card.label if first else None,
        'counts_multiplied_by': round(training.factor, 4),
        'epochs': training.epochs,
    }
    card = replace(
        training.cascade.card,
        name='leave one person out',
        training=record,
        metrics={'calibration_participants': training.scores.to_card()},
    )
    save_bundle(bundle, training.cascade.enhancer, training.cascade.counter, card)
    return load_bundle(bundle)


def pool_findings(parts: Sequence[Evaluation], roi: str) -> Findings:
    """Pool the findings of different people."""
    findings = [part.rois[roi] for part in parts]
    arrays = [
        np.concatenate([getattr(part, name) for part in findings])
        for name in ('true', 'counts', 'distances', 'out_of_distribution')
    ]
    return Findings(tuple(name for part in findings for name in part.participants), *arrays)


def summarise_pooled(parts: Sequence[Evaluation]) -> dict:
    """Return figures over people who were each counted by a different cascade.

    The interval of each image is that of the cascade that counted it.
    """
    out = {}
    for roi in ROIS:
        findings = pool_findings(parts, roi)
        covered = [part.scores(roi).interval_coverage for part in parts]
        sizes = [len(part.rois[roi].true) for part in parts]
        out[roi] = {
            'images': asdict(compare_counts(findings.counts, findings.true)),
            'participants': asdict(compare_counts(*findings.participant_counts())),
            'mae_by_grade': mean_by_grade(findings.errors, potter_grade(findings.true)),
            'interval_coverage': float(np.average(covered, weights=sizes)),
            'unfamiliar': float(findings.out_of_distribution.mean()),
        }
    return plain(out)
