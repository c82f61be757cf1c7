"""The group's tables and page, and the reading sheet, from the participants' derivatives."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pandas as pd

from pvs_workflow.cohort.change import compare_sessions
from pvs_workflow.derivatives.columns import column_names
from pvs_workflow.derivatives.results import read_results
from pvs_workflow.derivatives.tables import write_table
from pvs_workflow.inputs.participants import order_sessions, read_participants
from pvs_workflow.raters.rated import match_ratings, model_results
from pvs_workflow.raters.rater_agreement import agreement_table, pair_raters
from pvs_workflow.raters.ratings import find_key, read_ratings
from pvs_workflow.report.agreement_section import agreement_section
from pvs_workflow.report.change_section import change_section
from pvs_workflow.report.group_page import write_group_page
from pvs_workflow.report.reading_sheet import write_reading_sheet
from pvs_workflow.report.sections import outlier_section, people_section, scanner_section


@dataclass(frozen=True)
class GroupOutput:
    """The files that the group level wrote.

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
    # Before anything is written: ratings that cannot be used change nothing.
    agreement, agreement_part = None, None
    if ratings:
        # The key of a reading sheet is looked for next to the ratings first.
        read = read_ratings(ratings, lambda folder: find_key([folder, output_dir]))
        rated = match_ratings(read, model_results(results))
        pairs = pair_raters(rated)
        agreement = agreement_table(pairs)
        agreement_part = agreement_section(rated, pairs, agreement)
        problems += rated.problems
    rows = _frame(
        [{**result.grade, **result.describe()} for result in results],
        ['participant_id', 'session_id', 't2w'],
    )
    grades = rows[list(column_names('group_potter'))]
    counts = _frame(
        [row for result in results for row in result.counts],
        ['participant_id', 'session_id', 'hemisphere', 'slice'],
    )
    participants = read_participants(bids_dir)
    if 'site' in participants.frame:
        rows['site'] = rows['participant_id'].map(participants.frame['site'])
    changes, threshold = compare_sessions(rows, partial(order_sessions, bids_dir))
    sections = [
        outlier_section(rows),
        scanner_section(rows),
        people_section(rows, participants.frame, participants.warning),
        change_section(changes, threshold) if len(changes) else None,
        agreement_part,
    ]
    written = [
        *write_table(grades, output_dir / 'group_potter.tsv', 'group_potter'),
        *write_table(counts, output_dir / 'group_counts.tsv', 'group_counts'),
        *_write_or_remove(changes if len(changes) else None, output_dir, 'group_change'),
        *_write_or_remove(agreement, output_dir, 'group_agreement'),
        write_group_page(output_dir, grades, counts, [part for part in sections if part]),
    ]
    warnings = (participants.warning,) if participants.warning else ()
    return GroupOutput(tuple(written), tuple(problems), warnings)


def collect_sheet(output_dir: Path, seed: int) -> GroupOutput:
    """Write a sheet of all images, to be rated blindly, in an order that ``seed`` makes random.

    Raises
    ------
    NoInputError
        If there is no usable result.
    PVSError
        If none of them can be shown, or a file cannot be written.

    """
    output_dir = Path(output_dir)
    results, problems = read_results(output_dir)
    written, unseen = write_reading_sheet(output_dir, results, seed)
    return GroupOutput(tuple(written), (*problems, *unseen))


def _frame(records: list[dict], by: list[str]) -> pd.DataFrame:
    """Make a table and sort its rows; what is missing comes first, ties keep their order."""
    frame = pd.DataFrame(records)
    return frame.sort_values(by, kind='stable', na_position='first', ignore_index=True)


def _write_or_remove(frame: pd.DataFrame | None, output_dir: Path, table: str) -> tuple[Path, ...]:
    """Write a table; without one, remove that of an earlier run."""
    path = output_dir / f'{table}.tsv'
    if frame is not None:
        return write_table(frame, path, table)
    for old in (path, path.with_suffix('.json')):
        old.unlink(missing_ok=True)
    return ()
