from collections.abc import Mapping
from dataclasses import dataclass

import pytest

from pvs_workflow.networks.typed_json import check_range, parse_finite_json, read_typed


@dataclass(frozen=True)
class Part:
    size: int
    share: float = 0.5

    def __post_init__(self):
        check_range('share', self.share, 0, 1)


@dataclass(frozen=True)
class Whole:
    name: str
    is_new: bool
    parts: tuple[Part, ...]
    rows: tuple[tuple[float, ...], ...]
    free: Mapping


VALUES = {
    'name': 'a',
    'is_new': False,
    'parts': [{'size': 1, 'share': 1}],
    'rows': [[1, 2.5], []],
    'free': {'anything': [None]},
}


def test_a_dataclass_is_read_with_all_its_parts():
    whole = read_typed(Whole, VALUES, 'it')
    assert whole == Whole('a', False, (Part(1, 1.0),), ((1.0, 2.5), ()), {'anything': [None]})
    assert type(whole.parts[0].share) is float


@pytest.mark.parametrize(
    ('change', 'message'),
    [
        ({'name': 7}, 'it.name must be text, received 7'),
        ({'is_new': 0}, 'it.is_new must be true or false, received 0'),
        ({'parts': {}}, 'it.parts must be a list, received {}'),
        ({'parts': [[]]}, r'it.parts\[0\] must be a JSON object, received \[\]'),
        ({'parts': [{'size': True, 'share': 1}]}, r'parts\[0\].size must be a whole number'),
        ({'parts': [{'size': 1.5, 'share': 1}]}, r'parts\[0\].size must be a whole number'),
        ({'parts': [{'size': 1, 'share': True}]}, r'share must be a number, received True'),
        ({'parts': [{'size': 1, 'share': 2}]}, r'it.parts\[0\]: share must be 0 to 1, received 2'),
        ({'parts': [{'size': 1}]}, r'it.parts\[0\] has missing or unknown fields: share'),
        ({'rows': [[1], ['2']]}, r"it.rows\[1\]\[0\] must be a number, received '2'"),
        ({'free': []}, r'it.free must be a JSON object, received \[\]'),
        ({'surprise': 1}, 'it has missing or unknown fields: surprise'),
    ],
)
def test_what_does_not_fit_is_named(change, message):
    with pytest.raises(ValueError, match=message):
        read_typed(Whole, VALUES | change, 'it')


@pytest.mark.parametrize('text', ['NaN', '[1, -Infinity]', '{"a": 1e999}', '9' * 400, '[' * 10**5])
def test_numbers_that_are_not_finite_and_other_json_are_refused(text):
    with pytest.raises(ValueError, match=r'not finite|nested too deeply'):
        parse_finite_json(text)


def test_finite_numbers_keep_their_type():
    assert list(map(type, parse_finite_json('[1, 1.0, 1e3]'))) == [int, float, float]
