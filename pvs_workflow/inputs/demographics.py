"""Parse ages and sexes as people write them."""

import re
from collections.abc import Iterator, Mapping, Sequence

MAX_AGE = 130.0
"""Maximum plausible age, years."""

_AGE = re.compile(
    r'[>≥]?=?\s*(?P<years>\d+([.,]\d+)?)\s*\+?\s*(y|yo|yrs?|years?( old)?|a|ans|jahre?)?\.?',
    re.IGNORECASE,
)
_WORDS = {
    'male': 'm male man boy männlich masculin masculino maschio homme hombre',
    'female': 'f female woman girl w weiblich féminin femenino femmina femme mujer',
    'other': 'o other nonbinary divers',
}
_SEXES = {word: sex for sex, words in _WORDS.items() for word in words.split()}


def parse_age(text: str) -> float | None:
    """Return an age in years, or None; the age of ``90+`` and ``>90`` is 90.

    Examples
    --------
    >>> [parse_age(text) for text in ('93', '71,5', '89+', '>89', '071Y', '71 years')]
    [93.0, 71.5, 89.0, 89.0, 71.0, 71.0]
    >>> [parse_age(text) for text in ('-5', '900', '6 months', '70-75', 'old')]
    [None, None, None, None, None]

    """
    match = _AGE.fullmatch(text)
    years = float(match['years'].replace(',', '.')) if match else MAX_AGE + 1
    return years if years <= MAX_AGE else None


def parse_sexes(cells: Sequence[str | None], levels: object = None) -> list[str | None]:
    """Return ``male``, ``female``, ``other`` or None for each cell of a column.

    Parameters
    ----------
    cells : sequence of str or None
        Codes such as ``F``, ``female``, ``w`` or ``2``.
    levels : object
        The codes and their meanings, as in ``Levels`` of ``participants.json``. They have
        priority; without them, numbers are not interpreted.

    Returns
    -------
    list of str or None

    Examples
    --------
    >>> parse_sexes(['F', 'männlich', 'w', '1', None])
    ['female', 'male', 'female', None, None]
    >>> parse_sexes(['1', '2.0', '9'], {'1': 'male', '2': {'Description': 'Female person'}})
    ['male', 'female', None]

    """
    codes = [None if cell is None else _code(cell) for cell in cells]
    meanings = dict(_SEXES)
    if 'h' in codes:
        # With H for hombre or homme, M may stand for mujer.
        del meanings['m']
    if isinstance(levels, Mapping):
        meanings |= dict(_interpret(levels))
    return [None if code is None else meanings.get(code) for code in codes]


def _interpret(levels: Mapping) -> Iterator[tuple[str, str]]:
    """Yield the codes whose meaning names one sex; some files swap codes and meanings."""
    for pair in levels.items():
        for code, meaning in (pair, pair[::-1]):
            if isinstance(meaning, Mapping):
                meaning = meaning.get('Description') or meaning.get('LongName')
            words = re.findall(r'\w+', str(meaning).lower())
            sexes = {_SEXES[word] for word in words if word in _SEXES}
            if len(sexes) == 1 and not isinstance(code, Mapping):
                yield _code(str(code)), sexes.pop()


def _code(text: str) -> str:
    """Return a code in lower case, and ``1`` for the ``1.0`` of spreadsheets."""
    return re.sub(r'\.0+$', '', text.strip().lower())
