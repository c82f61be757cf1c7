"""Raters' counts of images, as a table."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean

from pvs_workflow.errors import PVSError
from pvs_workflow.raters.rating_rows import parse_hemisphere, parse_number, parse_person, read_rows

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


def read_counts(path: Path) -> Ratings:
    """Read a table of tab-separated values with a row for each image and rater.

    Its columns are ``participant_id`` (with or without ``sub-``), ``session_id`` (with or
    without ``ses-``; ``n/a`` or left out without sessions), ``hemisphere`` (L or R, the
    person's own), ``slice`` (index along the slice axis of the input T2w file as it is stored,
    from 0) and ``count``. Other columns are not read.

    Raises
    ------
    PVSError
        If the table cannot be read, lacks a column or rows, or has an unusable value.

    """
    path = Path(path)
    found = defaultdict(lambda: defaultdict(list))
    for person, image, count in read_rows(path, _parse, [(name,) for name in COLUMNS]):
        found[person][image].append(count)
    if not found:
        raise PVSError(f'{path} has no ratings, expected a row for each image, received none')
    counts = {
        person: {image: fmean(values) for image, values in images.items()}
        for person, images in found.items()
    }
    return Ratings(path, counts)


def _parse(line: str, row: Mapping[str, str]) -> tuple:
    """Return whose image it is, its hemisphere and slice, and the count."""
    image = parse_hemisphere(row['hemisphere']), parse_number('slice', row['slice'])
    return parse_person(row), image, parse_number('count', row['count'])
