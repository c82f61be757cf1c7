"""Read raters' counts and grades, and the keys of reading sheets."""

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

from pvs_workflow.derivatives.columns import column_names
from pvs_workflow.errors import PVSError
from pvs_workflow.raters.rating_rows import (
    cell_text,
    parse_hemisphere,
    parse_number,
    parse_person,
    read_rows,
)
from pvs_workflow.science.grading import potter_grade

UNNAMED_RATER = 'rater'
"""Name of the rater in tables without names."""

KEY = 'reading_key.tsv'
"""File name of the key of the current reading sheet."""

_OLD_KEYS = 'reading_key_old-*.tsv'
"""File names of the keys of earlier sheets, whose ratings may still be returned."""


@dataclass(frozen=True)
class Target:
    """The image or whole T2w that a rating refers to.

    Attributes
    ----------
    participant : str
        Label without ``sub-``.
    session : str, optional
        Label without ``ses-``.
    t2w : str, optional
        Path or name of the file, needed if the session has several T2w.
    hemisphere : {'L', 'R'}, optional
        None for a whole T2w.
    slice, rank : int, optional
        Slice index of the image in the input T2w file, from 0, or rank of the slice, from 1.

    """

    participant: str
    session: str | None = None
    t2w: str | None = None
    hemisphere: str | None = None
    slice: int | None = None
    rank: int | None = None


@dataclass(frozen=True)
class Rating:
    """A rater's count and grade of an image or whole T2w.

    Attributes
    ----------
    line : str
        File and line number, for messages.
    rater : str
        Name of the rater; empty if missing.
    target : Target
    count : float
        Number of ePVS, ≥ 0; NaN if missing.
    potter : float
        Grade, 0 to 4, by default that of the count; NaN if both are missing.

    """

    line: str
    rater: str
    target: Target
    count: float
    potter: float

    @property
    def is_missing(self) -> bool:
        """True if there is neither a count nor a grade."""
        return math.isnan(self.potter)


def read_ratings(
    paths: Iterable[Path], key_of: Callable[[Path], Mapping[str, Target]]
) -> tuple[Rating, ...]:
    """Read tables with a row for each rater and image or T2w.

    The columns are ``participant_id``, ``session_id``, ``t2w``, ``hemisphere``, ``slice`` and
    ``slice_rank``, or ``image_id`` instead of these; ``rater``; and ``count``, ``potter`` or
    both. Other columns are ignored.

    Parameters
    ----------
    paths : iterable of Path
    key_of : callable
        Function of the folder of a table with ``image_id`` that returns the targets of a reading
        sheet by their codes.

    Returns
    -------
    tuple of Rating
        All ratings, including missing ones. If no rating names a rater, all are by
        :data:`UNNAMED_RATER`.

    Raises
    ------
    PVSError
        If a table cannot be read, lacks a column or rows, or has an unusable value, or only some
        ratings name a rater.

    """
    ratings = [rating for path in paths for rating in _read(Path(path), key_of)]
    rated = [rating for rating in ratings if not rating.is_missing]
    unnamed = [rating for rating in rated if not rating.rater]
    if len(unnamed) == len(rated):
        return tuple(replace(rating, rater=UNNAMED_RATER) for rating in ratings)
    if unnamed:
        raise PVSError(
            f'{unnamed[0].line}, has no rater; name one in every row with a rating, or in none'
        )
    return tuple(ratings)


def find_key(folders: Iterable[Path]) -> dict[str, Target]:
    """Read the keys of all reading sheets in the given folders.

    Parameters
    ----------
    folders : iterable of Path
        Earlier folders take precedence if a code occurs in several keys; within a folder, newer
        keys do.

    Returns
    -------
    dict of str to Target
        The rated image by its code.

    Raises
    ------
    PVSError
        If no key exists, or one cannot be read.

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
            f'no {KEY} in {" or ".join(map(str, folders))}; image_id needs the key of the '
            'reading sheet'
        )
    needed = [(name,) for name in column_names('reading_key')]
    targets: dict[str, Target] = {}
    for path in paths:
        rows = read_rows(path, lambda _, row: (row['image_id'], _parse_target(row)), needed)
        targets = dict(rows) | targets
    return targets


def _parse_target(row: Mapping[str, str]) -> Target:
    """Return the target of a row, a whole T2w if it names no image, or raise ValueError."""
    person = parse_person(row)
    t2w = cell_text(row, 't2w') or None
    side, index, rank = (cell_text(row, name) for name in ('hemisphere', 'slice', 'slice_rank'))
    if not (side or index or rank):
        return Target(*person, t2w)
    parse_hemisphere(side)
    if not index and not rank:
        raise ValueError('slice: a hemisphere needs slice or slice_rank')
    index = parse_number('slice', index) if index else None
    rank = parse_number('slice_rank', rank) if rank else None
    return Target(*person, t2w, side, index, rank)


def _read(path: Path, key_of: Callable[[Path], Mapping[str, Target]]) -> list[Rating]:
    key = cache(lambda: key_of(path.parent))

    def parse(line: str, row: Mapping[str, str]) -> Rating:
        target = _find_target(row['image_id'], key()) if 'image_id' in row else _parse_target(row)
        count, potter = (
            parse_number(name, row[name]) if cell_text(row, name) else math.nan
            for name in ('count', 'potter')
        )
        if math.isnan(potter) and not math.isnan(count):
            potter = float(potter_grade(count))
        # Each run of blanks and line breaks in a name becomes one blank.
        return Rating(line, ' '.join(cell_text(row, 'rater').split()), target, count, potter)

    ratings = read_rows(path, parse, [('participant_id', 'image_id'), ('count', 'potter')])
    if not ratings:
        raise PVSError(f'{path} has no ratings; add a row for each image')
    return ratings


def _find_target(image: str, key: Mapping[str, Target]) -> Target:
    if image.upper() not in key:
        raise ValueError(f'image_id: {image!r} is not among the {len(key)} in the reading key')
    return key[image.upper()]
