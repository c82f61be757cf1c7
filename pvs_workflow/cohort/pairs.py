"""Pairs of T2w of one participant: consecutive sessions, or a scan and its rescan."""

import math
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from itertools import pairwise
from pathlib import PurePosixPath

import pandas as pd

RESCAN_DAYS = 31.0
"""Sessions that are at most this far apart are a scan and its rescan: ePVS are not known to
change within a month."""

_USED = ['participant_id', 'session_id', 't2w', 'qc', 'count_max', 'model_sha256']


def pair_sessions(
    rows: pd.DataFrame, order: Callable[[str, list[str]], dict[str, datetime | None]]
) -> tuple[list[tuple[int, int, float]], list[tuple[int, int]]]:
    """Pair the T2w of consecutive sessions that have the same other entities.

    Parameters
    ----------
    rows : DataFrame
        ``participant_id``, ``session_id``, ``t2w``, ``qc``, ``count_max``, ``model_sha256``;
        index 0 … n − 1.
    order : callable
        From a participant and its sessions to these in their order, with their times.

    Returns
    -------
    consecutive : list of (int, int, float)
        Rows of the first and second session of a participant, and the days between them (NaN
        where not known).
    rescans : list of (int, int)
        Rows of a scan and its rescan, of each participant that has them: two runs of one session,
        else two sessions at most :data:`RESCAN_DAYS` apart.

    """
    several = rows.loc[rows['participant_id'].duplicated(keep=False), _USED].to_dict('index')
    participants: dict[str, dict[int, Mapping]] = {}
    for place, scan in several.items():
        participants.setdefault(scan['participant_id'], {})[place] = scan
    consecutive, rescans = [], []
    for participant, scans in sorted(participants.items()):
        sessions = [scan['session_id'] for scan in scans.values()]
        labels = list(dict.fromkeys(label for label in sessions if isinstance(label, str)))
        times = order(participant, labels) if len(labels) > 1 else {}
        between = _consecutive(scans, times)
        consecutive += between
        runs = [alike[:2] for alike in _alike(scans, 'run') if len(alike) > 1]
        soon = [(one, two) for one, two, days in between if days <= RESCAN_DAYS]
        fit = [(one, two) for one, two in (*runs, *soon) if comparable(scans[one], scans[two])]
        rescans += fit[:1]
    return consecutive, rescans


def comparable(first: Mapping, second: Mapping) -> bool:
    """Tell whether two results may be compared.

    Examples
    --------
    >>> row = {'qc': 'pass', 'model_sha256': 'a', 'count_max': 1.0}
    >>> comparable(row, row), comparable(row, row | {'qc': 'fail'})
    (True, False)

    """
    return (
        'fail' not in (first['qc'], second['qc'])
        and first['model_sha256'] == second['model_sha256']
        and all(pd.notna(row['count_max']) for row in (first, second))
    )


def _consecutive(
    scans: Mapping[int, Mapping], times: Mapping[str, datetime | None]
) -> list[tuple[int, int, float]]:
    """Return a participant's pairs, in the order of the sessions."""
    rank = {label: number for number, label in enumerate(times)}
    session = {place: scan['session_id'] for place, scan in scans.items()}
    pairs = []
    for alike in _alike(scans, 'ses'):
        dated = sorted((p for p in alike if session[p] in rank), key=lambda p: rank[session[p]])
        for one, two in pairwise(dated):
            ends = times[session[one]], times[session[two]]
            days = math.nan if None in ends else (ends[1] - ends[0]).total_seconds() / 86400
            pairs.append((one, two, days))
    return sorted(pairs, key=lambda pair: rank[session[pair[0]]])


def _alike(scans: Mapping[int, Mapping], but: str) -> list[Sequence[int]]:
    """Group T2w by all entities of their names but one."""
    groups: dict[tuple, list[int]] = {}
    for place, scan in scans.items():
        parts = PurePosixPath(str(scan['t2w'])).name.split('_')
        others = tuple(part for part in parts if not part.startswith(f'{but}-'))
        groups.setdefault(others, []).append(place)
    return list(groups.values())
