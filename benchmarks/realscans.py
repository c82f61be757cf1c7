"""Part ``real``: counts in real scans and their differences between sessions."""

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import combinations
from pathlib import Path

import numpy as np

from pvs_workflow.derivatives import names
from pvs_workflow.errors import ImageError, NoInputError
from pvs_workflow.inputs.names import name_entities
from pvs_workflow.inputs.nifti import read_nifti
from pvs_workflow.lab.training.augment import plain_image
from pvs_workflow.lab.training.curves import save_chart
from pvs_workflow.lab.training.samples import Sample, volume_samples
from pvs_workflow.lab.training.scores import plain
from pvs_workflow.method.count import estimate
from pvs_workflow.networks.bundle import load_bundle
from pvs_workflow.networks.cascade import Cascade
from pvs_workflow.science.grading import person_grade

_ROI = f'_{names.ROI}.nii.gz'
_T2W = f'_{names.T2W}.nii.gz'
_DOTS, _BORDERS = '#0072B2', '#5B6673'


@dataclass(frozen=True)
class RealSession:
    """The six images of one session, without truth; ``session`` may be empty."""

    participant: str
    session: str
    samples: tuple[Sample, ...]


@dataclass(frozen=True)
class SessionCounts:
    """Counts of one session; ``places`` are hemisphere and rank of images, such as ``L1``."""

    participant: str
    session: str
    places: tuple[str, ...]
    counts: tuple[float, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]
    grade: int
    unfamiliar: int


def real(args: argparse.Namespace) -> dict:
    """Count in real scans, from the T2w and the basal ganglia that the app wrote."""
    cascade = load_bundle(args.bundle)
    sessions = [count_session(cascade, session) for session in read_sessions(args.real)]
    summary = summarise_sessions(sessions)
    save_chart(args.output / 'real.png', sessions_figure(summary['sessions']))
    people = list(dict.fromkeys(session.participant for session in sessions))
    return summary | {'bundle_knows': training_people(cascade, people)}


def summarise_sessions(sessions: Sequence[SessionCounts]) -> dict:
    """Return the counts of real sessions and a person's differences, as plain values."""
    return {
        'sessions': [asdict(session) for session in sessions],
        'scan_rescan': scan_rescan(sessions),
    }


def read_sessions(derivatives: Path) -> list[RealSession]:
    """Read the results of pvs_workflow on real scans, and cut the six images of each."""
    out = []
    for path in sorted(Path(derivatives).glob(f'sub-*/**/*{_ROI}')):
        stem = path.name.removesuffix(_ROI)
        entities = name_entities(stem)
        try:
            (image, t2w), (_, roi) = map(read_nifti, (path.with_name(stem + _T2W), path))
        except ImageError as error:
            raise ImageError(f'cannot read {path} or its T2w: {error}') from error
        no_epvs = np.zeros(roi.shape, np.uint8)
        samples = volume_samples(entities['sub'], t2w, roi, no_epvs, image.affine)
        chosen = tuple(sample for sample in samples if sample.chosen)
        out.append(RealSession(entities['sub'], entities.get('ses', ''), chosen))
    if not out:
        raise NoInputError(f'{derivatives} has no participant results (files ending in {_ROI})')
    return out


def count_session(cascade: Cascade, session: RealSession) -> SessionCounts:
    """Count in a session's six images, as the app does."""
    card = cascade.card
    images = [plain_image(sample, card.preprocessing).image for sample in session.samples]
    prediction = cascade.predict(np.stack(images))
    estimated = estimate(card, np.stack(images), prediction)
    values = prediction.counts, estimated.lows, estimated.highs, estimated.probabilities
    return SessionCounts(
        session.participant,
        session.session,
        tuple(f'{s.view.hemisphere}{s.view.rank}' for s in session.samples),
        *(tuple(round(float(number), 4) for number in part) for part in values),
        person_grade(prediction.counts),
        int(np.count_nonzero(~estimated.in_distribution)),
    )


def training_people(cascade: Cascade, participants: Sequence[str]) -> list[str]:
    """Return the people whose scans a cascade was trained on, according to its card."""
    data = cascade.card.training.get('data', {})
    files = [str(name) for name in data.get('backgrounds', ())]
    return [p for p in participants if any(f.startswith(f'sub-{p}_') for f in files)]


def scan_rescan(sessions: Sequence[SessionCounts]) -> dict:
    """Compare each pair of sessions of a person, image by image.

    The images of a hemisphere are paired by rank, the lowest slice first. ``sd_within`` is
    √(Σ d² / 2n) of images (Bland & Altman 1996, BMJ 312:1654).
    """
    pairs = []
    for one, two in combinations(sessions, 2):
        if one.participant != two.participant:
            continue
        before, after = (dict(zip(s.places, s.counts, strict=True)) for s in (one, two))
        pairs.append(
            {
                'participant': one.participant,
                'sessions': [one.session, two.session],
                'differences': [after[p] - before[p] for p in before if p in after],
                'difference_max': max(two.counts) - max(one.counts),
                'same_grade': one.grade == two.grade,
            }
        )
    every = np.array([d for pair in pairs for d in pair['differences']])
    return plain(
        {
            'pairs': pairs,
            'n_pairs': len(pairs),
            'same_grade': sum(pair['same_grade'] for pair in pairs),
            'mean_absolute_difference': float(np.abs(every).mean()) if every.size else None,
            'sd_within': float(np.sqrt(np.mean(every**2) / 2)) if every.size else None,
        }
    )


def sessions_figure(sessions: Sequence[Mapping]):
    """Show the counts of the six images of every real session; lines separate the grades."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(1.6 + 1.1 * len(sessions), 3.4), layout='constrained')
    axes = figure.add_subplot()
    names = [f'{part["participant"]}\n{part["session"]}'.strip() for part in sessions]
    for column, part in enumerate(sessions):
        offsets = np.linspace(-0.25, 0.25, len(part['counts']))
        axes.scatter(column + offsets, part['counts'], s=22, color=_DOTS, linewidths=0)
    for border in (0.5, 10.5):
        axes.axhline(border, color=_BORDERS, linewidth=0.8, linestyle='--')
    axes.set(ylim=(-0.5, None), ylabel='predicted count of each image')
    axes.set_xticks(range(len(names)), names)
    return figure
