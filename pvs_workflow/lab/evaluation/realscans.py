"""Real scans as they are: what a cascade counts in them, and again in the next session."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

import numpy as np

from pvs_workflow.derivatives import names
from pvs_workflow.errors import ImageError, NoInputError
from pvs_workflow.inputs.names import name_entities
from pvs_workflow.inputs.nifti import read_nifti
from pvs_workflow.lab.evaluation.tables import plain
from pvs_workflow.lab.training.augment import plain_image
from pvs_workflow.lab.training.samples import Sample, volume_samples
from pvs_workflow.method.count import estimate
from pvs_workflow.networks.cascade import Cascade
from pvs_workflow.science.grading import person_grade

_ROI = f'_{names.ROI}.nii.gz'
_T2W = f'_{names.T2W}.nii.gz'


@dataclass(frozen=True)
class RealSession:
    """The six images of one session.

    Attributes
    ----------
    participant, session : str
        ``session`` is empty without one.
    samples : tuple of Sample
        Without truth: what they hold is not known.

    """

    participant: str
    session: str
    samples: tuple[Sample, ...]


@dataclass(frozen=True)
class Counted:
    """What was counted in one session.

    Attributes
    ----------
    participant, session : str
    places : tuple of str
        Hemisphere and rank of each image, as ``L1``.
    counts, low, high : tuple of float
        Of each image.
    p_potter : tuple of 5 float
        Probability of each grade.
    grade : int
        Of the session.
    unfamiliar : int
        Images that the app would ask to review.

    """

    participant: str
    session: str
    places: tuple[str, ...]
    counts: tuple[float, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]
    p_potter: tuple[float, ...]
    grade: int
    unfamiliar: int


def read_sessions(derivatives: Path) -> list[RealSession]:
    """Read what pvs_workflow wrote of real scans, and cut it as it did.

    Parameters
    ----------
    derivatives : Path
        Of ``pvs_workflow BIDS_DIR derivatives participant``: its T2w and basal ganglia.

    Returns
    -------
    list of RealSession
        Sorted by file name.

    Raises
    ------
    NoInputError
        If there is none.
    ImageError
        If an image cannot be read.

    """
    out = []
    for path in sorted(Path(derivatives).glob(f'sub-*/**/*{_ROI}')):
        stem = path.name.removesuffix(_ROI)
        entities = name_entities(stem)
        try:
            (image, t2w), (_, roi) = map(read_nifti, (path.with_name(stem + _T2W), path))
        except ImageError as error:
            raise ImageError(f'{path} or its T2w cannot be read: {error}') from error
        nothing = np.zeros(roi.shape, np.uint8)
        samples = volume_samples(entities['sub'], t2w, roi, nothing, image.affine)
        chosen = tuple(sample for sample in samples if sample.chosen)
        out.append(RealSession(entities['sub'], entities.get('ses', ''), chosen))
    if not out:
        raise NoInputError(
            f'{derivatives} has no real scans, expected the participant results of pvs_workflow '
            f'(files ending in {_ROI}), received none'
        )
    return out


def count_session(cascade: Cascade, session: RealSession) -> Counted:
    """Count in a session's six images, as the app does."""
    card = cascade.card
    images = [plain_image(sample, card.preprocessing).image for sample in session.samples]
    found = cascade.predict(np.stack(images))
    sure = estimate(card, np.stack(images), found)
    values = found.counts, sure.lows, sure.highs, sure.probabilities
    return Counted(
        session.participant,
        session.session,
        tuple(f'{s.view.hemisphere}{s.view.rank}' for s in session.samples),
        *(tuple(round(float(number), 4) for number in part) for part in values),
        person_grade(found.counts),
        int(np.count_nonzero(~sure.in_distribution)),
    )


def scan_rescan(sessions: Sequence[Counted]) -> dict:
    """Compare every two sessions of a person, image by image.

    The images of a hemisphere are paired by their rank, the lowest slice first.

    Parameters
    ----------
    sessions : sequence of Counted

    Returns
    -------
    dict
        ``pairs``, each with ``participant``, ``sessions``, the ``differences`` of its images,
        that of the highest counts (``difference_max``) and ``same_grade``; over all pairs
        ``mean_absolute_difference`` and ``sd_within`` (√(Σ d² / 2n), Bland & Altman 1996, BMJ
        312:1654) of images, and ``same_grade``, the number of pairs with one.

    """
    pairs = []
    for one, two in combinations(sessions, 2):
        if one.participant != two.participant:
            continue
        before, after = (dict(zip(s.places, s.counts, strict=True)) for s in (one, two))
        differences = [after[place] - before[place] for place in before if place in after]
        pairs.append(
            {
                'participant': one.participant,
                'sessions': [one.session, two.session],
                'differences': differences,
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
