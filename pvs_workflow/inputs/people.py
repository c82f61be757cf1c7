"""What a dataset tells of its people: ``participants.tsv``."""

import csv
import io
import re
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from pvs_workflow.errors import one_line
from pvs_workflow.files import read_text

MISSING = frozenset({'', 'n/a', 'na', 'nan'})
_AGE = re.compile(r'\d+(\.\d+)?\+?')
_OLDEST = 130.0
_SEXES = {'m': 'male', 'male': 'male', 'f': 'female', 'female': 'female', 'o': 'other'}
_SEXES['other'] = 'other'


@dataclass(frozen=True)
class People:
    """What is known of the people of a dataset.

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


def read_people(bids_dir: Path | None) -> People:
    """Read age, sex, group and site from ``participants.tsv``, if there is one.

    Parameters
    ----------
    bids_dir : Path, optional
        It may be absent.

    Returns
    -------
    People
        Without rows where the file is absent or cannot be used. Never raises for what is in it.

    """
    nobody = pd.DataFrame(index=pd.Index([], name='participant_id', dtype=object))
    if bids_dir is None or not (Path(bids_dir) / 'participants.tsv').exists():
        return People(nobody)
    path = Path(bids_dir) / 'participants.tsv'
    try:
        frame = _read_text(path)
    except (OSError, ValueError, csv.Error) as error:
        return People(
            nobody,
            one_line(
                f'{path} was not used, expected a table of tab-separated values with a row for '
                f'each participant, received: {error}'
            ),
        )
    frame = frame.set_index('participant_id')
    lowered: dict[str, str] = {}
    for name in frame.columns:
        lowered.setdefault(str(name).strip().lower(), name)
    kept = {name: frame[lowered[name]] for name in _READERS if name in lowered}
    out = pd.DataFrame({name: _READERS[name](values) for name, values in kept.items()})
    out.index = frame.index
    unread = [
        f'{int((out[name].isna() & values.notna()).sum())} of {name}'
        for name, values in kept.items()
        if (out[name].isna() & values.notna()).any()
    ]
    warning = f'{path} has values that were not understood: {", ".join(unread)}' if unread else ''
    return People(out, warning)


def _read_text(path: Path) -> pd.DataFrame:
    """Read a table as text; nothing for missing values.

    Raises
    ------
    ValueError
        If it is not UTF-8, ragged, or has no or not one row for each participant.

    """
    stream = io.StringIO(read_text(path, encoding='utf-8-sig'), newline='')
    rows = list(csv.reader(stream, delimiter='\t', quoting=csv.QUOTE_NONE))
    rows = [row for row in rows if any(cell.strip() for cell in row)]
    if not rows or 'participant_id' not in rows[0]:
        raise ValueError('no column participant_id')
    header, body = rows[0], rows[1:]
    if len(set(header)) != len(header):
        raise ValueError('two columns of one name')
    wrong = next((n for n, row in enumerate(body, start=2) if len(row) != len(header)), None)
    if wrong is not None:
        raise ValueError(
            f'{len(body[wrong - 2])} cells in row {wrong}, where the header has {len(header)}'
        )
    cells = [[_cell(cell) for cell in row] for row in body]
    frame = pd.DataFrame(cells, columns=header, dtype=object)
    if frame['participant_id'].isna().any():
        raise ValueError('a row without participant_id')
    frame['participant_id'] = 'sub-' + frame['participant_id'].str.removeprefix('sub-')
    if frame['participant_id'].duplicated().any():
        raise ValueError('several rows of one participant')
    return frame


def _cell(text: str) -> str | None:
    return None if text.strip().lower() in MISSING else text.strip()


def _ages(values: pd.Series) -> pd.Series:
    """Read years; an age given as a limit (89+) is that limit."""
    plain = [
        float(text.rstrip('+')) if isinstance(text, str) and _AGE.fullmatch(text) else None
        for text in values
    ]
    years = pd.Series(plain, dtype=float)
    return years.where(years <= _OLDEST).to_numpy()


def _sexes(values: pd.Series) -> list[str | None]:
    return [_SEXES.get(text.lower()) if isinstance(text, str) else None for text in values]


def _texts(values: pd.Series) -> list[str | None]:
    return [text if isinstance(text, str) else None for text in values]


_READERS = {'age': _ages, 'sex': _sexes, 'group': _texts, 'site': _texts}
