"""The app's tables as files: written with their data dictionary, read and checked."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from pvs_workflow.derivatives import names
from pvs_workflow.derivatives.columns import (
    MAY_BE_EMPTY,
    TEXT_COLUMNS,
    column_names,
    describe_columns,
)
from pvs_workflow.errors import PVSError
from pvs_workflow.files import MAX_TEXT, write_json
from pvs_workflow.tsv import MISSING, read_tsv, write_tsv

if TYPE_CHECKING:
    import pandas as pd

MAX_SCAN_BYTES = 2**20
"""Maximum size of a table of one T2w, bytes; that of a T2w with 1,000 ePVS has a tenth."""

_SCAN_FILES = {
    'epvs_instances': names.INSTANCES,
    'epvs_counts': names.COUNTS,
    'potter_grade': names.GRADE,
}

_NUMBER = re.compile(r'[+-]?\d{1,18}(\.\d*)?([eE][+-]?\d{1,2})?', re.ASCII)


def write_table(
    frame: 'pd.DataFrame', path: Path, table: str, sources: Sequence[str] = ()
) -> tuple[Path, Path]:
    """Write a table as TSV, and its data dictionary as JSON next to it.

    Parameters
    ----------
    frame : DataFrame
        With exactly the table's columns, in their order.
    path : Path
        Ends in ``.tsv``.
    table : str
        A name in ``TABLES``.
    sources : sequence of str
        BIDS URIs of what the table was made from: ``Sources`` of the JSON when there are any.

    Returns
    -------
    tsv, json : Path

    Raises
    ------
    ValueError
        If columns differ from the table's, or a text has a tab or line break in it.
    OutputError
        If the files cannot be written.

    """
    columns = describe_columns(table)
    if list(frame.columns) != list(columns):
        raise ValueError(f'columns must be {list(columns)}, received {list(frame.columns)}')
    sidecar = path.with_suffix('.json')
    # The dictionary first, so that no table exists without it.
    write_json(sidecar, columns | ({'Sources': list(sources)} if sources else {}))
    write_tsv(path, frame)
    return path, sidecar


def save_results(
    tables: Mapping[str, 'pd.DataFrame'], stem: str, sources: Sequence[str]
) -> dict[str, Path]:
    """Write the instances, the counts and, as the mark of a complete result, the grade of a T2w.

    Parameters
    ----------
    tables : mapping of DataFrame
        ``epvs_instances``, ``epvs_counts`` and ``potter_grade``.
    stem : str
        Path of the files before their own entities.
    sources : sequence of str
        As in :func:`write_table`.

    """
    return {
        table: write_table(tables[table], Path(f'{stem}_{tail}.tsv'), table, sources)[0]
        for table, tail in _SCAN_FILES.items()
    }


def read_table(path: Path, table: str) -> 'pd.DataFrame':
    """Read a table that :func:`write_table` wrote, as a DataFrame.

    Returns
    -------
    DataFrame
        Texts as ``str``, whole numbers as ``int64`` where none is missing, other numbers as
        ``float64``; ``n/a`` is NaN.

    Raises
    ------
    PVSError
        As :func:`read_records`.

    """
    import pandas as pd

    rows = read_records(path, table, MAX_TEXT)
    columns = {}
    for name in column_names(table):
        values = [row[name] for row in rows]
        whole = all(isinstance(value, int) for value in values)
        dtype = 'str' if name in TEXT_COLUMNS else 'int64' if whole else 'float64'
        columns[name] = pd.Series(values, dtype=dtype)
    return pd.DataFrame(columns)


def read_records(path: Path, table: str, max_bytes: int = MAX_SCAN_BYTES) -> list[dict]:
    """Read a table that :func:`write_table` wrote, as a dictionary for each row.

    A group has thousands of tables of a few rows; a DataFrame takes thirty times as long.

    Returns
    -------
    list of dict
        The cells of each row by their columns: text, int, float, or None for ``n/a``.

    Raises
    ------
    PVSError
        If the file cannot be read, has no row though it needs one, or lacks a column or a number.

    """
    content = read_tsv(path, max_bytes=max_bytes)
    columns = column_names(table)
    if content.columns != columns:
        raise PVSError(
            f'{path} has other columns than a {table} table, expected {", ".join(columns)}, '
            f'received {", ".join(content.columns)}'
        )
    if not content.rows and table not in MAY_BE_EMPTY:
        raise PVSError(f'{path} has no rows, expected at least one, received its header only')
    records = []
    for row in content.rows:
        record = dict(zip(columns, row, strict=True))
        for name, cell in record.items():
            if cell == MISSING:
                record[name] = None
            elif name not in TEXT_COLUMNS:
                record[name] = _parse_number(cell, name, path)
        records.append(record)
    return records


def _parse_number(cell: str, name: str, path: Path) -> int | float:
    if not _NUMBER.fullmatch(cell):
        raise PVSError(
            f'{path} has other things than numbers in its column {name}, expected numbers, '
            f'received {cell!r}'
        )
    return int(cell) if cell.lstrip('+-').isdecimal() else float(cell)
