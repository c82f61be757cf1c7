"""Tables that raters fill in: their rows, and the values of their cells, checked."""

import math
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from pvs_workflow.errors import PVSError
from pvs_workflow.science.grading import GRADES, MAX_COUNT
from pvs_workflow.science.slices import HEMISPHERES, N_SLICES
from pvs_workflow.tsv import MISSING, read_tsv

_NUMBERS = {
    'slice': (int, lambda v: v >= 0 and v.is_integer(), 'a whole number from 0'),
    'slice_rank': (int, lambda v: v in range(1, N_SLICES + 1), f'1 to {N_SLICES}'),
    'count': (float, lambda v: 0 <= v <= MAX_COUNT, f'a number from 0 to {MAX_COUNT}'),
    'potter': (float, lambda v: v in GRADES, 'a whole number from 0 to 4'),
}
"""By column: the type of a number, its test, and the test in words."""

_READ = {*_NUMBERS, 'image_id', 'participant_id', 'session_id', 't2w', 'hemisphere', 'rater'}


def read_rows(
    path: Path,
    parse: Callable[[str, dict[str, str]], object],
    needed: Sequence[Sequence[str]] = (),
) -> list:
    """Read the rows of a table of ratings, which may come from a spreadsheet.

    Parameters
    ----------
    path : Path
    parse : callable
        Makes something of the place of a row ("FILE, line N") and its cells by their columns,
        which are stripped of blanks; raises ValueError for what cannot be used.
    needed : sequence of sequences of str
        Columns that must be there: of each sequence, at least one.

    Raises
    ------
    PVSError
        If the file cannot be read, or its columns or a value are not fit.

    """
    content = read_tsv(Path(path), quotes=True, ragged=True)
    columns = [name.strip() for name in content.columns]
    missing = [' or '.join(names) for names in needed if not set(names) & set(columns)]
    if missing:
        raise PVSError(
            f'{path} lacks the column {" and ".join(missing)}, expected a table of tab-separated '
            f'values with {", ".join(" or ".join(names) for names in needed)} and, where there '
            f'are sessions, session_id, received {", ".join(columns)}'
        )
    if double := sorted(name for name in _READ if columns.count(name) > 1):
        raise PVSError(
            f'{path} has columns of the same name, expected each once, received '
            f'{", ".join(double)} more than once'
        )
    rows = []
    for number, cells in zip(content.lines, content.rows, strict=True):
        line = f'{path}, line {number}'
        try:
            rows.append(parse(line, dict(zip(columns, map(str.strip, cells), strict=True))))
        except ValueError as error:
            raise PVSError(f'{line}, has an unusable {error}') from error
    return rows


def given(row: Mapping[str, str], name: str) -> str:
    """Return a cell's text; empty where the cell or its column is missing."""
    text = row.get(name, '')
    return '' if text == MISSING else text


def parse_person(row: Mapping[str, str]) -> tuple[str, str | None]:
    """Return the participant and session of a row, without prefixes, or raise ValueError.

    Examples
    --------
    >>> parse_person({'participant_id': 'sub-01', 'session_id': 'n/a'})
    ('01', None)

    """
    participant = given(row, 'participant_id').removeprefix('sub-')
    if not participant:
        raise ValueError(f'participant_id, expected a label, received {row["participant_id"]!r}')
    return participant, given(row, 'session_id').removeprefix('ses-') or None


def parse_hemisphere(text: str) -> str:
    """Return the hemisphere, or raise ValueError."""
    if text not in HEMISPHERES:
        raise ValueError(f'hemisphere, expected L or R, received {text!r}')
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
        raise ValueError(f'{name}, expected {expected}, received {text!r}')
    return kind(value)
