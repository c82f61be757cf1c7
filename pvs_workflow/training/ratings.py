"""Raters' counts of images, as a table."""

import csv
import math
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean

from pvs_workflow.errors import PVSError
from pvs_workflow.science.slices import HEMISPHERES
from pvs_workflow.science.tsv import MISSING

COLUMNS = ('participant_id', 'hemisphere', 'slice', 'count')
"""Columns that a table of ratings needs; ``session_id`` only where there are sessions."""

Counts = Mapping[tuple[str, int], float]
"""The count of each hemisphere's (L, R) slice; the slice as in the input T2w file, from 0."""


@dataclass(frozen=True)
class Ratings:
    """What raters counted.

    Attributes
    ----------
    source : Path
        The table.
    counts : mapping of (participant, session) to Counts
        Labels without prefix; the session is ``None`` without. Several rows of one image are
        averaged.

    """

    source: Path
    counts: Mapping[tuple[str, str | None], Counts]


def read_ratings(path: Path) -> Ratings:
    """Read a table of tab-separated values with a row for each image and rater.

    Its columns are ``participant_id`` (with or without ``sub-``), ``session_id`` (with or
    without ``ses-``; ``n/a`` or left out without sessions), ``hemisphere`` (L or R, the
    person's own), ``slice`` (index along the slice axis of the input T2w file as it is stored,
    from 0) and ``count``. Other columns are not read.

    Parameters
    ----------
    path : Path

    Returns
    -------
    Ratings

    Raises
    ------
    PVSError
        If the table cannot be read, lacks a column or rows, or has an unusable value.

    """
    path = Path(path)
    found = defaultdict(lambda: defaultdict(list))
    for line, row in _rows(path):
        try:
            person, image, count = _parse(row)
        except ValueError as error:
            raise PVSError(f'{path}, line {line}, has an unusable {error}') from error
        found[person][image].append(count)
    if not found:
        raise PVSError(f'{path} has no ratings, expected a row for each image, received none')
    counts = {
        person: {image: fmean(values) for image, values in images.items()}
        for person, images in found.items()
    }
    return Ratings(path, counts)


def _rows(path: Path) -> Iterator[tuple[int, dict[str, str]]]:
    """Yield each row with its line number."""
    try:
        with path.open(encoding='utf-8-sig', newline='') as stream:
            table = csv.DictReader(stream, delimiter='\t')
            columns = table.fieldnames or ()
            missing = [name for name in COLUMNS if name not in columns]
            if missing:
                raise PVSError(
                    f'{path} lacks the column {" and ".join(missing)}, expected a table of '
                    f'tab-separated values with {", ".join(COLUMNS)} and, where there are '
                    f'sessions, session_id, received {", ".join(columns) or "an empty file"}'
                )
            for row in table:
                yield (
                    table.line_num,
                    {name: (value or '').strip() for name, value in row.items() if name},
                )
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise PVSError(
            f'{path} cannot be read, expected a table of tab-separated values, received: {error}'
        ) from error


def _parse(row: Mapping[str, str]) -> tuple[tuple[str, str | None], tuple[str, int], float]:
    """Return whose image it is, which one, and its count.

    Examples
    --------
    >>> _parse({'participant_id': 'sub-01', 'hemisphere': 'L', 'slice': '17', 'count': '4'})
    (('01', None), ('L', 17), 4.0)

    """
    participant = row['participant_id'].removeprefix('sub-')
    if not participant or participant == MISSING:
        raise ValueError(f'participant_id, expected a label, received {row["participant_id"]!r}')
    session = row.get('session_id', '').removeprefix('ses-')
    if row['hemisphere'] not in HEMISPHERES:
        raise ValueError(f'hemisphere, expected L or R, received {row["hemisphere"]!r}')
    index = _number(row['slice'])
    if not (index >= 0 and index.is_integer()):
        raise ValueError(f'slice, expected a whole number from 0, received {row["slice"]!r}')
    count = _number(row['count'])
    if not 0 <= count < math.inf:
        raise ValueError(f'count, expected a number of at least 0, received {row["count"]!r}')
    person = participant, None if session in ('', MISSING) else session
    return person, (row['hemisphere'], int(index)), count


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return math.nan
