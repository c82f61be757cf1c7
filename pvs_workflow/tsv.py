"""Read and write files of tab-separated values.

:mod:`pvs_workflow.inputs` uses this module to read the tables of a dataset, and
:mod:`pvs_workflow.derivatives` to read and write the tables of the derivatives.
"""

import csv
import io
import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from numbers import Integral, Real
from pathlib import Path

from pvs_workflow.errors import PVSError
from pvs_workflow.files import MAX_TEXT, read_text, write_text

DECIMALS = 4
"""Maximum number of decimals."""
MISSING = 'n/a'
"""Missing value of BIDS."""
_SEPARATORS = {',': 'commas', ';': 'semicolons'}


@dataclass(frozen=True)
class TextTable:
    """The cells of a table as text.

    Attributes
    ----------
    columns : tuple of str
        The header.
    rows : tuple of (list of str)
        The rows below the header, without blank lines.
    lines : tuple of int
        Number of the line in the file where each row ends; the header is line 1.
    overlong : frozenset of int
        Those lines whose text beyond the width of the header was cut off.

    """

    columns: tuple[str, ...]
    rows: tuple[list[str], ...]
    lines: tuple[int, ...]
    overlong: frozenset[int] = frozenset()


def read_tsv(
    path: Path, *, max_bytes: int = MAX_TEXT, quotes: bool = False, ragged: bool = False
) -> TextTable:
    """Read an untrusted table, with all cells as text.

    Parameters
    ----------
    path : Path
        File in any encoding that :func:`~pvs_workflow.files.read_text` reads.
    max_bytes : int
        Maximum size of the file, bytes.
    quotes : bool
        Whether cells may be quoted, as by spreadsheets. BIDS does not use quotes.
    ragged : bool
        Whether rows may be shorter or longer than the header, as from spreadsheets; they are
        padded with empty cells or truncated.

    Raises
    ------
    PVSError
        If the file cannot be read, is empty, is too large, is ragged or has no tabs.

    """
    try:
        stream = io.StringIO(read_text(path, max_bytes), newline='')
        quoting = csv.QUOTE_MINIMAL if quotes else csv.QUOTE_NONE
        reader = csv.reader(stream, delimiter='\t', quoting=quoting)
        numbered = [(row, reader.line_num) for row in reader if row and any(map(str.strip, row))]
        if not numbered:
            raise ValueError('it is empty')
        (header, _), *numbered = numbered
        width, overlong = len(header), set()
        if width == 1 and (separators := re.findall(r'[,;\s]', header[0].strip())):
            separator = _SEPARATORS.get(separators[0], 'spaces')
            raise ValueError(f'its header has {separator} instead of tabs; save it with tabs')
        for index, (row, line) in enumerate(numbered):
            if len(row) == width:
                continue
            if not ragged:
                raise ValueError(f'line {line} has {len(row)} cells, but the header has {width}')
            numbered[index] = ([*row, *[''] * width][:width], line)
            if any(map(str.strip, row[width:])):
                overlong.add(line)
    except (OSError, ValueError, csv.Error) as error:
        raise PVSError(f'{path} cannot be read as tab-separated values: {error}') from error
    rows, lines = zip(*numbered, strict=True) if numbered else ((), ())
    return TextTable(tuple(header), rows, lines, frozenset(overlong))


def write_tsv(path: Path, columns: Mapping[str, Iterable]) -> None:
    """Write a table atomically, with each value formatted by :func:`format_cell`.

    Parameters
    ----------
    path : Path
        The file to write.
    columns : mapping of str to iterable
        Columns of equal length, in order; a DataFrame is such a mapping.

    Raises
    ------
    ValueError
        If the columns differ in length, or a text contains a tab or line break.
    OutputError
        If the file cannot be written.

    """
    names, values = zip(*columns.items(), strict=True)
    rows = ('\t'.join(map(format_cell, row)) for row in zip(*values, strict=True))
    write_text(path, '\n'.join(['\t'.join(names), *rows]) + '\n')


def is_missing(value) -> bool:
    """Return whether a value is missing: None, NaN or pandas' NA.

    Examples
    --------
    >>> import pandas as pd
    >>> [is_missing(value) for value in (None, float('nan'), pd.NA, 0, '', 'n/a')]
    [True, True, True, False, False, False]
    """
    # Compare the name of NA, since pandas may not be imported.
    return (
        value is None
        or (isinstance(value, Real) and math.isnan(value))
        or type(value).__name__ == 'NAType'
    )


def format_cell(value) -> str:
    """Return a value as text: at most four decimals, no trailing zeros, ``n/a`` if missing.

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
    if any(character in text for character in '\t\n\r'):
        raise ValueError(f'a table cell must not contain a tab or line break: {text!r}')
    return text or MISSING
