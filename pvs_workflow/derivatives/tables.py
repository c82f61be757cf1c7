"""Write the app's tables with their data dictionaries, and read and check them."""

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
"""Maximum size of a table of one T2w, bytes; 1,000 ePVS need a tenth of it."""

_SCAN_FILES = {
    'epvs_instances': names.INSTANCES,
    'epvs_counts': names.COUNTS,
    'potter_grade': names.GRADE,
}

_NUMBER = re.compile(r'[+-]?\d{1,18}(\.\d*)?([eE][+-]?\d{1,2})?', re.ASCII)


def write_table(
    frame: 'pd.DataFrame', path: Path, table: str, sources: Sequence[str] = ()
) -> tuple[Path, Path]:
    """Write a table as TSV, with its data dictionary as JSON next to it.

    Parameters
    ----------
    frame : DataFrame
        Exactly the table's columns, in order.
    path : Path
        Path that ends in ``.tsv``.
    table : str
        A name in ``TABLES``.
    sources : sequence of str
        BIDS URIs of the source files, written as ``Sources`` of the JSON if there are any.

    Returns
    -------
    tsv, json : Path

    Raises
    ------
    ValueError
        If the columns differ from the table's, or a text contains a tab or line break.
    OutputError
        If the files cannot be written.

    """
    columns = describe_columns(table)
    if list(frame.columns) != list(columns):
        raise ValueError(f'columns must be {list(columns)}, received {list(frame.columns)}')
    sidecar = path.with_suffix('.json')
    # The dictionary comes first, so that no table exists without it.
    write_json(sidecar, columns | ({'Sources': list(sources)} if sources else {}))
    write_tsv(path, frame)
    return path, sidecar


def save_results(
    tables: Mapping[str, 'pd.DataFrame'], stem: str, sources: Sequence[str]
) -> dict[str, Path]:
    """Write the tables of a T2w; the grade comes last, so its presence marks a complete result.

    Parameters
    ----------
    tables : mapping of DataFrame
        Tables ``epvs_instances``, ``epvs_counts`` and ``potter_grade``.
    stem : str
        Common start of the paths: folder and entities of the T2w.
    sources : sequence of str
        BIDS URIs of the source files, see :func:`write_table`.

    Returns
    -------
    dict of str to Path
        The TSV file of each table.

    """
    return {
        table: write_table(tables[table], Path(f'{stem}_{tail}.tsv'), table, sources)[0]
        for table, tail in _SCAN_FILES.items()
    }


def read_table(path: Path, table: str) -> 'pd.DataFrame':
    """Read a table written by :func:`write_table` as a DataFrame.

    Returns
    -------
    DataFrame
        Text as ``str``, whole numbers without missing values as ``int64``, other numbers as
        ``float64``; ``n/a`` is NaN.

    Raises
    ------
    PVSError
        If the table cannot be read or is damaged, see :func:`read_records`.

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
    """Read a table written by :func:`write_table` as a list of dictionaries.

    For the many short tables of a group, this is thirty times as fast as a DataFrame.

    Returns
    -------
    list of dict
        The cells of each row by column: text, int, float, or None for ``n/a``.

    Raises
    ------
    PVSError
        If the file cannot be read, has the wrong columns, lacks rows that it needs, or has text
        in place of a number.

    """
    content = read_tsv(path, max_bytes=max_bytes)
    columns = column_names(table)
    if content.columns != columns:
        raise PVSError(
            f'{path} has the wrong columns: expected {", ".join(columns)}, '
            f'received {", ".join(content.columns)}'
        )
    if not content.rows and table not in MAY_BE_EMPTY:
        raise PVSError(f'{path} has a header but no rows')
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
        raise PVSError(f'{path} has {cell!r} in column {name}, where only numbers are allowed')
    return int(cell) if cell.lstrip('+-').isdecimal() else float(cell)
