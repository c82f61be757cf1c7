"""The columns of the app's tables, and their BIDS data dictionaries."""

import json
from functools import cache

from pvs_workflow import data

TABLES = {
    'potter_grade': ('identity', 'potter_grade'),
    'epvs_counts': ('image', 'epvs_counts'),
    'epvs_instances': ('image', 'epvs_instances'),
    'group_potter': ('identity', 'potter_grade', 'selection'),
    'group_counts': ('identity', 'image', 'epvs_counts'),
    'group_agreement': ('agreement',),
    'reading_ratings': ('sheet_image', 'reading_ratings'),
    'reading_key': ('sheet_image', 'identity', 't2w', 'image'),
    'group_change': ('group_change',),
}
"""The data dictionaries in ``data/columns`` that make up each table's columns."""

MAY_BE_EMPTY = frozenset({'epvs_instances', 'group_agreement'})
"""Tables that may have no rows, if nothing was detected or compared."""

_TEXTS = """
participant_id session_id t2w hemisphere qc qc_reasons model model_sha256 level comparison first
second quantity image_id rater comments session_first session_second t2w_first t2w_second qc_first
qc_second yardstick change selected
"""
TEXT_COLUMNS = frozenset(_TEXTS.split())
"""Columns that hold text; all others hold numbers."""


def describe_columns(table: str) -> dict[str, dict]:
    """Return the BIDS data dictionary of a table, with the columns in order.

    Examples
    --------
    >>> list(describe_columns('group_counts'))[:4]
    ['participant_id', 'session_id', 'hemisphere', 'slice']
    """
    columns = {}
    for name in TABLES[table]:
        columns |= json.loads(data.path('columns', f'{name}.json').read_text('utf-8'))
    return columns


@cache
def column_names(table: str) -> tuple[str, ...]:
    """Return a table's columns in order; cached, because a group has thousands of tables."""
    return tuple(describe_columns(table))


def columns_markdown(table: str) -> str:
    """Return a table's columns as a Markdown table, for the documentation.

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
