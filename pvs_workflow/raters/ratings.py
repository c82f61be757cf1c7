"""Raters' counts and grades, and the keys of reading sheets: read from tables, and checked."""

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

from pvs_workflow.derivatives.columns import column_names
from pvs_workflow.errors import PVSError
from pvs_workflow.raters.rating_rows import (
    given,
    parse_hemisphere,
    parse_number,
    parse_person,
    read_rows,
)
from pvs_workflow.science.grading import potter_grade

ONLY_RATER = 'rater'
"""The name of the rater in tables that do not name one."""

KEY = 'reading_key.tsv'
_OLD_KEYS = 'reading_key_old-*.tsv'
"""Keys of earlier sheets, which are kept, because readings may still come."""


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
    """One rater's count and grade of one place.

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
        """Whether neither a count nor a grade was given."""
        return math.isnan(self.potter)


def read_ratings(
    paths: Iterable[Path], key_of: Callable[[Path], Mapping[str, Place]]
) -> tuple[Rating, ...]:
    """Read tables with a row for each image or T2w and rater.

    Columns: ``participant_id``, ``session_id``, ``t2w``, ``hemisphere``, ``slice``,
    ``slice_rank``, or ``image_id`` instead of these; ``rater``; ``count``, ``potter`` or both.
    Other columns are not read.

    Parameters
    ----------
    paths : iterable of Path
    key_of : callable
        Given the folder of a table with ``image_id``, returns the places of the images of a
        reading sheet by their codes.

    Returns
    -------
    tuple of Rating
        Also the missing ones. Either all have a rater's name, or all are of :data:`ONLY_RATER`.

    Raises
    ------
    PVSError
        If a table cannot be read, lacks a column or rows, or has an unusable value.

    """
    ratings = [rating for path in paths for rating in _read(Path(path), key_of)]
    rated = [rating for rating in ratings if not rating.is_missing]
    unnamed = [rating for rating in rated if not rating.rater]
    if len(unnamed) == len(rated):
        return tuple(replace(rating, rater=ONLY_RATER) for rating in ratings)
    if unnamed:
        raise PVSError(
            f'{unnamed[0].line}, has an unusable rater, expected a name in every row with a '
            'rating (or in none), received none'
        )
    return tuple(ratings)


def find_key(folders: Iterable[Path]) -> dict[str, Place]:
    """Read all keys of reading sheets in some folders: the place of each image by its code.

    Where the same code is in several, the first folder's newest key is used.

    Raises
    ------
    PVSError
        If there is none, or one cannot be read.

    """
    folders = list(dict.fromkeys(map(Path, folders)))
    paths = [
        path
        for folder in folders
        for path in (folder / KEY, *sorted(folder.glob(_OLD_KEYS), reverse=True))
        if path.is_file()
    ]
    if not paths:
        raise PVSError(
            f'image_id cannot be understood without the key of the reading sheet, expected {KEY} '
            f'in {" or ".join(map(str, folders))}, received none'
        )
    needed = [(name,) for name in column_names('reading_key')]
    places: dict[str, Place] = {}
    for path in paths:
        rows = read_rows(path, lambda _, row: (row['image_id'], _parse_place(row)), needed)
        places = dict(rows) | places
    return places


def _parse_place(row: Mapping[str, str]) -> Place:
    """Return what a row rates, or raise ValueError; without image it is the whole T2w."""
    person = parse_person(row)
    t2w = given(row, 't2w') or None
    side, index, rank = (given(row, name) for name in ('hemisphere', 'slice', 'slice_rank'))
    if not (side or index or rank):
        return Place(*person, t2w)
    parse_hemisphere(side)
    if not index and not rank:
        raise ValueError('slice, expected it (or slice_rank) with a hemisphere, received none')
    index = parse_number('slice', index) if index else None
    rank = parse_number('slice_rank', rank) if rank else None
    return Place(*person, t2w, side, index, rank)


def _read(path: Path, key_of: Callable[[Path], Mapping[str, Place]]) -> list[Rating]:
    key = cache(lambda: key_of(path.parent))

    def parse(line: str, row: Mapping[str, str]) -> Rating:
        place = _sheet_place(row['image_id'], key()) if 'image_id' in row else _parse_place(row)
        count, potter = (
            parse_number(name, row[name]) if given(row, name) else math.nan
            for name in ('count', 'potter')
        )
        if math.isnan(potter) and not math.isnan(count):
            potter = float(potter_grade(count))
        # Blanks and line breaks in a name become one blank each.
        return Rating(line, ' '.join(given(row, 'rater').split()), place, count, potter)

    ratings = read_rows(path, parse, [('participant_id', 'image_id'), ('count', 'potter')])
    if not ratings:
        raise PVSError(f'{path} has no ratings, expected a row for each image, received none')
    return ratings


def _sheet_place(image: str, key: Mapping[str, Place]) -> Place:
    if image.upper() not in key:
        raise ValueError(
            f'image_id, expected one of the {len(key)} of the reading key, received {image!r}'
        )
    return key[image.upper()]
