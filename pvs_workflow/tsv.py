"""Tab-separated values as files: the one reader, the one writer, and how a cell is written.

Both are below :mod:`pvs_workflow.inputs`, which reads a dataset's tables, and below
:mod:`pvs_workflow.derivatives`, which reads and writes the app's own.
"""

import csv
import io
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from numbers import Integral, Real
from pathlib import Path

from pvs_workflow.errors import PVSError
from pvs_workflow.files import MAX_TEXT, read_text, write_text

DECIMALS = 4
MISSING = 'n/a'


@dataclass(frozen=True)
class TextTable:
    """The cells of a table as text.

    Attributes
    ----------
    columns : tuple of str
        The header.
    rows : tuple of (list of str)
        Without blank lines.
    lines : tuple of int
        The line of the file that each row ends in; the header's is 1.

    """

    columns: tuple[str, ...]
    rows: tuple[list[str], ...]
    lines: tuple[int, ...]


def read_tsv(
    path: Path, *, max_bytes: int = MAX_TEXT, quotes: bool = False, ragged: bool = False
) -> TextTable:
    """Read a table that anyone may have written, without guessing what its cells mean.

    Parameters
    ----------
    path : Path
        UTF-8, with or without a byte-order mark; any line ends.
    max_bytes : int
        Maximum size of the file.
    quotes : bool
        Whether cells may be quoted, as spreadsheets do. BIDS has no quotes.
    ragged : bool
        Whether rows may be shorter or longer than the header, as spreadsheets make them:
        they are filled with empty cells, or cut.

    Raises
    ------
    PVSError
        If the file cannot be read, is empty, too large or not UTF-8, or is ragged.

    """
    try:
        stream = io.StringIO(read_text(path, max_bytes, encoding='utf-8-sig'), newline='')
        quoting = csv.QUOTE_MINIMAL if quotes else csv.QUOTE_NONE
        reader = csv.reader(stream, delimiter='\t', quoting=quoting)
        numbered = [(row, reader.line_num) for row in reader if row and any(map(str.strip, row))]
        if not numbered:
            raise ValueError('an empty file')
        (header, _), *numbered = numbered
        width = len(header)
        for place, (row, line) in enumerate(numbered):
            if len(row) == width:
                continue
            if not ragged:
                raise ValueError(f'{len(row)} cells in row {line}, where the header has {width}')
            numbered[place] = ([*row, *[''] * width][:width], line)
    except (OSError, ValueError, csv.Error) as error:
        raise PVSError(
            f'{path} cannot be read, expected a table of tab-separated values, received: {error}'
        ) from error
    return TextTable(
        tuple(header), tuple(row for row, _ in numbered), tuple(line for _, line in numbered)
    )


def write_tsv(path: Path, columns: Mapping[str, Iterable]) -> None:
    """Write a table in one step, each value as :func:`format_cell` writes it.

    Parameters
    ----------
    path : Path
    columns : mapping of str to iterable
        Of one length, in their order; a DataFrame is such a mapping.

    Raises
    ------
    ValueError
        If the columns differ in length, or a text has a tab or line break in it.
    OutputError
        If the file cannot be written.

    """
    names, values = zip(*columns.items(), strict=True)
    rows = ('\t'.join(map(format_cell, row)) for row in zip(*values, strict=True))
    write_text(path, '\n'.join(['\t'.join(names), *rows]) + '\n')


def is_missing(value) -> bool:
    """Tell whether there is nothing in a cell: None, NaN or pandas' NA.

    Examples
    --------
    >>> import pandas as pd
    >>> [is_missing(value) for value in (None, float('nan'), pd.NA, 0, '', 'n/a')]
    [True, True, True, False, False, False]
    """
    # By its name: NA exists only where pandas has been imported already.
    return (
        value is None
        or (isinstance(value, Real) and math.isnan(value))
        or type(value).__name__ == 'NAType'
    )


def format_cell(value) -> str:
    """Return a value as it is written: at most four decimals, no trailing zeros, ``n/a``.

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
