"""The results of all participants, read from their tables and checked."""

import math
from pathlib import Path

from pvs_workflow.derivatives import names
from pvs_workflow.derivatives.records import read_records
from pvs_workflow.errors import NoInputError, PVSError
from pvs_workflow.files import read_json
from pvs_workflow.group.checks import check_counts, check_grade
from pvs_workflow.inputs.metadata import is_plain

GRADES_END = f'_{names.GRADE}.tsv'
_COUNTS = f'_{names.COUNTS}.tsv'
_T2W = f'_{names.T2W}.json'
_MOST_SIDECAR = 2**20

Result = tuple[dict, list[dict]]
"""The row of grades of a T2w, and its six rows of counts."""


def read_results(output_dir: Path) -> tuple[dict[Path, Result], list[str]]:
    """Read the tables of all T2w.

    A result of which either table is missing or damaged is left out and named.

    Parameters
    ----------
    output_dir : Path

    Returns
    -------
    results : dict of Path to (dict, list of dict)
        Grade and counts, by the path of the grade.
    problems : list of str
        Why others are left out.

    Raises
    ------
    NoInputError
        If there is no usable result.

    """
    results, problems = {}, []
    for path in find_results(output_dir):
        try:
            results[path] = read_result(path)
        except PVSError as error:
            problems.append(str(error))
    if not results:
        received = f'only unusable ones: {"; ".join(problems[:3])}' if problems else 'none'
        raise NoInputError(
            f'{output_dir} has no results of participants, expected at least one '
            f'sub-*/[ses-*/]anat/*{GRADES_END} (run the participant level first), received '
            f'{received}'
        )
    return results, problems


def find_results(output_dir: Path) -> list[Path]:
    """Return the grade tables of all participants, and where they would be beside counts."""
    paths = set()
    for end in (GRADES_END, _COUNTS):
        for pattern in (f'sub-*/anat/*{end}', f'sub-*/ses-*/anat/*{end}'):
            found = output_dir.glob(pattern)
            paths |= {path.with_name(path.name.removesuffix(end) + GRADES_END) for path in found}
    return sorted(paths)


def read_result(path: Path) -> tuple[dict, list[dict]]:
    """Read one T2w's grade and counts, and check that they belong together.

    Parameters
    ----------
    path : Path
        The grade table; the counts are beside it.

    Returns
    -------
    grade : dict
        The row.
    counts : list of dict
        The six rows, with ``participant_id`` and ``session_id``.

    Raises
    ------
    PVSError
        If either is missing or damaged, or they contradict each other or their place.

    """
    grades = read_records(path, 'potter_grade')
    counts_path = path.with_name(path.name.removesuffix(GRADES_END) + _COUNTS)
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
    whose = {'participant_id': participant, 'session_id': session}
    return grade, [whose | row for row in counts]


def describe_result(path: Path, counts: list[dict]) -> dict:
    """Return what the page tells of a T2w besides its grade.

    Parameters
    ----------
    path : Path
        The grade table.
    counts : list of dict
        The six rows.

    Returns
    -------
    dict
        ``count_sum`` of the six images, ``top_low`` and ``top_high`` (the interval of the
        highest count), ``scanner``, ``institution`` and ``slice`` (texts, missing where the
        sidecar of the T2w does not tell).

    """
    top = max(counts, key=lambda row: row['count'])
    facts = _read_sidecar(path.with_name(path.name.removesuffix(GRADES_END) + _T2W))
    edges = facts.get('VoxelSize')
    facts = {name: value for name, value in facts.items() if is_plain(value)}
    names = ('Manufacturer', 'ManufacturersModelName')
    parts = [facts[name] for name in names if isinstance(facts.get(name), str)]
    if isinstance(strength := facts.get('MagneticFieldStrength'), int | float):
        parts.append(f'{strength:g} T')
    known = isinstance(edges, list) and all(
        is_plain(edge) and not isinstance(edge, str) for edge in edges
    )
    institution = facts.get('InstitutionName')
    return {
        'count_sum': math.fsum(row['count'] for row in counts),
        'top_low': top['count_low'],
        'top_high': top['count_high'],
        'scanner': ' '.join(parts) or None,
        'institution': institution if isinstance(institution, str) else None,
        'slice': f'{max(edges):.1f} mm' if known and edges else None,
    }


def _read_sidecar(path: Path) -> dict:
    try:
        content = read_json(path, _MOST_SIDECAR)
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}
