"""Find the rows of ``participants.tsv`` that belong to no participant."""

import re
from collections.abc import Collection, Iterable, Sequence

from pvs_workflow.inputs.dataset import natural_key

_MAX_LISTED = 5


def explain_unmatched(rows: Iterable[str], people: Collection[str], others: Iterable[str]) -> str:
    """Return a sentence about rows without participant, if participants lack their rows.

    Parameters
    ----------
    rows : iterable of str
        Labels in the table, with ``sub-``.
    people : collection of str
        Participants of the run, with ``sub-``.
    others : iterable of str
        Other participants of the dataset.

    Returns
    -------
    str
        Empty if all people have a row or all rows have a participant.

    Examples
    --------
    >>> explain_unmatched(['sub-1', 'sub-2'], ['sub-01', 'sub-03'], ['sub-02'])
    'no row for sub-01, sub-03, but rows that match nobody: sub-1 (like sub-01), sub-2'

    """
    rows = set(rows)
    lacking = sorted(set(people) - rows, key=natural_key)
    unmatched = sorted(rows - set(people) - set(others), key=natural_key)
    if not lacking or not unmatched:
        return ''
    similar = {row: label for row in unmatched if (label := _find_similar(row, lacking))}
    listed = [f'{row} (like {label})' for row, label in similar.items()]
    listed += [row for row in unmatched if row not in similar]
    return f'no row for {list_some(lacking)}, but rows that match nobody: {list_some(listed)}'


def list_some(texts: Sequence[str]) -> str:
    """Return the first texts of a list, and the number of the others."""
    rest = len(texts) - _MAX_LISTED
    return ', '.join(texts[:_MAX_LISTED]) + (f' and {rest} more' if rest > 0 else '')


def _find_similar(row: str, labels: Iterable[str]) -> str | None:
    """Return the only label that is equal but for zeros, case and signs, or has equal numbers."""
    for simplify in (_plain, _numbers):
        found = [label for label in labels if simplify(label) == simplify(row) != '']
        if len(found) == 1:
            return found[0]
    return None


def _plain(label: str) -> str:
    """Return ``a1`` for ``sub-A_001`` and for the ``a1.0`` of a spreadsheet."""
    text = re.sub(r'\.0+$', '', label.removeprefix('sub-').lower())
    return re.sub(r'0*(\d+)', r'\1', re.sub(r'[\W_]', '', text))


def _numbers(label: str) -> str:
    return ' '.join(re.findall(r'[1-9]\d*', re.sub(r'\.0+$', '', label)))
