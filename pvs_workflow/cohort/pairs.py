"""Pairs of T2w of one participant: consecutive sessions, or a scan and its rescan."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from pathlib import PurePosixPath

import pandas as pd

RESCAN_DAYS = 31.0
"""Sessions that are at most this far apart are a scan and its rescan: ePVS are not known to
change within a month."""

_USED = ['participant_id', 'session_id', 't2w', 'qc', 'count_max', 'model_sha256']


@dataclass(frozen=True)
class Pairs:
    """Results of a group that belong together, as places of rows.

    Attributes
    ----------
    consecutive : tuple of (int, int, float)
        First and second session of a participant, and the days between them (NaN where not
        known).
    rescans : tuple of (int, int)
        A scan and its rescan, of each participant that has them: two runs of one session, else
        two sessions at most :data:`RESCAN_DAYS` apart.

    """

    consecutive: tuple[tuple[int, int, float], ...]
    rescans: tuple[tuple[int, int], ...]


def pair_sessions(
    rows: pd.DataFrame, order: Callable[[str, list[str]], dict[str, datetime | None]]
) -> Pairs:
    """Pair the T2w of consecutive sessions that have the same other entities.

    Parameters
    ----------
    rows : DataFrame
        ``participant_id``, ``session_id``, ``t2w``, ``qc``, ``count_max``, ``model_sha256``;
        index 0 … n − 1.
    order : callable
        From a participant and its sessions to these in their order, with their times.

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
    return Pairs(tuple(consecutive), tuple(rescans))


def comparable(first: Mapping, second: Mapping) -> bool:
    """Tell whether two results may be compared.

    Parameters
    ----------
    first, second : mapping
        ``qc``, ``model_sha256`` and ``count_max``.

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
        pairs += [
            (one, two, _days(times[session[one]], times[session[two]]))
            for one, two in pairwise(dated)
        ]
    return sorted(pairs, key=lambda pair: rank[session[pair[0]]])


def _alike(scans: Mapping[int, Mapping], but: str) -> list[Sequence[int]]:
    """Group T2w by all entities of their names but one."""
    groups: dict[tuple, list[int]] = {}
    for place, scan in scans.items():
        parts = PurePosixPath(str(scan['t2w'])).name.split('_')
        others = tuple(part for part in parts if not part.startswith(f'{but}-'))
        groups.setdefault(others, []).append(place)
    return list(groups.values())


def _days(first: datetime | None, second: datetime | None) -> float:
    if first is None or second is None:
        return math.nan
    return (second - first).total_seconds() / 86400
