"""Put sessions in order by their labels, where the labels name points in time."""

import re
from collections.abc import Iterable
from datetime import datetime

_DAYS = {'d': 1.0, 'w': 7.0, 'm': 30.4375, 'y': 365.25}
_UNITS = {
    'd': 'd|day|days',
    'w': 'w|wk|wks|week|weeks',
    'm': 'm|mo|mos|mon|mth|mths|month|months',
    'y': 'y|yr|yrs|year|years',
}
_UNIT_OF = {word: unit for unit, words in _UNITS.items() for word in words.split('|')}

_WORDS = """
s ses sess session v vis visit t tp time timepoint point wave round phase cycle exam scan mr mri
mrt img imaging test run no nr
"""
_COUNTERS = frozenset(_WORDS.split())
"""Words before a number that counts sessions. Others, such as ``site`` or ``scanner``, and field
strengths such as ``3T`` may not follow time."""

_FOLLOW_UPS = 'followup|follow|fup|fu|flu|f'
_SEQUENCES = (
    ('test', 'retest'),
    ('scan', 'rescan'),
    ('before', 'after'),
    ('start', 'end'),
    ('initial', 'final'),
    ('entry', 'exit'),
    ('early', 'late'),
    ('first', 'second', 'third', 'fourth', 'fifth', 'sixth'),
    ('1st', '2nd', '3rd', '4th', '5th', '6th'),
)

_ANY_UNIT = '|'.join(sorted(_UNIT_OF, key=len, reverse=True))
_DURATION = re.compile(rf'(?:\d+(?:{_ANY_UNIT}))+')
_PART = re.compile(rf'(\d+)({_ANY_UNIT})')
_UNIT_FIRST = re.compile(rf'({_ANY_UNIT})(\d+)')
_COUNT = re.compile(r'([a-z]*)(\d+)')
_START = re.compile(r'(?:(sc|scr|screening)|bl|bas|base|baseline)(\d{0,2}|year1)')
_FOLLOW_UP = re.compile(rf'(?:{_FOLLOW_UPS})(\d*)')
_AROUND = re.compile(
    r'(pre|intra|during|mid|post)'
    r'(?:op|operation|operative|surgery|treatment|treat|tx|therapy|intervention|training|drug)?'
    r'(.*)'
)
_PHASES = {'pre': 0, 'intra': 1, 'during': 1, 'mid': 1, 'post': 2}
# Words that add nothing: REDCap's arms, and what happened in the session.
_NOISE_END = re.compile(r'(?<=.)(arm\d+|mri|mr|scan|visit|session)$')
_FOLLOW_UP_AROUND = re.compile(rf'^(?:{_FOLLOW_UPS})(?=\D*\d+\D)|(?<=[a-z])(?:{_FOLLOW_UPS})y?$')

_MAX_DIGITS = 4
"""Maximum number of digits of a count of sessions or units; longer ones are dates or codes."""


def sort_sessions(labels: Iterable[str]) -> list[str] | None:
    """Put the labels of sessions in order of time, or return None if they do not name times.

    All labels must follow one pattern: numbers (``1``, ``V02``, ``wave3``), times since the
    baseline (``m06``, ``6months``, ``2y``, ``d0129``), dates (``20200131``), phases (``pre``,
    ``post``) or a pair such as ``test`` and ``retest``. Words for the baseline may come before
    numbers, times and follow-ups. Single letters have no order: they often name conditions.

    Examples
    --------
    >>> sort_sessions(['6months', 'baseline', '1y'])
    ['baseline', '6months', '1y']
    >>> sort_sessions(['2YearFollowUpYArm1', 'baselineYear1Arm1'])
    ['baselineYear1Arm1', '2YearFollowUpYArm1']
    >>> sort_sessions(['Trio', 'Prisma']) is None
    True

    """
    places = {label: _place(label) for label in labels}
    if None in places.values():
        return None
    later = [place for place in places.values() if place[0] != 'start']
    if len({family for family, _ in later}) > 1:
        return None
    if later and len(later) < len(places):
        family, lowest = min(later)
        # Nothing can follow the baseline at month 0, or come before a treatment with it.
        if family in ('date', 'phase') or family.startswith('word ') or lowest <= (0,):
            return None
    ranks = {label: (family != 'start', *place) for label, (family, place) in places.items()}
    if len(set(ranks.values())) < len(ranks):
        return None
    return sorted(ranks, key=ranks.get)


def _place(label: str) -> tuple[str, tuple[float, ...]] | None:
    """Return the pattern of a label, and its place among the labels of that pattern."""
    text = label.lower()
    for number, words in enumerate(_SEQUENCES):
        if text in words:
            return f'word {number}', (words.index(text),)
    for _ in range(2):
        text = text if _COUNT.fullmatch(text) else _NOISE_END.sub('', text)
    if match := _START.fullmatch(text):
        # The baseline of the Adolescent Brain Cognitive Development study is 'baselineYear1Arm1'.
        number = match[2] if match[2].isdecimal() else '1'
        return 'start', (0 if match[1] else 1, int(number))
    if match := _FOLLOW_UP.fullmatch(text):
        number = match[1] or '1'
        return ('follow-up', (int(number),)) if len(number) <= _MAX_DIGITS else None
    if (days := _days(_FOLLOW_UP_AROUND.sub('', text))) is not None:
        return 'time', (days,)
    if match := _COUNT.fullmatch(text):
        word, digits = match.groups()
        if not word and len(digits) > _MAX_DIGITS:
            return _date(digits)
        if len(digits) <= _MAX_DIGITS and (not word or word in _COUNTERS):
            return f'number {word}', (int(digits),)
    if match := _AROUND.fullmatch(text):
        return _phase(_PHASES[match[1]], match[2])
    return None


def _days(text: str) -> float | None:
    """Return the days of ``6months``, ``1y6m`` or ``m06``; None for another text."""
    parts = []
    if _DURATION.fullmatch(text):
        parts = _PART.findall(text)
    elif match := _UNIT_FIRST.fullmatch(text):
        parts = [(match[2], match[1])]
    # More digits are those of a date.
    if not parts or any(len(number) > _MAX_DIGITS + 1 for number, _ in parts):
        return None
    return sum(int(number) * _DAYS[_UNIT_OF[unit]] for number, unit in parts)


def _date(digits: str) -> tuple[str, tuple[float, ...]] | None:
    """Return the place of a date, year first, that may be followed by a time."""
    for pattern, length in (('%Y%m%d', 8), ('%Y%m%d%H%M', 12), ('%Y%m%d%H%M%S', 14)):
        if len(digits) == length:
            try:
                time = datetime.strptime(digits, pattern)
            except ValueError:
                return None
            if 1800 <= time.year <= 2200:
                return 'date', (time.toordinal(), time.hour, time.minute, time.second)
    return None


def _phase(phase: int, rest: str) -> tuple[str, tuple[float, ...]] | None:
    """Return the place of ``pre``, ``post2`` or ``post6m``."""
    if not rest:
        return 'phase', (phase, 0, 0.0)
    if rest.isdecimal() and len(rest) <= _MAX_DIGITS:
        return 'phase', (phase, 1, float(rest))
    days = _days(rest)
    # With a time, 'pre6m' is the earlier of two sessions before the treatment.
    return None if days is None else ('phase', (phase, 2, days if phase else -days))
