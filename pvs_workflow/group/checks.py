"""Whether a T2w's tables hold what the participant level writes."""

import re
from collections import Counter
from pathlib import Path

from pvs_workflow.derivatives.tables import QC_LEVELS
from pvs_workflow.errors import PVSError
from pvs_workflow.raters.rating_rows import MOST
from pvs_workflow.science.grading import GRADES
from pvs_workflow.science.slices import HEMISPHERES, N_SLICES

_CONTROL = re.compile(r'[\x00-\x1f\x7f-\x9f]')
_COUNTS = ('count_max', 'count_left', 'count_right')
_PROBABILITIES = tuple(f'p_potter{grade}' for grade in GRADES)
_GRADES = ('potter', 'potter_left', 'potter_right')


def check_grade(path: Path, row: dict) -> None:
    """Refuse a row of grades that has values out of their range.

    Parameters
    ----------
    path : Path
        For the message.
    row : dict
        From :func:`read_records`.

    Raises
    ------
    PVSError

    """
    for names, fits, expected in (
        (_GRADES, _is_grade, 'a whole number from 0 to 4'),
        (_COUNTS, _is_count, f'a number from 0 to {MOST}'),
        (_PROBABILITIES, _is_probability, 'a number from 0 to 1'),
        (('qc',), QC_LEVELS.__contains__, ', '.join(QC_LEVELS)),
    ):
        for name in names:
            if not (fits(row[name]) or (row[name] is None and name != 'qc')):
                raise _damaged(path, name, expected, row[name])
    _check_texts(path, row)


def check_counts(path: Path, rows: list[dict]) -> None:
    """Refuse rows of counts that are not those of six images, or have values out of their range.

    Parameters
    ----------
    path : Path
        For the message.
    rows : list of dict
        From :func:`read_records`.

    Raises
    ------
    PVSError

    """
    sides = dict(Counter(row['hemisphere'] for row in rows))
    if sides != dict.fromkeys(HEMISPHERES, N_SLICES):
        raise PVSError(
            f'{path} is damaged, expected {N_SLICES} rows of each hemisphere, received {sides}'
        )
    names = ('count', 'count_low', 'count_high')
    if any(row[name] is None for row in rows for name in names):
        raise PVSError(
            f'{path} is damaged, expected a count with its interval in each row, received n/a'
        )
    for row in rows:
        for name in names:
            if not _is_count(row[name]):
                raise _damaged(path, name, f'a number from 0 to {MOST}', row[name])
        if not row['count_low'] <= row['count'] <= row['count_high']:
            received = ' to '.join(str(row[name]) for name in names[1:])
            raise _damaged(path, 'interval', f'one that holds {row["count"]}', received)
        if not (row['potter'] is None or _is_grade(row['potter'])):
            raise _damaged(path, 'potter', 'a whole number from 0 to 4', row['potter'])
        if not (isinstance(row['slice'], int) and row['slice'] >= 0):
            raise _damaged(path, 'slice', 'a whole number from 0', row['slice'])
        if row['qc'] not in QC_LEVELS:
            raise _damaged(path, 'qc', ', '.join(QC_LEVELS), row['qc'])
    ranks = {(row['hemisphere'], row['slice_rank']) for row in rows}
    if ranks != {(side, rank) for side in HEMISPHERES for rank in range(1, N_SLICES + 1)}:
        received = ', '.join(str(row['slice_rank']) for row in rows)
        raise _damaged(path, 'slice_rank', f'1 to {N_SLICES} of each hemisphere', received)


def _check_texts(path: Path, row: dict) -> None:
    for name, value in row.items():
        if isinstance(value, str) and _CONTROL.search(value):
            raise _damaged(path, name, 'text without control characters', repr(value))


def _damaged(path: Path, name: str, expected: str, received) -> PVSError:
    return PVSError(
        f'{path} has an unusable {name}, expected {expected}, received '
        f'{"n/a" if received is None else received}'
    )


def _is_grade(value) -> bool:
    return isinstance(value, int) and value in GRADES


def _is_count(value) -> bool:
    return isinstance(value, int | float) and 0 <= value <= MOST


def _is_probability(value) -> bool:
    return isinstance(value, int | float) and 0 <= value <= 1
