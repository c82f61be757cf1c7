"""Checks of one T2w's tables: the values that the participant level can have written."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from pvs_workflow.derivatives.counts import QC_LEVELS
from pvs_workflow.errors import PVSError
from pvs_workflow.science.grading import GRADES, MAX_COUNT
from pvs_workflow.science.slices import HEMISPHERES, N_SLICES

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
    'slice': (lambda value: isinstance(value, int) and value >= 0, 'a whole number from 0'),
    'qc': (lambda value: value in QC_LEVELS, ', '.join(QC_LEVELS)),
}
"""By column: the test of a value, and the test in words."""

_REQUIRED = {'count', 'count_low', 'count_high', 'slice', 'qc'}


def check_grade(path: Path, row: Mapping) -> None:
    """Refuse a row of grades, as read from ``path``, that has values out of their range."""
    _check_row(path, row)
    for name, value in row.items():
        if isinstance(value, str) and _CONTROL.search(value):
            raise _unusable(path, name, 'text without control characters', repr(value))


def check_counts(path: Path, rows: Sequence[Mapping]) -> None:
    """Refuse rows of counts that are not those of six images, or have values out of their range.

    The rows are those that :func:`pvs_workflow.derivatives.tables.read_records` has read from
    ``path``.
    """
    images = [(row['hemisphere'], row['slice_rank']) for row in rows]
    if len(images) != len(_IMAGES) or set(images) != _IMAGES:
        received = ', '.join(f'{side} {rank}' for side, rank in images)
        raise PVSError(
            f'{path} is damaged, expected {N_SLICES} rows of each hemisphere (slice_rank 1 to '
            f'{N_SLICES}), received {received}'
        )
    for row in rows:
        _check_row(path, row)
    for row in rows:
        if not row['count_low'] <= row['count'] <= row['count_high']:
            received = f'{row["count_low"]} to {row["count_high"]}'
            raise _unusable(path, 'interval', f'one that holds {row["count"]}', received)


def _check_row(path: Path, row: Mapping) -> None:
    for name, (fits, expected) in _RULES.items():
        if name in row and not fits(row[name]) and (row[name] is not None or name in _REQUIRED):
            raise _unusable(path, name, expected, row[name])


def _unusable(path: Path, name: str, expected: str, received) -> PVSError:
    return PVSError(
        f'{path} has an unusable {name}, expected {expected}, received '
        f'{"n/a" if received is None else received}'
    )
