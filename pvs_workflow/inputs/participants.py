"""Read ``participants.tsv`` and the session dates in ``sessions.tsv``."""

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
"""Maximum plausible age, years."""

_MISSING = frozenset({'', 'n/a', 'na', 'nan'})
_AGE = re.compile(r'\d+(\.\d+)?\+?')
_SEXES = {text: sex for sex in ('male', 'female', 'other') for text in (sex, sex[0])}


@dataclass(frozen=True)
class Participants:
    """The content of ``participants.tsv``.

    Attributes
    ----------
    frame : DataFrame
        Index ``participant_id`` (with ``sub-``); columns ``age`` (years, float), ``sex`` (male,
        female, other), ``group`` and ``site`` (any text), as far as the file has them.
    warning : str
        Why the file, or some of its values, could not be used; empty otherwise.

    """

    frame: pd.DataFrame
    warning: str = ''


def read_participants(bids_dir: Path | None) -> Participants:
    """Read age, sex, group and site from ``participants.tsv``.

    If the file is absent or cannot be used, the result has no rows; no content raises an error.
    """
    no_rows = pd.DataFrame(index=pd.Index([], name='participant_id', dtype=object))
    if bids_dir is None or not (path := Path(bids_dir) / 'participants.tsv').exists():
        return Participants(no_rows)
    try:
        content = read_tsv(path)
        labels = _labels(path, content)
    except PVSError as error:
        return Participants(no_rows, one_line(f'{error} (file ignored)'))
    positions: dict[str, int] = {}
    for position, name in enumerate(content.columns):
        positions.setdefault(name.strip().lower(), position)
    columns, unknown = {}, []
    for name, parse in _PARSERS.items():
        if name in positions:
            cells = [_cell(row[positions[name]]) for row in content.rows]
            columns[name] = [None if cell is None else parse(cell) for cell in cells]
            number = columns[name].count(None) - cells.count(None)
            unknown += [f'{number} of {name}'] if number else []
    frame = pd.DataFrame(columns, index=pd.Index(labels, name='participant_id', dtype=object))
    if 'age' in frame:
        frame['age'] = frame['age'].astype(float)
    warning = f'{path} has unknown values, ignored: {", ".join(unknown)}' if unknown else ''
    return Participants(frame, warning)


def _labels(path: Path, content: TextTable) -> list[str]:
    """Return the participant of each row, or raise if a participant is missing or repeated."""
    problem = ''
    if 'participant_id' not in content.columns:
        problem = 'no column participant_id'
    elif len(set(content.columns)) != len(content.columns):
        problem = 'two columns of the same name'
    else:
        position = content.columns.index('participant_id')
        labels = [_cell(row[position]) for row in content.rows]
        if None in labels:
            problem = 'a row without participant_id'
        else:
            labels = [f'sub-{label.removeprefix("sub-")}' for label in labels]
            problem = 'several rows for one participant' if len(set(labels)) < len(labels) else ''
    if problem:
        raise PVSError(f'{path} has {problem}')
    return labels


def _cell(text: str) -> str | None:
    return None if text.strip().lower() in _MISSING else text.strip()


def _age(text: str) -> float | None:
    """Return an age in years; ``89+`` is 89."""
    years = float(text.rstrip('+')) if _AGE.fullmatch(text) else None
    return years if years is not None and years <= MAX_AGE else None


def _sex(text: str) -> str | None:
    return _SEXES.get(text.lower())


_PARSERS = {'age': _age, 'sex': _sex, 'group': str, 'site': str}


def order_sessions(
    bids_dir: Path | None, participant: str, labels: Iterable[str]
) -> dict[str, datetime | None]:
    """Return a participant's sessions in order, with their times.

    The order is that of the times if all are known, else that of the labels.

    Parameters
    ----------
    bids_dir : Path, optional
    participant : str
        Label with ``sub-``.
    labels : iterable of str
        Sessions with ``ses-``.

    Returns
    -------
    dict of str to datetime
        None for an unknown time.

    """
    known = read_session_times(bids_dir, participant)
    times = {label: known.get(label) for label in sorted(labels, key=natural_key)}
    if all(times.values()):
        return dict(sorted(times.items(), key=lambda pair: pair[1]))
    return times


def read_session_times(bids_dir: Path | None, participant: str) -> dict[str, datetime]:
    """Return the times of a participant's sessions in ``sessions.tsv``.

    The result is empty if the file is absent or cannot be read. Dates may be shifted to protect
    people, since only the time between sessions is used.
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
        # Times with and without a zone cannot be subtracted from each other.
        times[label] = time.replace(tzinfo=None)
    return times
