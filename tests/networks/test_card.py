import json
from collections.abc import Mapping
from dataclasses import dataclass, replace

import pytest

from pvs_workflow import data
from pvs_workflow.errors import BundleError
from pvs_workflow.networks.card import (
    WEIGHTS,
    Architecture,
    Card,
    parse_finite_json,
    read_typed,
)
from pvs_workflow.networks.enhancer import check_range


@pytest.fixture
def values(card):
    return json.loads(replace(card, checksums=dict.fromkeys(WEIGHTS, 'a' * 64)).to_json())


def changed(values, path, value):
    """Set one value and return the JSON; dots in the path separate keys and list indices."""
    *parents, last = [int(key) if key.isdigit() else key for key in path.split('.')]
    parent = values
    for key in parents:
        parent = parent[key]
    parent[last] = value
    return json.dumps(values)


def test_a_card_survives_a_round_trip(card):
    card = replace(card, checksums=dict.fromkeys(WEIGHTS, 'a' * 64))
    again = Card.from_json(card.to_json())
    assert again == card
    assert again.to_json() == card.to_json()
    assert again.label == 'test cascade 1.2'
    assert again.preprocessing.upper == 2.0
    assert again.count_scale == 48


def test_the_shipped_card_survives_a_round_trip():
    text = data.path('cascade', 'card.json').read_text('utf-8')
    assert Card.from_json(text).to_json() == text


def test_the_card_states_licence_and_limitations(values):
    assert values['licence'] == 'Apache-2.0'
    assert 'not a medical device' in values['limitations']
    assert 'simulated' in values['limitations']


@pytest.mark.parametrize(
    ('path', 'value', 'message'),
    [
        ('format', 'a song', 'its card does not have "format"'),
        ('format_version', 3, r'version 3, expected 4; convert .* scripts/convert_bundle.py'),
        ('format_version', 2, 'version 2, expected 4; train it again'),
        ('format_version', 5, 'version 5, expected 4'),
        ('format_version', True, 'version True, expected 4'),
        ('name', 7, 'card.name must be text, received 7'),
        ('name', 'a' * 101, 'must be one line of at most 100 characters'),
        ('version', '1\n2', 'must be one line of at most 100 characters'),
        ('training', [], r'card.training must be a JSON object, received \[\]'),
        ('surprise', 1, 'card has missing or unknown fields: surprise'),
        ('architecture', {}, 'card.architecture has missing or unknown fields: count_scale, '),
        ('architecture.count_scale', 0, 'card.architecture: count_scale must be > 0'),
        ('architecture.image_shape', [96, 80], r'image_shape must be \(80, 96\)'),
        ('architecture.enhancer.width', 10**9, 'enhancer: width must be 1 to 128'),
        ('architecture.enhancer.depth', 5, 'enhancer: depth must be 1 to 4'),
        ('architecture.counter.filters', [10**6] * 5, 'counter: filters must be 1 to 1024'),
        (
            'architecture.counter.strides',
            [1],
            'filters and strides must have the same length',
        ),
        ('emphasis.weight', 0, 'card.emphasis: weight must be > 0'),
        ('emphasis.floor', '0', "card.emphasis.floor must be a number, received '0'"),
        ('preprocessing.outside', 'burn', "card.preprocessing: outside must be 'keep' or 'blank'"),
        ('calibration.low.0', 'x', r"card.calibration.low\[0\] must be a number, received 'x'"),
        ('calibration.coverage', 2, 'card.calibration: coverage must lie between 0 and 1'),
        ('reference.limit', 0, 'card.reference: limit must be > 0'),
        ('checksums', {}, 'must hold the checksums of enhancer.safetensors and counter'),
    ],
)
def test_an_invalid_field_is_named(values, path, value, message):
    with pytest.raises(BundleError, match=message):
        Card.from_json(changed(values, path, value))


def test_a_missing_field_is_named(values):
    del values['metrics']
    with pytest.raises(BundleError, match='missing or unknown fields: metrics'):
        Card.from_json(json.dumps(values))


@pytest.mark.parametrize('text', ['', '{', 'NaN', '{"format": NaN}', '[' * 100_000])
def test_invalid_json_is_refused(text):
    with pytest.raises(BundleError, match='its card is not valid JSON'):
        Card.from_json(text)


@pytest.mark.parametrize('text', ['[]', '3', 'null', '"card"'])
def test_other_json_is_refused(text):
    with pytest.raises(BundleError, match='its card does not have "format"'):
        Card.from_json(text)


def test_an_architecture_has_a_fixed_image_shape_and_a_positive_count_scale():
    with pytest.raises(ValueError, match='image_shape'):
        Architecture(image_shape=(64, 64))
    with pytest.raises(ValueError, match='count_scale'):
        Architecture(count_scale=float('nan'))


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


def test_a_dataclass_is_read_with_all_nested_values():
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
def test_an_ill_typed_value_is_named(change, message):
    with pytest.raises(ValueError, match=message):
        read_typed(Whole, VALUES | change, 'it')


@pytest.mark.parametrize('text', ['NaN', '[1, -Infinity]', '{"a": 1e999}', '9' * 400, '[' * 10**5])
def test_numbers_that_are_not_finite_and_deep_nesting_are_refused(text):
    with pytest.raises(ValueError, match=r'not finite|nested too deeply'):
        parse_finite_json(text)


def test_finite_numbers_keep_their_type():
    assert list(map(type, parse_finite_json('[1, 1.0, 1e3]'))) == [int, float, float]
