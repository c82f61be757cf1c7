"""Checks of one T2w's tables: the values that the participant level can have written."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pvs_workflow.derivatives.counts import QC_LEVELS
from pvs_workflow.errors import PVSError
from pvs_workflow.science.grading import GRADES, MAX_COUNT
from pvs_workflow.science.slices import HEMISPHERES, N_SLICES

_CONTROL = re.compile(r'[\x00-\x1f\x7f-\x9f]')
_IMAGES = {(side, rank) for side in HEMISPHERES for rank in range(1, N_SLICES + 1)}


@dataclass(frozen=True)
class _Rule:
    columns: Sequence[str]
    fits: Callable[[object], bool]
    expected: str
    required: bool = False

    def check(self, path: Path, row: Mapping) -> None:
        for name in self.columns:
            value = row[name]
            if not (self.fits(value) or (value is None and not self.required)):
                raise _unusable(path, name, self.expected, value)


def _within(low: float, high: float) -> Callable[[object], bool]:
    return lambda value: isinstance(value, int | float) and low <= value <= high


def _is_grade(value) -> bool:
    return isinstance(value, int) and value in GRADES


def _grades(*columns: str) -> _Rule:
    return _Rule(columns, _is_grade, 'a whole number from 0 to 4')


def _counts(*columns: str, required: bool = False) -> _Rule:
    expected = f'a number from 0 to {MAX_COUNT}'
    return _Rule(columns, _within(0, MAX_COUNT), expected, required)


_QC = _Rule(('qc',), lambda value: value in QC_LEVELS, ', '.join(QC_LEVELS), required=True)
_GRADE_RULES = (
    _grades('potter', 'potter_left', 'potter_right'),
    _counts('count_max', 'count_left', 'count_right'),
    _Rule([f'p_potter{grade}' for grade in GRADES], _within(0, 1), 'a number from 0 to 1'),
    _QC,
)
_COUNT_RULES = (
    _counts('count', 'count_low', 'count_high', required=True),
    _grades('potter'),
    _Rule(
        ('slice',),
        lambda value: isinstance(value, int) and value >= 0,
        'a whole number from 0',
        required=True,
    ),
    _QC,
)


def check_grade(path: Path, row: Mapping) -> None:
    """Refuse a row of grades that has values out of their range.

    Parameters
    ----------
    path : Path
        For the message.
    row : mapping
        From :func:`pvs_workflow.derivatives.tables.read_records`.

    Raises
    ------
    PVSError

    """
    _check_rows(path, [row], _GRADE_RULES)
    for name, value in row.items():
        if isinstance(value, str) and _CONTROL.search(value):
            raise _unusable(path, name, 'text without control characters', repr(value))


def check_counts(path: Path, rows: Sequence[Mapping]) -> None:
    """Refuse rows of counts that are not those of six images, or have values out of their range.

    Parameters
    ----------
    path : Path
        For the message.
    rows : sequence of mapping
        From :func:`pvs_workflow.derivatives.tables.read_records`.

    Raises
    ------
    PVSError

    """
    images = [(row['hemisphere'], row['slice_rank']) for row in rows]
    if len(images) != len(_IMAGES) or set(images) != _IMAGES:
        received = ', '.join(f'{side} {rank}' for side, rank in images)
        raise PVSError(
            f'{path} is damaged, expected {N_SLICES} rows of each hemisphere (slice_rank 1 to '
            f'{N_SLICES}), received {received}'
        )
    _check_rows(path, rows, _COUNT_RULES)
    for row in rows:
        if not row['count_low'] <= row['count'] <= row['count_high']:
            received = f'{row["count_low"]} to {row["count_high"]}'
            raise _unusable(path, 'interval', f'one that holds {row["count"]}', received)


def _check_rows(path: Path, rows: Iterable[Mapping], rules: Iterable[_Rule]) -> None:
    for row in rows:
        for rule in rules:
            rule.check(path, row)


def _unusable(path: Path, name: str, expected: str, received) -> PVSError:
    return PVSError(
        f'{path} has an unusable {name}, expected {expected}, received '
        f'{"n/a" if received is None else received}'
    )
