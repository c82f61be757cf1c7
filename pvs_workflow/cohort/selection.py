"""Select the result that represents a participant in a session."""

import math
from collections.abc import Collection, Mapping

import pandas as pd

from pvs_workflow.inputs.dataset import natural_key
from pvs_workflow.science.slabs import SLAB
from pvs_workflow.tsv import is_missing

_QUALITY = {'pass': 0, 'review': 1, 'fail': 3}


def preference(row: Mapping, absent: Collection[str] = ()) -> tuple:
    """Return a key that sorts the results of one person, the best first.

    Results of T2w that are still in the dataset come before others, results with a grade before
    others, ``pass`` before ``review`` before ``fail``, few reasons before many, and slices whose
    thickness is near that of the images the cascade was made for before others. The first file
    name decides ties; ``run-2`` comes before ``run-10``.

    Parameters
    ----------
    row : mapping
        Values of ``t2w``, ``qc``, ``potter`` and, if known, ``qc_reasons`` and ``thickness``, mm.
    absent : collection of str
        Values of ``t2w`` that are no longer in the dataset.

    Examples
    --------
    >>> rows = [
    ...     {'t2w': 'sub-1_acq-hippo_T2w.nii.gz', 'qc': 'review', 'potter': 2},
    ...     {'t2w': 'sub-1_acq-tse_T2w.nii.gz', 'qc': 'pass', 'potter': 3},
    ... ]
    >>> min(rows, key=preference)['t2w']
    'sub-1_acq-tse_T2w.nii.gz'

    """
    name, reasons = row['t2w'], row.get('qc_reasons')
    quality = _QUALITY.get(row['qc'], 3)
    if is_missing(row['potter']):
        quality = max(quality, 2)
    number = 0 if is_missing(reasons) else str(reasons).count(';') + 1
    thickness = row.get('thickness')
    distance = math.inf if is_missing(thickness) else round(abs(thickness - SLAB), 1)
    text = '' if is_missing(name) else str(name)
    return name in absent, quality, number, distance, natural_key(text)


def select_results(rows: pd.DataFrame, absent: Collection[str] = ()) -> pd.Series:
    """Return whether each result is that of its participant and session.

    Exactly one result of each participant and session is selected, the first by
    :func:`preference`, even if all of them failed quality control.

    Parameters
    ----------
    rows : DataFrame
        Columns ``participant_id``, ``session_id`` and those of :func:`preference`.
    absent : collection of str
        As for :func:`preference`.

    Returns
    -------
    Series of bool
        With the index of ``rows``.

    """
    absent = frozenset(absent)
    best: dict[tuple, tuple] = {}
    for number, row in enumerate(rows.to_dict('records')):
        session = None if is_missing(row['session_id']) else row['session_id']
        key = row['participant_id'], session
        candidate = preference(row, absent), number
        best[key] = min(best.get(key, candidate), candidate)
    selected = {number for _, number in best.values()}
    return pd.Series([number in selected for number in range(len(rows))], rows.index, dtype=bool)
