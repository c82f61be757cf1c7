"""Raters' counts and grades: read from their tables, and checked."""

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

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
        Given the folder of a table with ``image_id``, returns the places of the images of a
        reading sheet by their codes.

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
    ratings = [rating for path in paths for rating in _read(Path(path), find_key)]
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


def parse_place(row: Mapping[str, str]) -> Place:
    """Return what a row rates, or raise ValueError; without image it is the whole T2w."""
    person = parse_person(row)
    t2w = given(row, 't2w') or None
    side, index, rank = (given(row, name) for name in ('hemisphere', 'slice', 'slice_rank'))
    if not (side or index or rank):
        return Place(*person, t2w)
    parse_hemisphere(side)
    if not index and not rank:
        raise ValueError('slice, expected it (or slice_rank) with a hemisphere, received none')
    return Place(
        *person,
        t2w,
        side,
        parse_number('slice', index) if index else None,
        parse_number('slice_rank', rank) if rank else None,
    )


def _read(path: Path, find_key: Callable[[Path], Mapping[str, Place]]) -> list[Rating]:
    key = cache(lambda: find_key(path.parent))

    def parse(line: str, row: Mapping[str, str]) -> Rating:
        place = _sheet_place(row['image_id'], key()) if 'image_id' in row else parse_place(row)
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
