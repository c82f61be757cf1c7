"""From the participants' derivatives to the group's tables and page."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from pvs_workflow.errors import NoInputError, PVSError
from pvs_workflow.report.agreement_section import agreement_section
from pvs_workflow.report.group_page import write_group_page
from pvs_workflow.report.reading_sheet import SheetScan, write_reading_sheet
from pvs_workflow.report.sections import GroupSection
from pvs_workflow.science.items import model_results
from pvs_workflow.science.rated import match_ratings
from pvs_workflow.science.rater_agreement import agreement_table, find_pairs
from pvs_workflow.science.ratings import read_ratings
from pvs_workflow.science.reading_key import find_key
from pvs_workflow.science.slices import HEMISPHERES, N_SLICES
from pvs_workflow.science.tables import read_table, write_table

_GRADES = '_desc-potter_grade.tsv'
_COUNTS = '_desc-epvs_counts.tsv'


@dataclass(frozen=True)
class GroupOutput:
    """What was made of a group's derivatives.

    Attributes
    ----------
    written : tuple of Path
    problems : tuple of str
        Results that were left out, one sentence each.

    """

    written: tuple[Path, ...]
    problems: tuple[str, ...]


@dataclass(frozen=True)
class Agreement:
    """How raters agree with the model and each other."""

    table: pd.DataFrame
    section: GroupSection
    problems: tuple[str, ...]


def collect_group(output_dir: Path, ratings: Sequence[Path] = ()) -> GroupOutput:
    """Write the group's tables and page from all participants' tables.

    A result of which either table is missing or damaged is left out and named.

    Parameters
    ----------
    output_dir : Path
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
    grades, counts = ([result[table] for result in results.values()] for table in (0, 1))
    agreement = compare_raters(output_dir, ratings, results.values()) if ratings else None
    grade_frame = _stack(grades, ['participant_id', 'session_id', 't2w'])
    count_frame = _stack(counts, ['participant_id', 'session_id', 'hemisphere', 'slice'])
    written = [
        *write_table(grade_frame, output_dir / 'group_potter.tsv', 'group_potter'),
        *write_table(count_frame, output_dir / 'group_counts.tsv', 'group_counts'),
        write_group_page(
            output_dir, grade_frame, count_frame, [agreement.section] if agreement else []
        ),
    ]
    if agreement:
        problems += agreement.problems
        written += write_table(
            agreement.table, output_dir / 'group_agreement.tsv', 'group_agreement'
        )
    return GroupOutput(tuple(written), tuple(problems))


def collect_sheet(output_dir: Path, seed: int) -> GroupOutput:
    """Write a blinded sheet of all images, to be rated, from the participants' derivatives.

    Parameters
    ----------
    output_dir : Path
    seed : int
        Of the random order.

    Returns
    -------
    GroupOutput

    Raises
    ------
    NoInputError
        If there is no usable result.
    PVSError
        If none of them can be shown, or a file cannot be written.

    """
    output_dir = Path(output_dir)
    results, problems = read_results(output_dir)
    scans = []
    for path, (grade, counts) in results.items():
        identity = grade.loc[0, ['participant_id', 'session_id', 't2w']]
        participant, session, t2w = (None if pd.isna(text) else text for text in identity)
        stem = path.with_name(path.name.removesuffix(_GRADES))
        scans.append(SheetScan(participant, session, t2w, stem, counts))
    written, unseen = write_reading_sheet(output_dir, scans, seed)
    return GroupOutput(tuple(written), (*problems, *unseen))


def compare_raters(
    output_dir: Path,
    ratings: Sequence[Path],
    results: Iterable[tuple[pd.DataFrame, pd.DataFrame]],
) -> Agreement:
    """Compare raters with the model, and with each other.

    Parameters
    ----------
    output_dir : Path
        Where the key of a reading sheet is, unless it lies beside the ratings.
    ratings : sequence of Path
    results : iterable of (DataFrame, DataFrame)
        Each T2w's grade and counts.

    Raises
    ------
    PVSError
        If ratings cannot be used.

    """
    read = read_ratings(ratings, lambda folder: find_key([folder, output_dir]))
    rated = match_ratings(read, model_results(results))
    pairs = find_pairs(rated)
    table = agreement_table(rated, pairs)
    return Agreement(table, agreement_section(rated, pairs, table), rated.problems)


def read_results(
    output_dir: Path,
) -> tuple[dict[Path, tuple[pd.DataFrame, pd.DataFrame]], list[str]]:
    """Read the tables of all T2w.

    Parameters
    ----------
    output_dir : Path

    Returns
    -------
    results : dict of Path to (DataFrame, DataFrame)
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
            f'sub-*/[ses-*/]anat/*{_GRADES} (run the participant level first), received {received}'
        )
    return results, problems


def find_results(output_dir: Path) -> list[Path]:
    """Return the grade tables of all participants, and where they would be beside counts."""
    paths = set()
    for end in (_GRADES, _COUNTS):
        for pattern in (f'sub-*/anat/*{end}', f'sub-*/ses-*/anat/*{end}'):
            found = output_dir.glob(pattern)
            paths |= {path.with_name(path.name.removesuffix(end) + _GRADES) for path in found}
    return sorted(paths)


def read_result(path: Path) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Read one T2w's grade and counts, and check that they belong together.

    Parameters
    ----------
    path : Path
        The grade table; the counts are beside it.

    Returns
    -------
    grade, counts : DataFrame
        The counts with ``participant_id`` and ``session_id``.

    Raises
    ------
    PVSError
        If either is missing or damaged, or they contradict each other or their place.

    """
    grade = read_table(path, 'potter_grade')
    counts_path = path.with_name(path.name.removesuffix(_GRADES) + _COUNTS)
    counts = read_table(counts_path, 'epvs_counts')
    if len(grade) != 1:
        raise PVSError(f'{path} is damaged, expected one row, received {len(grade)}')
    participant, session = grade.loc[0, ['participant_id', 'session_id']]
    place = path.name.split('_')
    if place[0] != participant or (pd.notna(session) and session not in place):
        raise PVSError(
            f'{path} is not in its place, expected a row of {place[0]}, received one of '
            f'{participant}{"" if pd.isna(session) else f" {session}"}'
        )
    sides = counts['hemisphere'].value_counts().to_dict()
    if sides != dict.fromkeys(HEMISPHERES, N_SLICES):
        raise PVSError(
            f'{counts_path} is damaged, expected {N_SLICES} rows of each hemisphere, '
            f'received {sides}'
        )
    if counts['potter'].max() != grade.loc[0, 'potter']:
        raise PVSError(
            f'{path} does not go with {counts_path.name}, expected the highest grade of the '
            f'images, {counts["potter"].max()}, received {grade.loc[0, "potter"]}'
        )
    counts.insert(0, 'participant_id', participant)
    counts.insert(1, 'session_id', session)
    return grade, counts


def _stack(frames: list[pd.DataFrame], by: list[str]) -> pd.DataFrame:
    """Join tables and sort their rows; what is missing comes first, ties keep their order."""
    # As objects, so that a column that is all missing in some tables keeps the others' values.
    stacked = pd.concat([frame.astype(object) for frame in frames], ignore_index=True)
    stacked = stacked.sort_values(by, kind='stable', na_position='first', ignore_index=True)
    return stacked.infer_objects()
