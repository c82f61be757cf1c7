"""Names from a dataset as they can be drawn: short, and in letters that the font has."""

import unicodedata
from collections.abc import Sequence
from functools import cache

LONGEST = 20
_UNKNOWN = '□'


def chart_labels(names: Sequence[str], longest: int = LONGEST) -> list[str]:
    """Return names for a chart, each different.

    Invisible signs (such as those that turn the direction of text) are left out, letters that
    the font does not have become boxes, and long names are cut.

    Parameters
    ----------
    names : sequence of str
    longest : int
        Characters.

    Examples
    --------
    >>> chart_labels(['control', 'x' * 99, 'x' * 98], longest=6)
    ['contro…', 'xxxxxx…', 'xxxxxx… (2)']

    """
    labels: list[str] = []
    for name in names:
        text = ' '.join(''.join(_drawable(sign) for sign in str(name)).split()) or _UNKNOWN
        short = text if len(text) <= longest else f'{text[:longest]}…'
        label, number = short, 1
        while label in labels:
            number += 1
            label = f'{short} ({number})'
        labels.append(label)
    return labels


def _drawable(sign: str) -> str:
    if sign.isspace():
        return ' '
    if unicodedata.category(sign)[0] == 'C':
        return ''
    return sign if ord(sign) in _known_signs() else _UNKNOWN


@cache
def _known_signs() -> frozenset[int]:
    from matplotlib.font_manager import FontProperties, findfont, get_font

    font = get_font(findfont(FontProperties(family='DejaVu Sans')))
    return frozenset(font.get_charmap())
