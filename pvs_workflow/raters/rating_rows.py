"""Read tables of ratings, and parse their cells."""

import math
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from pvs_workflow.errors import PVSError
from pvs_workflow.science.grading import GRADES, MAX_COUNT
from pvs_workflow.science.slices import HEMISPHERES, N_SLICES
from pvs_workflow.tsv import MISSING, read_tsv

_NUMBERS = {
    'slice': (int, lambda v: v >= 0 and v.is_integer(), 'a whole number of at least 0'),
    'slice_rank': (
        int,
        lambda v: v in range(1, N_SLICES + 1),
        f'a whole number from 1 to {N_SLICES}',
    ),
    'count': (float, lambda v: 0 <= v <= MAX_COUNT, f'a number from 0 to {MAX_COUNT}'),
    'potter': (float, lambda v: v in GRADES, 'a whole number from 0 to 4'),
}
"""Type and test of the numbers in each column, and a description of the test."""

_READ_COLUMNS = {
    *_NUMBERS,
    'image_id',
    'participant_id',
    'session_id',
    't2w',
    'hemisphere',
    'rater',
}


def read_rows(
    path: Path,
    parse: Callable[[str, dict[str, str]], object],
    needed: Sequence[Sequence[str]] = (),
) -> list:
    """Read the rows of a table of ratings, which may be exported from a spreadsheet.

    Parameters
    ----------
    path : Path
    parse : callable
        Function of the line ("FILE, line N") and of the cells by column, stripped of blanks. It
        raises ValueError with the column and the problem ("COLUMN: PROBLEM") for unusable values.
    needed : sequence of sequences of str
        Required columns: at least one of each sequence.

    Returns
    -------
    list
        The results of ``parse``.

    Raises
    ------
    PVSError
        If the file cannot be read, lacks or repeats a column, or has an unusable value.

    """
    content = read_tsv(Path(path), quotes=True, ragged=True)
    columns = [name.strip() for name in content.columns]
    missing = [' or '.join(names) for names in needed if not set(names) & set(columns)]
    if missing:
        raise PVSError(
            f'{path} lacks the column {" and ".join(missing)}; give tab-separated values with '
            f'{", ".join(" or ".join(names) for names in needed)}'
        )
    if repeated := sorted(name for name in _READ_COLUMNS if columns.count(name) > 1):
        raise PVSError(f'{path} has the column {", ".join(repeated)} more than once')
    rows = []
    for number, cells in zip(content.lines, content.rows, strict=True):
        line = f'{path}, line {number}'
        try:
            rows.append(parse(line, dict(zip(columns, map(str.strip, cells), strict=True))))
        except ValueError as error:
            raise PVSError(f'{line}, has an unusable {error}') from error
    return rows


def cell_text(row: Mapping[str, str], name: str) -> str:
    """Return the text of a cell; empty if the value or the column is missing."""
    text = row.get(name, '')
    return '' if text == MISSING else text


def parse_person(row: Mapping[str, str]) -> tuple[str, str | None]:
    """Return the participant and session of a row without prefixes, or raise ValueError.

    Examples
    --------
    >>> parse_person({'participant_id': 'sub-01', 'session_id': 'n/a'})
    ('01', None)

    """
    participant = cell_text(row, 'participant_id').removeprefix('sub-')
    if not participant:
        raise ValueError(f'participant_id: {row["participant_id"]!r} is not a label')
    return participant, cell_text(row, 'session_id').removeprefix('ses-') or None


def parse_hemisphere(text: str) -> str:
    """Return ``L`` or ``R``, or raise ValueError."""
    if text not in HEMISPHERES:
        raise ValueError(f'hemisphere: {text!r} is not L or R')
    return text


def parse_number(name: str, text: str) -> float:
    """Return the number in a cell of a column, or raise ValueError.

    Examples
    --------
    >>> parse_number('slice', '2.0'), parse_number('potter', '2')
    (2, 2.0)

    """
    kind, fits, expected = _NUMBERS[name]
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not fits(value):
        raise ValueError(f'{name}: {text!r} is not {expected}')
    return kind(value)
