"""From the participants' derivatives to the group's tables and page."""

import json
import math
from collections import Counter
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pandas as pd

from pvs_workflow.errors import NoInputError, PVSError
from pvs_workflow.inputs.people import read_people
from pvs_workflow.inputs.sessions import order_sessions
from pvs_workflow.report.change_section import change_section
from pvs_workflow.report.group_page import write_group_page
from pvs_workflow.report.outlier_section import outlier_section
from pvs_workflow.report.people_section import people_section
from pvs_workflow.report.scanner_section import scanner_section
from pvs_workflow.science.change import compare_sessions
from pvs_workflow.science.records import read_records
from pvs_workflow.science.slices import HEMISPHERES, N_SLICES
from pvs_workflow.science.tsv import describe_columns, write_table

_GRADES = '_desc-potter_grade.tsv'
_COUNTS = '_desc-epvs_counts.tsv'
_T2W = '_desc-preproc_T2w.json'


@dataclass(frozen=True)
class GroupOutput:
    """What was made of a group's derivatives.

    Attributes
    ----------
    written : tuple of Path
    problems : tuple of str
        Results that were left out, one sentence each.
    warnings : tuple of str
        What else was found, and is no failure, one sentence each.

    """

    written: tuple[Path, ...]
    problems: tuple[str, ...]
    warnings: tuple[str, ...] = ()


def collect_group(output_dir: Path, bids_dir: Path | None = None) -> GroupOutput:
    """Write the group's tables and page from all participants' tables.

    A result of which either table is missing or damaged is left out and named.

    Parameters
    ----------
    output_dir : Path
    bids_dir : Path, optional
        Only ``participants.tsv`` and ``sub-*/sub-*_sessions.tsv`` are read; it may be absent.

    Returns
    -------
    GroupOutput

    Raises
    ------
    NoInputError
        If there is no usable result.
    OutputError
        If the folder cannot be written to.

    """
    output_dir = Path(output_dir)
    grades, counts, problems = [], [], []
    for path in find_results(output_dir):
        try:
            grade, count = read_result(path)
        except PVSError as error:
            problems.append(str(error))
        else:
            grades.append(grade | describe_result(path, count))
            counts += count
    if not grades:
        received = f'only unusable ones: {"; ".join(problems[:3])}' if problems else 'none'
        raise NoInputError(
            f'{output_dir} has no results of participants, expected at least one '
            f'sub-*/[ses-*/]anat/*{_GRADES} (run the participant level first), received {received}'
        )
    rows = _frame(grades, ['participant_id', 'session_id', 't2w'])
    grade_frame = rows[list(describe_columns('group_potter'))]
    count_frame = _frame(counts, ['participant_id', 'session_id', 'hemisphere', 'slice'])
    people = read_people(bids_dir)
    if 'site' in people.frame:
        rows['site'] = rows['participant_id'].map(people.frame['site'])
    changes, yardstick = compare_sessions(rows, partial(order_sessions, bids_dir))
    sections = [
        outlier_section(rows),
        scanner_section(rows),
        people_section(rows, people.frame, people.warning),
        change_section(changes, yardstick) if len(changes) else None,
    ]
    written = [
        *write_table(grade_frame, output_dir / 'group_potter.tsv', 'group_potter'),
        *write_table(count_frame, output_dir / 'group_counts.tsv', 'group_counts'),
        *_write_changes(changes, output_dir),
        write_group_page(
            output_dir, grade_frame, count_frame, [part for part in sections if part is not None]
        ),
    ]
    warnings = (people.warning,) if people.warning else ()
    return GroupOutput(tuple(written), tuple(problems), warnings)


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
    facts = _read_sidecar(path.with_name(path.name.removesuffix(_GRADES) + _T2W))
    strength = facts.get('MagneticFieldStrength')
    parts = [facts.get('Manufacturer'), facts.get('ManufacturersModelName')]
    parts.append(f'{strength:g} T' if isinstance(strength, int | float) else None)
    edges = facts.get('VoxelSize')
    known = isinstance(edges, list) and all(isinstance(edge, int | float) for edge in edges)
    institution = facts.get('InstitutionName')
    return {
        'count_sum': math.fsum(row['count'] for row in counts),
        'top_low': top['count_low'],
        'top_high': top['count_high'],
        'scanner': ' '.join(part for part in parts if isinstance(part, str)) or None,
        'institution': institution if isinstance(institution, str) else None,
        'slice': f'{max(edges):.1f} mm' if known and edges else None,
    }


def find_results(output_dir: Path) -> list[Path]:
    """Return the grade tables of all participants, and where they would be beside counts."""
    paths = set()
    for end in (_GRADES, _COUNTS):
        for pattern in (f'sub-*/anat/*{end}', f'sub-*/ses-*/anat/*{end}'):
            found = output_dir.glob(pattern)
            paths |= {path.with_name(path.name.removesuffix(end) + _GRADES) for path in found}
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
    counts_path = path.with_name(path.name.removesuffix(_GRADES) + _COUNTS)
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
    sides = dict(Counter(row['hemisphere'] for row in counts))
    if sides != dict.fromkeys(HEMISPHERES, N_SLICES):
        raise PVSError(
            f'{counts_path} is damaged, expected {N_SLICES} rows of each hemisphere, '
            f'received {sides}'
        )
    if any(row[name] is None for row in counts for name in ('count', 'count_low', 'count_high')):
        raise PVSError(
            f'{counts_path} is damaged, expected a count with its interval in each row, received '
            'n/a'
        )
    highest = max((row['potter'] for row in counts if row['potter'] is not None), default=None)
    if highest != grade['potter']:
        raise PVSError(
            f'{path} does not go with {counts_path.name}, expected the highest grade of the '
            f'images, {highest}, received {grade["potter"]}'
        )
    whose = {'participant_id': participant, 'session_id': session}
    return grade, [whose | row for row in counts]


def _frame(records: list[dict], by: list[str]) -> pd.DataFrame:
    """Make a table and sort its rows; what is missing comes first, ties keep their order."""
    frame = pd.DataFrame(records)
    return frame.sort_values(by, kind='stable', na_position='first', ignore_index=True)


def _write_changes(changes: pd.DataFrame, output_dir: Path) -> tuple[Path, ...]:
    """Write the changes; without any, take away those of an earlier run."""
    path = output_dir / 'group_change.tsv'
    if len(changes):
        return write_table(changes, path, 'group_change')
    for old in (path, path.with_suffix('.json')):
        old.unlink(missing_ok=True)
    return ()


def _read_sidecar(path: Path) -> dict:
    try:
        content = json.loads(path.read_text(encoding='utf-8'))
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}
