"""Names from a dataset as they can be shown: short, different, and in letters of the font."""

import unicodedata
from collections.abc import Sequence

from matplotlib.font_manager import findfont, get_font

MAX_CHART_LABEL = 20  # characters
_UNKNOWN = '□'


def short_labels(names: Sequence[str], longest: int) -> list[str]:
    """Cut long names, and number those that would then be equal.

    Examples
    --------
    >>> short_labels(['control', 'x' * 99, 'x' * 98], longest=6)
    ['contro…', 'xxxxxx…', 'xxxxxx… (2)']

    """
    labels: list[str] = []
    for name in names:
        short = name if len(name) <= longest else f'{name[:longest]}…'
        label, number = short, 1
        while label in labels:
            number += 1
            label = f'{short} ({number})'
        labels.append(label)
    return labels


def chart_labels(names: Sequence[str]) -> list[str]:
    """Return names for a chart, each different.

    Invisible signs (such as those that turn the direction of text) are left out, letters that
    the font does not have become boxes, and long names are cut.
    """
    drawable = (''.join(map(_drawable, str(name))) for name in names)
    return short_labels([' '.join(name.split()) or _UNKNOWN for name in drawable], MAX_CHART_LABEL)


def _drawable(sign: str) -> str:
    if sign.isspace():
        return ' '
    if unicodedata.category(sign)[0] == 'C':
        return ''
    return sign if get_font(findfont('DejaVu Sans')).get_char_index(ord(sign)) else _UNKNOWN
