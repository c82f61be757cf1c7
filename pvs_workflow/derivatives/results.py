"""The results of all participants, found and read from their tables, and checked."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pvs_workflow.derivatives import names
from pvs_workflow.derivatives.checks import check_counts, check_grade
from pvs_workflow.derivatives.tables import MAX_SCAN_BYTES, read_records
from pvs_workflow.errors import NoInputError, PVSError
from pvs_workflow.files import read_json_object
from pvs_workflow.inputs.metadata import is_scalar

_GRADE_END = f'_{names.GRADE}.tsv'
_COUNTS_END = f'_{names.COUNTS}.tsv'


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


def _path(stem: Path, end: str) -> Path:
    return stem.with_name(stem.name + end)


def _slice_thickness(edges: Sequence[float] | None) -> str | None:
    """Return a T2w's longest voxel edge as text."""
    usable = isinstance(edges, list) and all(
        is_scalar(edge) and not isinstance(edge, str) for edge in edges
    )
    return f'{max(edges):.1f} mm' if usable and edges else None
