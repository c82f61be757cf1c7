"""The rows of tables of ratings: their columns and values, checked."""

import csv
import io
import math
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from pvs_workflow.derivatives.tsv import MISSING
from pvs_workflow.errors import PVSError
from pvs_workflow.files import read_text
from pvs_workflow.science.grading import GRADES
from pvs_workflow.science.slices import HEMISPHERES, N_SLICES

MOST = 10_000
"""No image has more pixels than these: a larger count is a slip."""

SEPARATED = 'a table of tab-separated values'
_READ = (
    'image_id',
    'participant_id',
    'session_id',
    't2w',
    'hemisphere',
    'slice',
    'slice_rank',
    'count',
    'potter',
    'rater',
)


def read_rows(
    path: Path, check: Sequence[Sequence[str]] = ()
) -> Iterator[tuple[int, dict[str, str]]]:
    """Yield each row of a table with its line number, its values stripped of blanks.

    Parameters
    ----------
    path : Path
    check : sequence of sequences of str
        Columns that must be there: of each sequence, at least one.

    Raises
    ------
    PVSError
        If the file cannot be read, or its columns are not fit.

    """
    path = Path(path)
    try:
        stream = io.StringIO(read_text(path, encoding='utf-8-sig'), newline='')
        table = csv.DictReader(stream, delimiter='\t')
        columns = [name.strip() for name in table.fieldnames or ()]
        table.fieldnames = columns
        _check_columns(path, columns, check)
        rows = [
            (table.line_num, {name: (value or '').strip() for name, value in row.items() if name})
            for row in table
        ]
    except (OSError, ValueError, csv.Error) as error:
        raise PVSError(
            f'{path} cannot be read, expected {SEPARATED}, received: {error}'
        ) from error
    yield from rows


def _check_columns(path: Path, columns: Sequence[str], check: Sequence[Sequence[str]]) -> None:
    missing = [' or '.join(names) for names in check if not set(names) & set(columns)]
    if missing:
        raise PVSError(
            f'{path} lacks the column {" and ".join(missing)}, expected {SEPARATED} with '
            f'{", ".join(" or ".join(names) for names in check)} and, where there are sessions, '
            f'session_id, received {", ".join(columns) or "an empty file"}'
        )
    double = sorted({name for name in columns if name in _READ and columns.count(name) > 1})
    if double:
        raise PVSError(
            f'{path} has columns of the same name, expected each once, received '
            f'{", ".join(double)} more than once'
        )


def parse_person(row: Mapping[str, str]) -> tuple[str, str | None]:
    """Return whose image it is: participant and session, without prefixes.

    Examples
    --------
    >>> parse_person({'participant_id': 'sub-01', 'session_id': 'n/a'})
    ('01', None)

    """
    participant = row['participant_id'].removeprefix('sub-')
    if is_missing(participant):
        raise ValueError(f'participant_id, expected a label, received {row["participant_id"]!r}')
    session = row.get('session_id', '').removeprefix('ses-')
    return participant, None if is_missing(session) else session


def parse_hemisphere(text: str) -> str:
    """Return the hemisphere, or raise ValueError."""
    if text not in HEMISPHERES:
        raise ValueError(f'hemisphere, expected L or R, received {text!r}')
    return text


def parse_slice(text: str) -> int:
    """Return the index of a slice, or raise ValueError."""
    index = _number(text)
    if not (index >= 0 and index.is_integer()):
        raise ValueError(f'slice, expected a whole number from 0, received {text!r}')
    return int(index)


def parse_count(text: str) -> float:
    """Return a count, or raise ValueError."""
    count = _number(text)
    if not 0 <= count <= MOST:
        raise ValueError(f'count, expected a number from 0 to {MOST}, received {text!r}')
    return count


def parse_potter(text: str) -> float:
    """Return a grade, or raise ValueError.

    Examples
    --------
    >>> parse_potter('2.0')
    2.0

    """
    grade = _number(text)
    if grade not in GRADES:
        raise ValueError(f'potter, expected a whole number from 0 to 4, received {text!r}')
    return grade


def parse_rank(text: str) -> int:
    """Return the place of a slice among the three, or raise ValueError."""
    rank = _number(text)
    if rank not in range(1, N_SLICES + 1):
        raise ValueError(f'slice_rank, expected 1 to {N_SLICES}, received {text!r}')
    return int(rank)


def is_missing(text: str) -> bool:
    """Tell whether a cell holds nothing."""
    return text in ('', MISSING)


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return math.nan
