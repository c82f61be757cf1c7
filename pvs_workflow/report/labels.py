"""Labels for names from a dataset: short, unique and drawable with the font."""

import unicodedata
from collections.abc import Sequence

from matplotlib.font_manager import findfont, get_font

MAX_CHART_LABEL = 20  # characters
_UNKNOWN = '□'


def short_labels(names: Sequence[str], max_length: int) -> list[str]:
    """Truncate long names, and number those that would become equal.

    Examples
    --------
    >>> short_labels(['control', 'x' * 99, 'x' * 98], max_length=6)
    ['contro…', 'xxxxxx…', 'xxxxxx… (2)']

    """
    labels: list[str] = []
    for name in names:
        short = name if len(name) <= max_length else f'{name[:max_length]}…'
        label, number = short, 1
        while label in labels:
            number += 1
            label = f'{short} ({number})'
        labels.append(label)
    return labels


def chart_labels(names: Sequence[str]) -> list[str]:
    """Return unique labels for a chart.

    Invisible characters (such as direction controls) are removed, characters missing from the
    font become boxes, and long names are truncated.
    """
    drawable = (''.join(map(_drawable, str(name))) for name in names)
    return short_labels([' '.join(name.split()) or _UNKNOWN for name in drawable], MAX_CHART_LABEL)


def _drawable(character: str) -> str:
    if character.isspace():
        return ' '
    if unicodedata.category(character)[0] == 'C':
        return ''
    in_font = get_font(findfont('DejaVu Sans')).get_char_index(ord(character))
    return character if in_font else _UNKNOWN
