"""What ``participants.tsv`` and ``sessions.tsv`` have of people and of when they were seen."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import pandas as pd

from pvs_workflow.errors import PVSError, one_line
from pvs_workflow.inputs.dataset import natural_key
from pvs_workflow.tsv import TextTable, read_tsv

MAX_AGE = 130.0
"""Ages above this are not believed, years."""

_MISSING = frozenset({'', 'n/a', 'na', 'nan'})
_AGE = re.compile(r'\d+(\.\d+)?\+?')
_SEXES = {text: sex for sex in ('male', 'female', 'other') for text in (sex, sex[0])}


@dataclass(frozen=True)
class Participants:
    """What ``participants.tsv`` has of the participants of a dataset.

    Attributes
    ----------
    frame : DataFrame
        Index ``participant_id`` (with ``sub-``); of the columns ``age`` (years, float), ``sex``
        (male, female, other), ``group`` and ``site`` (text) those that the file has. Missing
        values are missing; text may hold anything.
    warning : str
        Why the file could not be used, or in part; empty where all is well or it is not there.

    """

    frame: pd.DataFrame
    warning: str = ''


def read_participants(bids_dir: Path | None) -> Participants:
    """Read age, sex, group and site from ``participants.tsv``, if there is one.

    Without rows where the file is absent or cannot be used; never raises for what is in it.
    """
    nobody = pd.DataFrame(index=pd.Index([], name='participant_id', dtype=object))
    if bids_dir is None or not (path := Path(bids_dir) / 'participants.tsv').exists():
        return Participants(nobody)
    try:
        content = read_tsv(path)
        labels = _labels(path, content)
    except PVSError as error:
        return Participants(nobody, one_line(f'{error} (it was not used)'))
    places: dict[str, int] = {}
    for place, name in enumerate(content.columns):
        places.setdefault(name.strip().lower(), place)
    columns, unread = {}, []
    for name, read in _READERS.items():
        if name in places:
            cells = [_cell(row[places[name]]) for row in content.rows]
            columns[name] = [None if cell is None else read(cell) for cell in cells]
            number = columns[name].count(None) - cells.count(None)
            unread += [f'{number} of {name}'] if number else []
    frame = pd.DataFrame(columns, index=pd.Index(labels, name='participant_id', dtype=object))
    if 'age' in frame:
        frame['age'] = frame['age'].astype(float)
    warning = f'{path} has values that were not understood: {", ".join(unread)}' if unread else ''
    return Participants(frame, warning)


def _labels(path: Path, content: TextTable) -> list[str]:
    """Return the participant of each row, if the table has one row for each."""
    problem = ''
    if 'participant_id' not in content.columns:
        problem = 'no column participant_id'
    elif len(set(content.columns)) != len(content.columns):
        problem = 'two columns of one name'
    else:
        place = content.columns.index('participant_id')
        labels = [_cell(row[place]) for row in content.rows]
        if None in labels:
            problem = 'a row without participant_id'
        else:
            labels = [f'sub-{label.removeprefix("sub-")}' for label in labels]
            problem = 'several rows of one participant' if len(set(labels)) < len(labels) else ''
    if problem:
        raise PVSError(
            f'{path} cannot be used, expected a row for each participant, received {problem}'
        )
    return labels


def _cell(text: str) -> str | None:
    return None if text.strip().lower() in _MISSING else text.strip()


def _age(text: str) -> float | None:
    """Read years; an age given as a limit (89+) is that limit."""
    years = float(text.rstrip('+')) if _AGE.fullmatch(text) else None
    return years if years is not None and years <= MAX_AGE else None


def _sex(text: str) -> str | None:
    return _SEXES.get(text.lower())


_READERS = {'age': _age, 'sex': _sex, 'group': str, 'site': str}


def order_sessions(
    bids_dir: Path | None, participant: str, labels: Iterable[str]
) -> dict[str, datetime | None]:
    """Put a participant's sessions in order: by their times if all are known, else by label.

    All labels have their prefixes. The time of a session is None where it is not known.
    """
    known = read_session_times(bids_dir, participant)
    times = {label: known.get(label) for label in sorted(labels, key=natural_key)}
    if all(times.values()):
        return dict(sorted(times.items(), key=lambda pair: pair[1]))
    return times


def read_session_times(bids_dir: Path | None, participant: str) -> dict[str, datetime]:
    """Return when a participant's sessions were, where ``sessions.tsv`` tells.

    Empty where nothing can be read. Dates that were shifted to protect people keep their
    distances.
    """
    if bids_dir is None or Path(participant).name != participant:
        return {}
    path = Path(bids_dir) / participant / f'{participant}_sessions.tsv'
    try:
        content = read_tsv(path, ragged=True)
    except PVSError:
        return {}
    times = {}
    for cells in content.rows:
        row = dict(zip(content.columns, cells, strict=True))
        try:
            time = datetime.fromisoformat(row.get('acq_time', '').strip())
        except ValueError:
            continue
        label = f'ses-{row.get("session_id", "").strip().removeprefix("ses-")}'
        # Distances alone are used; times with and without a zone cannot be subtracted.
        times[label] = time.replace(tzinfo=None)
    return times
