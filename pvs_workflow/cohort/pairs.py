"""Which T2w of a group are of one person, one after the other, or a scan and its rescan."""

import math
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from pathlib import Path

import pandas as pd

RESCAN_DAYS = 31.0
"""Sessions that are at most this far apart are a scan and its rescan: ePVS are not known to
change within a month."""


@dataclass(frozen=True)
class Pairs:
    """Which results of a group belong together, as places of rows.

    Attributes
    ----------
    consecutive : tuple of (int, int, float)
        First and second session of a person, and the days between them (NaN where not known).
    rescans : tuple of (int, int)
        A scan and its rescan, of each person that has them: two runs of one session, else two
        sessions at most :data:`RESCAN_DAYS` apart.

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
    used = ['participant_id', 'session_id', 't2w', 'qc', 'count_max', 'model_sha256']
    records = rows[used].to_dict('records')
    people: dict[str, list[int]] = defaultdict(list)
    for place, record in enumerate(records):
        people[record['participant_id']].append(place)
    consecutive, rescans = [], []
    for participant in sorted(person for person, places in people.items() if len(places) > 1):
        places = people[participant]
        sessions = [records[place]['session_id'] for place in places]
        labels = list(dict.fromkeys(label for label in sessions if isinstance(label, str)))
        times = order(participant, labels) if len(labels) > 1 else {}
        between = _consecutive(records, places, times)
        consecutive += between
        runs = [alike[:2] for alike in _alike(records, places, 'run') if len(alike) > 1]
        soon = [(one, two) for one, two, days in between if days <= RESCAN_DAYS]
        fit = [(one, two) for one, two in (*runs, *soon) if comparable(records[one], records[two])]
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
    records: Sequence[Mapping], places: Sequence[int], times: Mapping[str, datetime | None]
) -> list[tuple[int, int, float]]:
    """Return a person's pairs, in the order of their sessions."""
    rank = {label: number for number, label in enumerate(times)}
    found = []
    for alike in _alike(records, places, 'ses'):
        dated = sorted(
            (place for place in alike if records[place]['session_id'] in rank),
            key=lambda place: rank[records[place]['session_id']],
        )
        for one, two in pairwise(dated):
            ends = (times[records[place]['session_id']] for place in (one, two))
            found.append((one, two, _days(*ends)))
    return sorted(found, key=lambda pair: rank[records[pair[0]]['session_id']])


def _alike(records: Sequence[Mapping], places: Sequence[int], but: str) -> list[list[int]]:
    """Group T2w by all entities of their names but one."""
    groups: dict[tuple, list[int]] = defaultdict(list)
    for place in places:
        parts = Path(str(records[place]['t2w'])).name.split('_')
        groups[tuple(part for part in parts if not part.startswith(f'{but}-'))].append(place)
    return list(groups.values())


def _days(first: datetime | None, second: datetime | None) -> float:
    if first is None or second is None:
        return math.nan
    return (second - first).total_seconds() / 86400
