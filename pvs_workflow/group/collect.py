"""Collect the participants' results in group tables, the group page and the reading sheet."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from pvs_workflow.cohort.change import compare_sessions
from pvs_workflow.cohort.selection import select_results
from pvs_workflow.derivatives.columns import column_names
from pvs_workflow.derivatives.results import read_results
from pvs_workflow.derivatives.tables import write_table
from pvs_workflow.group.acquisitions import are_one_acquisition
from pvs_workflow.group.rows import count_rows, first_sessions, result_rows, session_orders
from pvs_workflow.group.warnings import absent_warning, copies_warning, order_warning
from pvs_workflow.inputs.participants import read_participants
from pvs_workflow.inputs.presence import find_absent
from pvs_workflow.raters.matching import match_ratings, model_results
from pvs_workflow.raters.rater_agreement import agreement_table, pair_raters
from pvs_workflow.raters.ratings import find_key, read_ratings
from pvs_workflow.report.agreement_section import agreement_section
from pvs_workflow.report.change_section import change_section
from pvs_workflow.report.group_page import write_group_page
from pvs_workflow.report.reading_sheet import write_reading_sheet
from pvs_workflow.report.sections import outlier_section, people_section, scanner_section


@dataclass(frozen=True)
class GroupOutput:
    """The outcome of the group level.

    Attributes
    ----------
    written : tuple of Path
        Files that were written.
    problems : tuple of str
        A sentence for each result that was left out.
    warnings : tuple of str
        A sentence for each problem that is not a failure.

    """

    written: tuple[Path, ...]
    problems: tuple[str, ...]
    warnings: tuple[str, ...] = ()


def collect_group(
    output_dir: Path, bids_dir: Path | None = None, ratings: Sequence[Path] = ()
) -> GroupOutput:
    """Write the group's tables and page from the results of all participants.

    Results with a missing or damaged table are left out and reported.

    Parameters
    ----------
    output_dir : Path
    bids_dir : Path, optional
        The raw dataset; only ``participants.tsv``, the times in ``sessions.tsv``, ``scans.tsv``
        and JSON files, and names of files are read. It may be absent.
    ratings : sequence of Path
        Tables of ratings; their agreement with the model is written to ``group_agreement.tsv``
        and shown on the page.

    Returns
    -------
    GroupOutput

    Raises
    ------
    NoInputError
        If no result is usable.
    PVSError
        If ratings cannot be used.
    OutputError
        If the folder cannot be written.

    """
    output_dir = Path(output_dir)
    found = read_results(output_dir)
    problems = list(found.problems)
    rows, results = result_rows(found.results)
    participants = read_participants(bids_dir, rows['participant_id'])
    if 'site' in participants.frame:
        rows['site'] = rows['participant_id'].map(participants.frame['site'])
    absent = find_absent(bids_dir, rows['t2w'].dropna())
    rows['selected'] = select_results(rows, absent).map({True: 'true', False: 'false'})
    people = rows[rows['selected'] == 'true']
    selected = [results[number] for number in people.index]
    # Ratings are read before anything is written, so that unusable ones change nothing.
    agreement, ratings_section = None, None
    if ratings:
        # A key of a reading sheet next to the ratings has priority.
        all_ratings = read_ratings(ratings, lambda folder: find_key([folder, output_dir]))
        matched = match_ratings(all_ratings, model_results(results, selected))
        pairs = pair_raters(matched)
        agreement = agreement_table(pairs)
        ratings_section = agreement_section(matched, pairs, agreement)
        problems += matched.problems
    grades = rows[list(column_names('group_potter'))]
    orders = session_orders(rows, bids_dir)
    comparison = compare_sessions(
        rows,
        orders,
        absent,
        lambda one, two: are_one_acquisition(results[one], results[two], bids_dir),
    )
    changes = comparison.changes
    warnings = [
        *absent_warning(absent, bids_dir),
        *order_warning(orders),
        *copies_warning(found.copies),
    ]
    sections = [
        outlier_section(people),
        scanner_section(people),
        people_section(first_sessions(people, orders), participants.frame, participants.warning),
        change_section(comparison) if len(changes) else None,
        ratings_section,
    ]
    written = [
        *write_table(grades, output_dir / 'group_potter.tsv', 'group_potter'),
        *write_table(count_rows(results), output_dir / 'group_counts.tsv', 'group_counts'),
        *_write_or_remove(changes if len(changes) else None, output_dir, 'group_change'),
        *_write_or_remove(agreement, output_dir, 'group_agreement'),
        write_group_page(
            output_dir,
            grades,
            count_rows(selected),
            [section for section in sections if section],
            warnings,
        ),
    ]
    if participants.warning:
        warnings.append(participants.warning)
    return GroupOutput(tuple(written), tuple(problems), tuple(warnings))


def collect_sheet(output_dir: Path, seed: int) -> GroupOutput:
    """Write a reading sheet of all images for blinded ratings, in random order.

    Parameters
    ----------
    output_dir : Path
    seed : int
        Seed of the order of the images.

    Returns
    -------
    GroupOutput

    Raises
    ------
    NoInputError
        If no result is usable.
    PVSError
        If no image can be shown, or a file cannot be written.

    """
    output_dir = Path(output_dir)
    found = read_results(output_dir)
    written, sheet_problems = write_reading_sheet(output_dir, found.results, seed)
    return GroupOutput(tuple(written), (*found.problems, *sheet_problems))


def _write_or_remove(frame: pd.DataFrame | None, output_dir: Path, table: str) -> tuple[Path, ...]:
    """Write a table, or remove that of an earlier run if there is none."""
    path = output_dir / f'{table}.tsv'
    if frame is not None:
        return write_table(frame, path, table)
    for outdated in (path, path.with_suffix('.json')):
        outdated.unlink(missing_ok=True)
    return ()
