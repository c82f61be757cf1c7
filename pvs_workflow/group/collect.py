"""The group's tables and page."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path

import pandas as pd

from pvs_workflow.cohort.change import compare_sessions
from pvs_workflow.derivatives.tsv import describe_columns, write_table
from pvs_workflow.group.agreement import compare_raters
from pvs_workflow.group.output import GroupOutput
from pvs_workflow.group.results import describe_result, read_results
from pvs_workflow.inputs.people import read_people
from pvs_workflow.inputs.sessions import order_sessions
from pvs_workflow.report.change_section import change_section
from pvs_workflow.report.group_page import write_group_page
from pvs_workflow.report.outlier_section import outlier_section
from pvs_workflow.report.people_section import people_section
from pvs_workflow.report.scanner_section import scanner_section


def collect_group(
    output_dir: Path, bids_dir: Path | None = None, ratings: Sequence[Path] = ()
) -> GroupOutput:
    """Write the group's tables and page from all participants' tables.

    A result of which either table is missing or damaged is left out and named.

    Parameters
    ----------
    output_dir : Path
    bids_dir : Path, optional
        Only ``participants.tsv`` and ``sub-*/sub-*_sessions.tsv`` are read; it may be absent.
    ratings : sequence of Path
        Tables of raters, whose agreement is written as ``group_agreement.tsv`` and shown.

    Returns
    -------
    GroupOutput

    Raises
    ------
    NoInputError
        If there is no usable result.
    PVSError
        If ratings cannot be used.
    OutputError
        If the folder cannot be written to.

    """
    output_dir = Path(output_dir)
    results, problems = read_results(output_dir)
    grades = [grade | describe_result(path, rows) for path, (grade, rows) in results.items()]
    counts = [row for _, rows in results.values() for row in rows]
    agreement = compare_raters(output_dir, ratings, results.values()) if ratings else None
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
        agreement.section if agreement else None,
    ]
    written = [
        *write_table(grade_frame, output_dir / 'group_potter.tsv', 'group_potter'),
        *write_table(count_frame, output_dir / 'group_counts.tsv', 'group_counts'),
        *_write_or_remove(changes if len(changes) else None, output_dir, 'group_change'),
        *_write_or_remove(agreement and agreement.table, output_dir, 'group_agreement'),
        write_group_page(
            output_dir, grade_frame, count_frame, [part for part in sections if part is not None]
        ),
    ]
    problems += agreement.problems if agreement else ()
    warnings = (people.warning,) if people.warning else ()
    return GroupOutput(tuple(written), tuple(problems), warnings)


def _frame(records: list[dict], by: list[str]) -> pd.DataFrame:
    """Make a table and sort its rows; what is missing comes first, ties keep their order."""
    frame = pd.DataFrame(records)
    return frame.sort_values(by, kind='stable', na_position='first', ignore_index=True)


def _write_or_remove(frame: pd.DataFrame | None, output_dir: Path, table: str) -> tuple[Path, ...]:
    """Write a table; without one, take away that of an earlier run."""
    path = output_dir / f'{table}.tsv'
    if frame is not None:
        return write_table(frame, path, table)
    for old in (path, path.with_suffix('.json')):
        old.unlink(missing_ok=True)
    return ()
