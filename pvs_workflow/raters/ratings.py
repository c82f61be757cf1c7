"""Tables of raters' counts and grades: their rows, checked."""

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from pvs_workflow.derivatives.tsv import MISSING
from pvs_workflow.errors import PVSError
from pvs_workflow.raters.rating_rows import (
    is_missing,
    parse_count,
    parse_hemisphere,
    parse_person,
    parse_potter,
    parse_rank,
    parse_slice,
    read_rows,
)
from pvs_workflow.science.grading import potter_grade

ONLY_RATER = 'rater'
"""What the rater is called in tables that do not name one."""


@dataclass(frozen=True)
class Place:
    """What was rated: an image, or a whole T2w.

    Attributes
    ----------
    participant : str
        Label without ``sub-``.
    session : str, optional
        Label without ``ses-``.
    t2w : str, optional
        The file, or its name; where the session has several.
    hemisphere : {'L', 'R'}, optional
        None for a whole T2w.
    slice, rank : int, optional
        The image's slice as in the input T2w file, from 0, or its place among the three, from 1.

    """

    participant: str
    session: str | None = None
    t2w: str | None = None
    hemisphere: str | None = None
    slice: int | None = None
    rank: int | None = None


@dataclass(frozen=True)
class Rating:
    """What one rater said of one place.

    Attributes
    ----------
    line : str
        The file and the number of the line, for messages.
    rater : str
        Empty where none is named.
    place : Place
    count : float
        ≥ 0; NaN where it is missing.
    potter : float
        0 to 4: as given, or else that of the count; NaN where both are missing.

    """

    line: str
    rater: str
    place: Place
    count: float
    potter: float

    @property
    def is_missing(self) -> bool:
        """Whether nothing was said."""
        return math.isnan(self.potter)


def read_ratings(
    paths: Iterable[Path], find_key: Callable[[Path], Mapping[str, Place]]
) -> tuple[Rating, ...]:
    """Read tables with a row for each image or T2w and rater.

    Columns: ``participant_id``, ``session_id``, ``t2w``, ``hemisphere``, ``slice``,
    ``slice_rank``, or ``image_id`` instead of these; ``rater``; ``count``, ``potter`` or both.
    Other columns are not read.

    Parameters
    ----------
    paths : iterable of Path
    find_key : callable
        Given the folder of a table with ``image_id``, returns what the images of a reading
        sheet are.

    Returns
    -------
    tuple of Rating
        Also the missing ones. Either all have a rater's name, or all are of
        :data:`ONLY_RATER`.

    Raises
    ------
    PVSError
        If a table cannot be read, lacks a column or rows, or has an unusable value.

    """
    out = [rating for path in paths for rating in _read(Path(path), find_key)]
    said = [rating for rating in out if not rating.is_missing]
    unnamed = [rating for rating in said if not rating.rater]
    if len(unnamed) == len(said):
        return tuple(replace(rating, rater=ONLY_RATER) for rating in out)
    if unnamed:
        raise PVSError(
            f'{unnamed[0].line}, has an unusable rater, expected a name in every row with a '
            'rating (or in none), received none'
        )
    return tuple(out)


def _read(path: Path, find_key: Callable[[Path], Mapping[str, Place]]) -> list[Rating]:
    out, key = [], {}
    needed = [('participant_id', 'image_id'), ('count', 'potter')]
    for line, row in read_rows(path, needed):
        if 'image_id' in row and not key:
            key = find_key(path.parent)
        try:
            out.append(_parse(f'{path}, line {line}', row, key))
        except ValueError as error:
            raise PVSError(f'{path}, line {line}, has an unusable {error}') from error
    if not out:
        raise PVSError(f'{path} has no ratings, expected a row for each image, received none')
    return out


def _parse(line: str, row: Mapping[str, str], key: Mapping[str, Place]) -> Rating:
    place = _sheet_place(row['image_id'], key) if 'image_id' in row else _place(row)
    count, potter = row.get('count', ''), row.get('potter', '')
    counted = math.nan if is_missing(count) else parse_count(count)
    if not is_missing(potter):
        grade = parse_potter(potter)
    else:
        grade = math.nan if math.isnan(counted) else float(potter_grade(counted))
    # A name in one line: what breaks lines, or is blank, becomes one blank.
    rater = ' '.join(row.get('rater', '').split())
    return Rating(line, '' if rater == MISSING else rater, place, counted, grade)


def _sheet_place(image: str, key: Mapping[str, Place]) -> Place:
    try:
        return key[image.upper()]
    except KeyError:
        raise ValueError(
            f'image_id, expected one of the {len(key)} of the reading key, received {image!r}'
        ) from None


def _place(row: Mapping[str, str]) -> Place:
    """Return what is rated; without hemisphere and slice it is the whole T2w."""
    person = parse_person(row)
    t2w = None if is_missing(row.get('t2w', '')) else row['t2w']
    texts = [row.get(name, '') for name in ('hemisphere', 'slice', 'slice_rank')]
    side, index, rank = ('' if is_missing(text) else text for text in texts)
    if not (side or index or rank):
        return Place(*person, t2w)
    parse_hemisphere(side)
    if not index and not rank:
        raise ValueError('slice, expected it (or slice_rank) beside a hemisphere, received none')
    return Place(
        *person,
        t2w,
        side,
        parse_slice(index) if index else None,
        parse_rank(rank) if rank else None,
    )
