"""Read ``participants.tsv``."""

import os
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from pvs_workflow.errors import PVSError, one_line
from pvs_workflow.files import read_json_object
from pvs_workflow.inputs.demographics import parse_age, parse_sexes
from pvs_workflow.inputs.unmatched import explain_unmatched, list_some
from pvs_workflow.tsv import TextTable, read_tsv

_MISSING = frozenset({'', 'n/a', 'na', 'nan', '#n/a', 'null', '.', '-', '?'})
_COLUMNS = ('age', 'sex', 'group', 'site')
_MAX_SHOWN = 20
"""Maximum length of an unknown value in a warning, characters."""


@dataclass(frozen=True)
class Participants:
    """The content of ``participants.tsv``.

    Attributes
    ----------
    frame : DataFrame
        Index ``participant_id`` (with ``sub-``); columns ``age`` (years, float), ``sex`` (male,
        female, other), ``group`` and ``site`` (any text), as far as the file has them.
    unmatched : str
        Rows without a participant, see
        :func:`~pvs_workflow.inputs.unmatched.explain_unmatched`.
    warning : str
        Why the file, or some of its rows or values, could not be used; empty otherwise.

    """

    frame: pd.DataFrame
    unmatched: str = ''
    warning: str = ''


def read_participants(bids_dir: Path | None, people: Iterable[str] = ()) -> Participants:
    """Read age, sex, group and site from ``participants.tsv``.

    If the file is absent or cannot be used, the result has no rows; no content raises an error.
    Values that differ between rows of one participant, as ages of several sessions do, are left
    out.

    Parameters
    ----------
    bids_dir : Path, optional
    people : iterable of str
        Participants of the run, with ``sub-``, who should have a row.

    Returns
    -------
    Participants

    """
    no_rows = pd.DataFrame(index=pd.Index([], name='participant_id', dtype=object))
    path = Path(bids_dir or '') / 'participants.tsv'
    if bids_dir is None or not os.path.lexists(path):
        return Participants(no_rows)
    try:
        content = read_tsv(path, ragged=True)
        labels = _labels(path, content)
    except PVSError as error:
        return Participants(no_rows, warning=one_line(f'{error} (file ignored)'))
    kept = [(label, row) for label, row in zip(labels, content.rows, strict=True) if label]
    dropped = [str(line) for label, line in zip(labels, content.lines, strict=True) if not label]
    descriptions = read_json_object(path.with_suffix('.json'))
    columns, unknown = _parse_columns(content.columns, [row for _, row in kept], descriptions)
    frame, differing = _merge_rows([label for label, _ in kept], columns)
    if 'age' in frame:
        frame['age'] = frame['age'].astype(float)
    others = [folder.name for folder in path.parent.glob('sub-*')]
    unmatched = explain_unmatched(frame.index, set(people), others)
    problems = [
        f'rows without participant or with too many cells left out: line {list_some(dropped)}'
        if dropped
        else '',
        f'unknown values left out: {", ".join(unknown)}' if unknown else '',
        f'values that differ between rows left out: {", ".join(differing)}' if differing else '',
        unmatched,
    ]
    warning = '; '.join(filter(None, problems))
    return Participants(
        frame,
        one_line(f'{path}: {unmatched}') if unmatched else '',
        one_line(f'{path}: {warning}') if warning else '',
    )


def _labels(path: Path, content: TextTable) -> list[str | None]:
    """Return the participant of each row; None if it is missing or the row is too long."""
    names = _names(content.columns)
    if names.count('participant_id') != 1:
        number = 'two columns' if 'participant_id' in names else 'no column'
        raise PVSError(f'{path} has {number} participant_id')
    position = names.index('participant_id')
    labels = []
    for line, row in zip(content.lines, content.rows, strict=True):
        label = None if line in content.overlong else _cell(row[position])
        labels.append(f'sub-{label.removeprefix("sub-")}' if label else None)
    return labels


def _names(columns: Sequence[str]) -> list[str]:
    return [(_cell(name) or '').lower() for name in columns]


def _parse_columns(
    header: Sequence[str], rows: Sequence[list[str]], descriptions: dict
) -> tuple[dict[str, list[str | float | None]], list[str]]:
    """Return the values of each column, and texts about values that are not understood."""
    names = _names(header)
    columns, unknown = {}, []
    for name in _COLUMNS:
        if names.count(name) != 1:
            unknown += [f'all of {name} (two columns)'] if name in names else []
            continue
        cells = [_cell(row[names.index(name)]) for row in rows]
        columns[name] = values = _parse(name, cells, descriptions)
        wrong = [
            cell
            for cell, value in zip(cells, values, strict=True)
            if cell is not None and value is None
        ]
        if wrong:
            unknown.append(f'{len(wrong)} of {name} (such as {wrong[0][:_MAX_SHOWN]!r})')
    return columns, unknown


def _parse(name: str, cells: Sequence[str | None], descriptions: dict) -> list:
    if name == 'age':
        return [None if cell is None else parse_age(cell) for cell in cells]
    if name == 'sex':
        keys = {key.strip().lower(): value for key, value in descriptions.items()}
        description = keys.get('sex')
        return parse_sexes(
            cells, description.get('Levels') if isinstance(description, dict) else None
        )
    return list(cells)


def _merge_rows(labels: Sequence[str], columns: dict) -> tuple[pd.DataFrame, list[str]]:
    """Return one row for each participant, and texts about values that differ between rows."""
    merged, differing = {}, []
    for name, values in columns.items():
        known = {label: set() for label in labels}
        for label, value in zip(labels, values, strict=True):
            known[label] |= {value} - {None}
        number = sum(len(distinct) > 1 for distinct in known.values())
        differing += [f'{name} of {number} participants'] if number else []
        merged[name] = [min(one) if len(one) == 1 else None for one in known.values()]
    index = pd.Index(dict.fromkeys(labels), name='participant_id', dtype=object)
    return pd.DataFrame(merged, index=index), differing


def _cell(text: str) -> str | None:
    """Return the text of a cell without blanks and the quotes of R, or None if it is missing."""
    text = re.sub(r'"(.*)"', r'\1', text.strip()).strip()
    return None if text.lower() in _MISSING else text
