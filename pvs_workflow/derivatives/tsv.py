"""Tables as files: their columns and data dictionaries, written and read."""

import io
import json
import math
from collections.abc import Sequence
from functools import cache
from numbers import Integral, Real
from pathlib import Path
from typing import TYPE_CHECKING

from pvs_workflow import data
from pvs_workflow.errors import PVSError
from pvs_workflow.files import read_text, write_json, write_text

if TYPE_CHECKING:
    import pandas as pd

DECIMALS = 4
MISSING = 'n/a'

TABLES = {
    'potter_grade': ('identity', 'potter_grade'),
    'epvs_counts': ('image', 'epvs_counts'),
    'epvs_instances': ('image', 'epvs_instances'),
    'group_potter': ('identity', 'potter_grade'),
    'group_counts': ('identity', 'image', 'epvs_counts'),
    'group_agreement': ('agreement',),
    'reading_ratings': ('sheet_image', 'reading_ratings'),
    'reading_key': ('sheet_image', 'identity', 't2w', 'image'),
    'group_change': ('group_change',),
}
"""Which data dictionaries in ``data/columns`` make up the columns of which table."""

MAY_BE_EMPTY = frozenset({'epvs_instances', 'group_agreement'})
"""Tables that need no row: where nothing was found or compared there is only the header."""

TEXT_COLUMNS = frozenset(
    {
        'participant_id',
        'session_id',
        't2w',
        'hemisphere',
        'qc',
        'qc_reasons',
        'model',
        'model_sha256',
        'level',
        'comparison',
        'first',
        'second',
        'quantity',
        'image_id',
        'rater',
        'comments',
        'session_first',
        'session_second',
        't2w_first',
        't2w_second',
        'qc_first',
        'qc_second',
        'yardstick',
        'change',
    }
)
"""Columns of text; all others hold numbers."""


def describe_columns(table: str) -> dict[str, dict]:
    """Return a table's columns, in their order, with their BIDS data dictionary.

    Parameters
    ----------
    table : str
        A name in ``TABLES``.

    Examples
    --------
    >>> list(describe_columns('group_counts'))[:4]
    ['participant_id', 'session_id', 'hemisphere', 'slice']
    """
    columns = {}
    for name in TABLES[table]:
        columns |= json.loads(_dictionary(name))
    return columns


@cache
def _dictionary(name: str) -> str:
    """Read a data dictionary once: a group has tens of thousands of tables."""
    return data.path('columns', f'{name}.json').read_text('utf-8')


def write_table(
    frame: 'pd.DataFrame', path: Path, table: str, sources: Sequence[str] = ()
) -> tuple[Path, Path]:
    """Write a table as TSV, and its data dictionary as JSON beside it.

    Parameters
    ----------
    frame : DataFrame
        With exactly the table's columns, in their order.
    path : Path
        Ends in ``.tsv``.
    table : str
        A name in ``TABLES``.
    sources : sequence of str
        What the table was made from; ``Sources`` of the JSON when there are any.

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
    lines = ['\t'.join(columns)]
    lines += [
        '\t'.join(format_cell(value) for value in row)
        for row in frame.astype(object).itertuples(index=False, name=None)
    ]
    sidecar = path.with_suffix('.json')
    # The dictionary first: a table that exists then always has its dictionary.
    write_json(sidecar, columns | ({'Sources': list(sources)} if sources else {}))
    write_text(path, '\n'.join(lines) + '\n')
    return path, sidecar


def read_table(path: Path, table: str | None = None) -> 'pd.DataFrame':
    """Read a table that :func:`write_table` wrote; ``n/a`` becomes missing.

    Parameters
    ----------
    path : Path
    table : str, optional
        A name in ``TABLES``, whose columns the file must have.

    Raises
    ------
    PVSError
        If the file cannot be read, has no row though it needs one, or lacks a column or a number.

    """
    import pandas as pd

    try:
        frame = pd.read_csv(
            io.StringIO(read_text(path)),
            sep='\t',
            na_values=[MISSING],
            keep_default_na=False,
            dtype=dict.fromkeys(TEXT_COLUMNS, str),
        )
    except (OSError, ValueError) as error:
        reason = ' '.join(str(error).split())
        raise PVSError(
            f'{path} cannot be read, expected a table of tab-separated values, received: {reason}'
        ) from error
    columns = list(describe_columns(table)) if table else list(frame.columns)
    if list(frame.columns) != columns:
        raise PVSError(
            f'{path} has other columns than a {table} table, expected {", ".join(columns)}, '
            f'received {", ".join(map(str, frame.columns))}'
        )
    if frame.empty and table in MAY_BE_EMPTY:
        return frame
    if frame.empty:
        raise PVSError(f'{path} has no rows, expected at least one, received its header only')
    for name in columns:
        if name not in TEXT_COLUMNS and not pd.api.types.is_numeric_dtype(frame[name]):
            raise PVSError(
                f'{path} has other things than numbers in its column {name}, expected numbers, '
                f'received {", ".join(map(repr, frame[name].unique()[:3]))}'
            )
    return frame


def is_missing(value) -> bool:
    """Tell whether there is nothing in a cell: None, NaN or pandas' NA.

    Examples
    --------
    >>> import pandas as pd
    >>> [is_missing(value) for value in (None, float('nan'), pd.NA, 0, '', 'n/a')]
    [True, True, True, False, False, False]
    """
    # Whoever has NA has loaded pandas; to be told no, nobody has to.
    return (
        value is None
        or (isinstance(value, Real) and math.isnan(value))
        or type(value).__name__ == 'NAType'
    )


def format_cell(value) -> str:
    """Write one value: at most four decimals, no trailing zeros, ``n/a`` for nothing.

    Examples
    --------
    >>> [format_cell(value) for value in (3, 12.0, 0.12345, -0.00001, None, float('nan'), 'L')]
    ['3', '12', '0.1235', '0', 'n/a', 'n/a', 'L']
    """
    if is_missing(value):
        return MISSING
    if isinstance(value, Integral):
        return str(int(value))
    if isinstance(value, Real):
        text = f'{round(float(value), DECIMALS):.{DECIMALS}f}'.rstrip('0').rstrip('.')
        return '0' if text == '-0' else text
    text = str(value)
    if any(sign in text for sign in '\t\n\r'):
        raise ValueError(f'text in a table must have no tab or line break, received {text!r}')
    return text or MISSING


def columns_markdown(table: str) -> str:
    """Return a table's columns as a Markdown table, for the documentation.

    Parameters
    ----------
    table : str
        A name in ``TABLES``.

    Examples
    --------
    >>> print(columns_markdown('epvs_counts').splitlines()[2])
    | `hemisphere` | The person's own side (L: left, R: right) |
    """
    rows = ['| column | content |', '|---|---|']
    for name, entry in describe_columns(table).items():
        levels = ', '.join(f'{key}: {text}' for key, text in entry.get('Levels', {}).items())
        detail = levels or entry.get('Units', '')
        rows.append(f'| `{name}` | {entry["Description"]}{f" ({detail})" if detail else ""} |')
    return '\n'.join(rows) + '\n'
