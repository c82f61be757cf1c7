"""Make the tables of one T2w: the counts of its images, and its Potter grade."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from pvs_workflow.science.grading import potter_grade
from pvs_workflow.science.slices import HEMISPHERES, View
from pvs_workflow.tsv import DECIMALS

QC_LEVELS = ('pass', 'review', 'fail')
"""Levels of quality control, best first."""


def count_table(
    views: Sequence[View],
    slices: Sequence[int],
    counts: Sequence[float],
    lows: Sequence[float],
    highs: Sequence[float],
    instances: Sequence[int],
    roi_areas: Sequence[float],
    qc: Sequence[str],
) -> pd.DataFrame:
    """Make the table of a T2w's image counts.

    Counts are rounded to the precision of the file before they are graded, so that each grade
    agrees with the count in its row.

    Parameters
    ----------
    views : sequence of View
        The images; all other sequences have the same order.
    slices : sequence of int
        Slice index of each image in the input file as stored, from 0.
    counts, lows, highs : sequences of float
        Predicted number and its 90 % interval, ≥ 0, ``low ≤ count ≤ high``.
    instances : sequence of int
        Number of ePVS labels on each image.
    roi_areas : sequence of float
        Area of the region of interest on each image, mm².
    qc : sequence of {'pass', 'review', 'fail'}
        Quality of each image.

    Returns
    -------
    DataFrame
        One row per image, sorted by hemisphere (left first) and slice.

    Raises
    ------
    ValueError
        If lengths differ, or an interval is negative or does not contain its count.

    """
    frame = pd.DataFrame(
        {
            'hemisphere': [view.hemisphere for view in views],
            'slice': list(map(int, slices)),
            'slice_rank': [view.rank for view in views],
            'count': list(map(_round, counts)),
            'count_low': list(map(_round, lows)),
            'count_high': list(map(_round, highs)),
            'potter': potter_grade(list(map(_round, counts))),
            'instances': list(map(int, instances)),
            'roi_area': list(map(_round, roi_areas)),
            'qc': list(qc),
        }
    )
    inside = (frame['count_low'] <= frame['count']) & (frame['count'] <= frame['count_high'])
    if not (inside & (frame['count_low'] >= 0)).all():
        intervals = list(zip(lows, counts, highs, strict=True))
        raise ValueError(f'intervals must contain their counts and not be negative: {intervals}')
    return frame.sort_values(['hemisphere', 'slice', 'slice_rank'], ignore_index=True)


def grade_table(
    *,
    participant: str,
    session: str | None,
    t2w: str,
    counts: pd.DataFrame,
    probabilities: Sequence[float],
    qc: str,
    reasons: Sequence[str],
    model: str,
    model_sha256: str,
) -> pd.DataFrame:
    """Make the one-row table of a T2w's Potter grade.

    Parameters
    ----------
    participant, session : str
        Labels, with or without their prefix; the session is None or empty if there is none.
    t2w : str
        Path of the T2w relative to the dataset.
    counts : DataFrame
        The table made by :func:`count_table`.
    probabilities : sequence of float
        Probabilities of grades 0 to 4, ≥ 0; their rounded values sum to 1.
    qc : {'pass', 'review', 'fail'}
        Quality of the T2w.
    reasons : sequence of str
        Why ``qc`` is not ``'pass'``, without semicolons; empty if it is.
    model, model_sha256 : str
        Name and version of the cascade, and its checksum.

    Returns
    -------
    DataFrame
        A single row.

    """
    left, right = (counts[counts['hemisphere'] == side] for side in HEMISPHERES)
    row = {
        'participant_id': f'sub-{participant.removeprefix("sub-")}',
        'session_id': f'ses-{session.removeprefix("ses-")}' if session else None,
        't2w': t2w,
        'potter': int(counts['potter'].max()),
        'potter_left': int(left['potter'].max()),
        'potter_right': int(right['potter'].max()),
        'count_max': float(counts['count'].max()),
        'count_left': float(left['count'].max()),
        'count_right': float(right['count'].max()),
        **{f'p_potter{grade}': p for grade, p in enumerate(_round_probabilities(probabilities))},
        'qc': qc,
        'qc_reasons': '; '.join(reasons) or None,
        'model': model,
        'model_sha256': model_sha256,
    }
    return pd.DataFrame([row])


def _round(value: float) -> float:
    return round(float(value), DECIMALS)


def _round_probabilities(probabilities: Sequence[float]) -> list[float]:
    """Round probabilities so that they sum to 1 (largest remainder method)."""
    p = np.asarray(probabilities, dtype=float)
    units = p / p.sum() * 10**DECIMALS
    floors = np.floor(units)
    remainder = round(10**DECIMALS - floors.sum())
    floors[np.argsort(floors - units, kind='stable')[:remainder]] += 1
    return [float(unit) / 10**DECIMALS for unit in floors]
