"""The results of all participants, found and read from their tables, and checked."""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pvs_workflow.derivatives import names
from pvs_workflow.derivatives.counts import QC_LEVELS
from pvs_workflow.derivatives.tables import MAX_SCAN_BYTES, read_records
from pvs_workflow.errors import NoInputError, PVSError
from pvs_workflow.files import read_json_object
from pvs_workflow.inputs.metadata import is_scalar
from pvs_workflow.science.grading import GRADES, MAX_COUNT
from pvs_workflow.science.slices import HEMISPHERES, N_SLICES

_GRADE_END = f'_{names.GRADE}.tsv'
_COUNTS_END = f'_{names.COUNTS}.tsv'
_CONTROL = re.compile(r'[\x00-\x1f\x7f-\x9f]')
_IMAGES = {(side, rank) for side in HEMISPHERES for rank in range(1, N_SLICES + 1)}

_COUNT = (
    lambda value: isinstance(value, int | float) and 0 <= value <= MAX_COUNT,
    f'a number from 0 to {MAX_COUNT}',
)
_GRADE = (
    lambda value: isinstance(value, int) and value in GRADES,
    'a whole number from 0 to 4',
)
_SHARE = (
    lambda value: isinstance(value, int | float) and 0 <= value <= 1,
    'a number from 0 to 1',
)
_RULES = {
    **dict.fromkeys(('count', 'count_low', 'count_high'), _COUNT),
    **dict.fromkeys(('potter', 'potter_left', 'potter_right'), _GRADE),
    **dict.fromkeys(('count_max', 'count_left', 'count_right'), _COUNT),
    **dict.fromkeys((f'p_potter{grade}' for grade in GRADES), _SHARE),
    'slice': (lambda value: isinstance(value, int) and value >= 0, 'a whole number from 0'),
    'qc': (lambda value: value in QC_LEVELS, ', '.join(QC_LEVELS)),
}
"""By column: the test of a value, and the test in words."""

_REQUIRED = {'count', 'count_low', 'count_high', 'slice', 'qc'}


@dataclass(frozen=True)
class Result:
    """The tables of one T2w.

    Attributes
    ----------
    stem : Path
        The path of all its derivatives up to what follows the T2w's own entities.
    grade : mapping
        The row of grades.
    counts : tuple of mapping
        The six rows of counts, with ``participant_id`` and ``session_id``.

    """

    stem: Path
    grade: Mapping
    counts: tuple[Mapping, ...]

    def describe(self) -> dict:
        """Return what the group's page shows of the T2w besides its grade.

        Returns
        -------
        dict
            ``count_sum`` of the six images, ``top_low`` and ``top_high`` (the interval of the
            highest count), ``scanner``, ``institution`` and ``slice`` (texts, None where the
            sidecar of the T2w has nothing usable).

        """
        top = max(self.counts, key=lambda row: row['count'])
        sidecar = read_json_object(_path(self.stem, f'_{names.T2W}.json'), MAX_SCAN_BYTES)
        facts = {name: value for name, value in sidecar.items() if is_scalar(value)}
        texts = [facts.get(name) for name in ('Manufacturer', 'ManufacturersModelName')]
        parts = [text for text in texts if isinstance(text, str)]
        if isinstance(strength := facts.get('MagneticFieldStrength'), int | float):
            parts.append(f'{strength:g} T')
        institution = facts.get('InstitutionName')
        return {
            'count_sum': math.fsum(row['count'] for row in self.counts),
            'top_low': top['count_low'],
            'top_high': top['count_high'],
            'scanner': ' '.join(parts) or None,
            'institution': institution if isinstance(institution, str) else None,
            'slice': _slice_thickness(sidecar.get('VoxelSize')),
        }


def read_results(output_dir: Path) -> tuple[list[Result], list[str]]:
    """Read the tables of all T2w.

    A result of which either table is missing or damaged is left out and named.

    Returns
    -------
    results : list of Result
        Sorted by path.
    problems : list of str
        Why others are left out, one sentence each.

    Raises
    ------
    NoInputError
        If there is no usable result.

    """
    results, problems = [], []
    for path in find_results(output_dir):
        try:
            results.append(read_result(path))
        except PVSError as error:
            problems.append(str(error))
    if not results:
        received = f'only unusable ones: {"; ".join(problems[:3])}' if problems else 'none'
        raise NoInputError(
            f'{output_dir} has no results of participants, expected at least one '
            f'sub-*/[ses-*/]anat/*{_GRADE_END} (run the participant level first), received '
            f'{received}'
        )
    return results, problems


