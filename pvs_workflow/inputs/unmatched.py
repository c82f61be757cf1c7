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
    'no row for sub-01, sub-03, but unmatched rows: sub-1 (like sub-01), sub-2'

    """
    rows = set(rows)
    lacking = sorted(set(people) - rows, key=natural_key)
    unmatched = sorted(rows - set(people) - set(others), key=natural_key)
    if not lacking or not unmatched:
        return ''
    similar = _find_similar(unmatched, lacking)
    listed = [f'{row} (like {similar[row]})' for row in unmatched if row in similar]
    listed += [row for row in unmatched if row not in similar]
    return f'no row for {list_some(lacking)}, but unmatched rows: {list_some(listed)}'


def list_some(texts: Sequence[str]) -> str:
    """Return the first texts of a list, and the number of the others."""
    rest = len(texts) - _MAX_LISTED
    return ', '.join(texts[:_MAX_LISTED]) + (f' and {rest} more' if rest > 0 else '')


def _find_similar(rows: Iterable[str], labels: Iterable[str]) -> dict[str, str]:
    """Return the only label for a row that differs in zeros, case and signs, or in letters."""
    similar = {}
    for simplify in (_numbers, _plain):  # the stricter one last
        groups: dict[str, list[str]] = {}
        for label in labels:
            groups.setdefault(simplify(label), []).append(label)
        for row in rows:
            found = groups.get(simplify(row), [])
            if len(found) == 1 and simplify(row):
                similar[row] = found[0]
    return similar


def _plain(label: str) -> str:
    """Return ``a1`` for ``sub-A_001`` and for the ``a1.0`` of a spreadsheet."""
    text = re.sub(r'\.0+$', '', label.removeprefix('sub-').lower())
    return re.sub(r'0*(\d+)', r'\1', re.sub(r'[\W_]', '', text))


def _numbers(label: str) -> str:
    return ' '.join(re.findall(r'[1-9]\d*', re.sub(r'\.0+$', '', label)))
