"""From the participants' derivatives to the group's tables and page."""

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from pvs_workflow.errors import NoInputError, PVSError
from pvs_workflow.report.group_page import write_group_page
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


def collect_group(output_dir: Path) -> GroupOutput:
    """Write the group's tables and page from all participants' tables.

    A result of which either table is missing or damaged is left out and named.

    Parameters
    ----------
    output_dir : Path

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
            grades.append(grade)
            counts.append(count)
    if not grades:
        received = f'only unusable ones: {"; ".join(problems[:3])}' if problems else 'none'
        raise NoInputError(
            f'{output_dir} has no results of participants, expected at least one '
            f'sub-*/[ses-*/]anat/*{_GRADES} (run the participant level first), received {received}'
        )
    grade_frame = _stack(grades, ['participant_id', 'session_id', 't2w'])
    count_frame = _stack(counts, ['participant_id', 'session_id', 'hemisphere', 'slice'])
    written = [
        *write_table(grade_frame, output_dir / 'group_potter.tsv', 'group_potter'),
        *write_table(count_frame, output_dir / 'group_counts.tsv', 'group_counts'),
        write_group_page(output_dir, grade_frame, count_frame),
    ]
    return GroupOutput(tuple(written), tuple(problems))


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