def find_results(output_dir: Path) -> list[Path]:
    """Return the grade tables of all participants, and where they would be next to counts."""
    paths = set()
    for end in (_GRADE_END, _COUNTS_END):
        for pattern in (f'sub-*/anat/*{end}', f'sub-*/ses-*/anat/*{end}'):
            found = output_dir.glob(pattern)
            paths |= {path.with_name(path.name.removesuffix(end) + _GRADE_END) for path in found}
    return sorted(paths)


def read_result(path: Path) -> Result:
    """Read a grade table and the counts next to it, and check that they belong together.

    Raises
    ------
    PVSError
        If either is missing or damaged, or they contradict each other or their place.

    """
    stem = path.with_name(path.name.removesuffix(_GRADE_END))
    counts_path = _path(stem, _COUNTS_END)
    grades = read_records(path, 'potter_grade')
    counts = read_records(counts_path, 'epvs_counts')
    if len(grades) != 1:
        raise PVSError(f'{path} is damaged, expected one row, received {len(grades)}')
    (grade,) = grades
    participant, session = grade['participant_id'], grade['session_id']
    place = path.name.split('_')
    if place[0] != participant or (session is not None and session not in place):
        raise PVSError(
            f'{path} is not in its place, expected a row of {place[0]}, received one of '
            f'{participant}{"" if session is None else f" {session}"}'
        )
    check_grade(path, grade)
    check_counts(counts_path, counts)
    highest = max((row['potter'] for row in counts if row['potter'] is not None), default=None)
    if highest != grade['potter']:
        raise PVSError(
            f'{path} does not go with {counts_path.name}, expected the highest grade of the '
            f'images, {highest}, received {grade["potter"]}'
        )
    identity = {'participant_id': participant, 'session_id': session}
    return Result(stem, grade, tuple(identity | row for row in counts))


def check_grade(path: Path, row: Mapping) -> None:
    """Refuse a row of grades, as read from ``path``, that has values out of their range."""
    _check_row(path, row)
    for name, value in row.items():
        if isinstance(value, str) and _CONTROL.search(value):
            raise _unusable(path, name, 'text without control characters', repr(value))


def check_counts(path: Path, rows: Sequence[Mapping]) -> None:
    """Refuse rows of counts that are not those of six images, or have values out of their range.

    The rows are those that :func:`pvs_workflow.derivatives.tables.read_records` has read from
    ``path``.
    """
    images = [(row['hemisphere'], row['slice_rank']) for row in rows]
    if len(images) != len(_IMAGES) or set(images) != _IMAGES:
        received = ', '.join(f'{side} {rank}' for side, rank in images)
        raise PVSError(
            f'{path} is damaged, expected {N_SLICES} rows of each hemisphere (slice_rank 1 to '
            f'{N_SLICES}), received {received}'
        )
    for row in rows:
        _check_row(path, row)
    for row in rows:
        if not row['count_low'] <= row['count'] <= row['count_high']:
            received = f'{row["count_low"]} to {row["count_high"]}'
            raise _unusable(path, 'interval', f'one that holds {row["count"]}', received)


def _check_row(path: Path, row: Mapping) -> None:
    for name, (fits, expected) in _RULES.items():
        if name in row and not fits(row[name]) and (row[name] is not None or name in _REQUIRED):
            raise _unusable(path, name, expected, row[name])


def _unusable(path: Path, name: str, expected: str, received) -> PVSError:
    return PVSError(
        f'{path} has an unusable {name}, expected {expected}, received '
        f'{"n/a" if received is None else received}'
    )


def _path(stem: Path, end: str) -> Path:
    return stem.with_name(stem.name + end)


def _slice_thickness(edges: Sequence[float] | None) -> str | None:
    """Return a T2w's longest voxel edge as text."""
    usable = isinstance(edges, list) and all(
        is_scalar(edge) and not isinstance(edge, str) for edge in edges
    )
    return f'{max(edges):.1f} mm' if usable and edges else None
