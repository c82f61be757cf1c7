"""Real backgrounds, each person's held out: trained on the others', tested on this one's."""

import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np

from pvs_workflow.lab.evaluation.findings import ROIS, Evaluation, Findings, error_by_grade
from pvs_workflow.lab.evaluation.tables import agreement, plain
from pvs_workflow.lab.simulation.backgrounds import Background
from pvs_workflow.lab.simulation.cohort import implant_participant
from pvs_workflow.lab.training.config import FAST, FINE, TrainingConfig
from pvs_workflow.lab.training.fit import train_cascade
from pvs_workflow.lab.training.samples import Sample, volume_samples
from pvs_workflow.lab.training.streams import PlateSource
from pvs_workflow.networks.bundle import load_bundle, save_bundle
from pvs_workflow.networks.cascade import Cascade

ENDLESS = 500
"""Epochs, of which the time limit lets the first ones happen."""
PREFIX = 'real-'
"""Of a participant's name in the sources that real backgrounds give."""


@dataclass(frozen=True)
class Budget:
    """How long each held-out person's cascade may learn.

    Attributes
    ----------
    minutes : float
        Wall time.
    threads : int

    """

    minutes: float = 5.0
    threads: int = 2

    def config(self, fine: bool) -> TrainingConfig:
        """Return the training's configuration, slower where it starts from a cascade."""
        rates = FINE if fine else FAST
        enhancer, counter = (
            replace(getattr(FAST, network), epochs=ENDLESS, learning_rate=rate)
            for network, rate in (
                ('enhancer', rates.enhancer.learning_rate),
                ('counter', rates.counter.learning_rate),
            )
        )
        return replace(FAST, enhancer=enhancer, counter=counter).within(60 * self.minutes)


def without_person(sources: Sequence[PlateSource], participant: str) -> list[PlateSource]:
    """Return the sources that are not made of a real person's scans, simulated ones included."""
    return [source for source in sources if source.participant != f'{PREFIX}{participant}']


def implanted_images(
    backgrounds: Sequence[Background], participants: int, seeds: Sequence[int]
) -> list[Sample]:
    """Implant ePVS in real T2w, with the paper's distribution of counts.

    Parameters
    ----------
    backgrounds : sequence of Background
        Each gets as many, flipped, bent and re-contrasted anew each time.
    participants : int
        Implanted people for each background.
    seeds : sequence of int
        One for each background; with the same seed, they are flipped and bent alike.

    Returns
    -------
    list of Sample
        Six images of each.

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
    budget: Budget,
    start: Callable[[], Cascade | None],
    calibration: Sequence[Sample] = (),
    on_epoch=lambda epoch: None,
) -> Cascade:
    """Train a cascade that has not seen one real person, or take the one that is kept.

    What is kept must be of the same training: ``results.claim_folder`` checks that.

    Parameters
    ----------
    participant : str
    sources : sequence of PlateSource
        Of everybody; this person's are left out.
    folder : Path
        Where the cascade is kept, and its checkpoints until it is done.
    seed : int
    budget : Budget
    start : callable
        Gives a new copy of the cascade to start from, which training changes; or None.
    calibration : sequence of Sample
        Of other people, to calibrate on besides.
    on_epoch : callable

    Returns
    -------
    Cascade

    """
    bundle = Path(folder) / f'without-{participant}'
    if (bundle / 'card.json').is_file():
        return load_bundle(bundle)
    begin, first = time.monotonic(), start()
    training = train_cascade(
        without_person(sources, participant),
        budget.config(first is not None),
        seed,
        threads=budget.threads,
        on_epoch=on_epoch,
        start=first,
        checkpoints=bundle.with_name(f'{bundle.name}_checkpoints'),
        calibration=calibration,
    )
    record = {
        'left_out': participant,
        'seed': seed,
        'minutes': budget.minutes,
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


def people_known(cascade: Cascade, participants: Sequence[str]) -> list[str]:
    """Return those people whose scans a cascade was trained on, as its card says.

    A leave-one-person-out test must not start from a cascade that knows the person.
    """
    data = cascade.card.training.get('data', {})
    files = [str(name) for name in data.get('backgrounds', ())]
    return [p for p in participants if any(f.startswith(f'sub-{p}_') for f in files)]


def pooled(parts: Sequence[Evaluation], roi: str) -> Findings:
    """Put the findings of different people together."""
    found = [part.rois[roi] for part in parts]
    return Findings(
        tuple(name for part in found for name in part.participants),
        *(
            np.concatenate([getattr(part, name) for part in found])
            for name in ('true', 'counts', 'distances', 'unfamiliar')
        ),
    )


def pooled_summary(parts: Sequence[Evaluation]) -> dict:
    """Return figures over people who were each counted by another cascade.

    Parameters
    ----------
    parts : sequence of Evaluation

    Returns
    -------
    dict
        For both kinds of ROI ``images`` and ``participants`` (agreement), ``mae_by_grade``,
        ``interval_coverage`` (each image by its own cascade's interval) and ``unfamiliar``.

    """
    out = {}
    for roi in ROIS:
        found = pooled(parts, roi)
        covered = [part.scores(roi).interval_coverage for part in parts]
        sizes = [len(part.rois[roi].true) for part in parts]
        out[roi] = {
            'images': asdict(agreement(found.counts, found.true)),
            'participants': asdict(agreement(*found.people())),
            'mae_by_grade': error_by_grade(found.counts, found.true),
            'interval_coverage': float(np.average(covered, weights=sizes)),
            'unfamiliar': float(found.unfamiliar.mean()),
        }
    return plain(out)
