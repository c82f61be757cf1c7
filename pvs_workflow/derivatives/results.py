"""Find, read and check the results of all participants."""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from pvs_workflow.derivatives import names
from pvs_workflow.derivatives.counts import QC_LEVELS
from pvs_workflow.derivatives.find import FoundFiles, find_files
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
    'slice': (lambda value: isinstance(value, int) and value >= 0, 'a whole number of at least 0'),
    'qc': (lambda value: value in QC_LEVELS, f'one of {", ".join(QC_LEVELS)}'),
}
"""Test of the values of each column, and its description."""

_REQUIRED = {'count', 'count_low', 'count_high', 'slice', 'qc'}


@dataclass(frozen=True)
class Result:
    """The tables of one T2w.

    Attributes
    ----------
    stem : Path
        Common start of the paths of its derivatives: folder and entities of the T2w.
    grade : mapping
        The row of the grade table.
    counts : tuple of mapping
        The six rows of the count table, with ``participant_id`` and ``session_id``.

    """

    stem: Path
    grade: Mapping
    counts: tuple[Mapping, ...]

    def describe(self) -> dict:
        """Return facts about the T2w for the group's page.

        Returns
        -------
        dict
            ``count_sum`` of the six images; ``top_low`` and ``top_high``, the interval of the
            highest count; ``thickness`` of the slices, mm; ``scanner``, ``institution`` and
            ``slice`` (thickness) as text. None if the sidecar of the T2w does not have them.

        """
        top = max(self.counts, key=lambda row: row['count'])
        sidecar = read_json_object(_path(self.stem, f'_{names.T2W}.json'), MAX_SCAN_BYTES)
        facts = {name: value for name, value in sidecar.items() if is_scalar(value)}
        scanner_names = map(facts.get, ('Manufacturer', 'ManufacturersModelName'))
        scanner = [name for name in scanner_names if isinstance(name, str)]
        if isinstance(strength := facts.get('MagneticFieldStrength'), int | float):
            scanner.append(f'{strength:g} T')
        institution = facts.get('InstitutionName')
        thickness = _slice_thickness(sidecar.get('VoxelSize'))
        return {
            'count_sum': math.fsum(row['count'] for row in self.counts),
            'top_low': top['count_low'],
            'top_high': top['count_high'],
            'scanner': ' '.join(scanner) or None,
            'institution': institution if isinstance(institution, str) else None,
            'thickness': thickness,
            'slice': None if thickness is None else f'{thickness:.1f} mm',
        }


@dataclass(frozen=True)
class AllResults:
    """The results of all T2w.

    Attributes
    ----------
    results : list of Result
        Sorted by path.
    problems : list of str
        A sentence for each result that is left out, because a table is missing or damaged, and
        for each folder that cannot be read.
    copies : tuple of Path
        Files that look like copies of results, and are ignored.

    """

    results: list[Result]
    problems: list[str]
    copies: tuple[Path, ...]


def read_results(output_dir: Path) -> AllResults:
    """Read the results of all T2w.

    Returns
    -------
    AllResults

    Raises
    ------
    NoInputError
        If no result is usable.

    """
    tables = find_results(output_dir)
    results, problems = [], list(tables.problems)
    for path in tables.paths:
        try:
            results.append(read_result(path))
        except PVSError as error:
            problems.append(str(error))
    if problems and not results:
        raise NoInputError(f'{output_dir} has only unusable results: {"; ".join(problems[:3])}')
    if not results:
        raise NoInputError(
            f'{output_dir} has no results (sub-*/[ses-*/]anat/*{_GRADE_END}); '
            'run the participant level first'
        )
    return AllResults(results, problems, tables.copies)


def find_results(output_dir: Path) -> FoundFiles:
    """Find all grade tables, including missing ones next to a count table."""
    found = find_files(output_dir, (_GRADE_END, _COUNTS_END))
    stems = {
        path.with_name(path.name.removesuffix(_GRADE_END).removesuffix(_COUNTS_END))
        for path in found.paths
    }
    return replace(found, paths=tuple(sorted(_path(stem, _GRADE_END) for stem in stems)))


def read_result(path: Path) -> Result:
    """Read a grade table and the count table next to it, and check that they are consistent.

    Raises
    ------
    PVSError
        If either is missing or damaged, or contradicts the other or the file name.

    """
    stem = path.with_name(path.name.removesuffix(_GRADE_END))
    counts_path = _path(stem, _COUNTS_END)
    grades = read_records(path, 'potter_grade')
    counts = read_records(counts_path, 'epvs_counts')
    if len(grades) != 1:
        raise PVSError(f'{path} is damaged: expected 1 row, received {len(grades)}')
    (grade,) = grades
    participant, session = grade['participant_id'], grade['session_id']
    entities = path.name.split('_')
    if entities[0] != participant or (session is not None and session not in entities):
        raise PVSError(
            f'{path} has results of {participant}{"" if session is None else f" {session}"}, '
            'which do not match its name'
        )
    check_grade(path, grade)
    check_counts(counts_path, counts)
    highest = max((row['potter'] for row in counts if row['potter'] is not None), default=None)
    if highest != grade['potter']:
        raise PVSError(
            f'{path} has grade {grade["potter"]}, but the highest grade in {counts_path.name} is '
            f'{highest}'
        )
    identity = {'participant_id': participant, 'session_id': session}
    return Result(stem, grade, tuple(identity | row for row in counts))


def check_grade(path: Path, row: Mapping) -> None:
    """Raise PVSError if a row of the grade table ``path`` has values out of range."""
    _check_row(path, row)
    for name, value in row.items():
        if isinstance(value, str) and _CONTROL.search(value):
            raise _unusable_value(path, name, 'text without control characters', repr(value))


def check_counts(path: Path, rows: Sequence[Mapping]) -> None:
    """Raise PVSError if a count table does not have six valid rows.

    Parameters
    ----------
    path : Path
    rows : sequence of mapping
        The rows that :func:`pvs_workflow.derivatives.tables.read_records` read from ``path``.

    """
    images = [(row['hemisphere'], row['slice_rank']) for row in rows]
    if len(images) != len(_IMAGES) or set(images) != _IMAGES:
        received = ', '.join(f'{side} {rank}' for side, rank in images)
        raise PVSError(
            f'{path} is damaged: expected {N_SLICES} rows per hemisphere (slice_rank 1 to '
            f'{N_SLICES}), received {received}'
        )
    for row in rows:
        _check_row(path, row)
    for row in rows:
        if not row['count_low'] <= row['count'] <= row['count_high']:
            interval = f'{row["count_low"]} to {row["count_high"]}'
            raise _unusable_value(path, 'interval', f'an interval around {row["count"]}', interval)


def _check_row(path: Path, row: Mapping) -> None:
    for name, (fits, expected) in _RULES.items():
        if name in row and not fits(row[name]) and (row[name] is not None or name in _REQUIRED):
            raise _unusable_value(path, name, expected, row[name])


def _unusable_value(path: Path, name: str, expected: str, received) -> PVSError:
    value = 'n/a' if received is None else received
    return PVSError(f'{path} has an unusable {name}: {value} is not {expected}')


def _path(stem: Path, end: str) -> Path:
    return stem.with_name(stem.name + end)


def _slice_thickness(edges: Sequence[float] | None) -> float | None:
    """Return a T2w's longest voxel edge, mm."""
    usable = isinstance(edges, list) and all(
        is_scalar(edge) and not isinstance(edge, str) for edge in edges
    )
    return max(edges) if usable and edges else None
