"""The tables of one T2w: image counts, and the grade made of them."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from pvs_workflow.science.grading import potter_grade
from pvs_workflow.science.slices import HEMISPHERES, View
from pvs_workflow.tsv import DECIMALS

QC_LEVELS = ('pass', 'review', 'fail')


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
    """Make the table of one T2w's image counts.

    Numbers are rounded to the written precision first, so that a grade always is that of the
    count next to it.

    Parameters
    ----------
    views : sequence of View
        The images; all other sequences are in the same order.
    slices : sequence of int
        Each image's slice index in the input file as stored, from 0.
    counts, lows, highs : sequences of float
        Predicted number and its 90 % interval, ≥ 0, ``low ≤ count ≤ high``.
    instances : sequence of int
        Labels found on each image.
    roi_areas : sequence of float
        mm².
    qc : sequence of {'pass', 'review', 'fail'}

    Returns
    -------
    DataFrame
        One row per image, sorted by hemisphere (left first) and slice.

    Raises
    ------
    ValueError
        If lengths differ, or a value lies out of its range.

    """
    frame = pd.DataFrame(
        {
            'hemisphere': [view.hemisphere for view in views],
            'slice': list(map(int, slices)),
            'slice_rank': [view.rank for view in views],
            'count': list(map(_rounded, counts)),
            'count_low': list(map(_rounded, lows)),
            'count_high': list(map(_rounded, highs)),
            'potter': potter_grade(list(map(_rounded, counts))),
            'instances': list(map(int, instances)),
            'roi_area': list(map(_rounded, roi_areas)),
            'qc': list(qc),
        }
    )
    between = (frame['count_low'] <= frame['count']) & (frame['count'] <= frame['count_high'])
    if not (between & (frame['count_low'] >= 0)).all():
        raise ValueError(
            'an interval must hold its count and start at 0 or above, received '
            f'{list(zip(lows, counts, highs, strict=True))}'
        )
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
    """Make the one-row table of one T2w's Potter grade.

    Parameters
    ----------
    participant, session : str
        Labels, with or without their prefix; an empty session is missing.
    t2w : str
        The file, relative to the dataset.
    counts : DataFrame
        From :func:`count_table`.
    probabilities : sequence of float
        Of grades 0 to 4, ≥ 0, sum 1; they are rounded such that they still sum to 1.
    qc : {'pass', 'review', 'fail'}
    reasons : sequence of str
        Why it is not 'pass'; empty when it is. Without semicolons.
    model, model_sha256 : str
        Name with version, and checksum, of the cascade.

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
        **{f'p_potter{grade}': p for grade, p in enumerate(_shares(probabilities))},
        'qc': qc,
        'qc_reasons': '; '.join(reasons) or None,
        'model': model,
        'model_sha256': model_sha256,
    }
    return pd.DataFrame([row])


def _rounded(value: float) -> float:
    return round(float(value), DECIMALS)


def _shares(probabilities: Sequence[float]) -> list[float]:
    """Round probabilities such that they still sum to 1 (largest remainders)."""
    p = np.asarray(probabilities, dtype=float)
    units = p / p.sum() * 10**DECIMALS
    floors = np.floor(units)
    short = round(10**DECIMALS - floors.sum())
    floors[np.argsort(floors - units, kind='stable')[:short]] += 1
    return [float(unit) / 10**DECIMALS for unit in floors]
