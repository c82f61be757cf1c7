import json

import pytest

from pvs_workflow.errors import BundleError
from pvs_workflow.networks.card import WEIGHTS, Card


@pytest.fixture
def values(card):
    return json.loads(card.with_checksums(dict.fromkeys(WEIGHTS, 'a' * 64)).to_json())


def test_round_trip(card):
    card = card.with_checksums(dict.fromkeys(WEIGHTS, 'a' * 64))
    again = Card.from_json(card.to_json())
    assert again == card
    assert again.to_json() == card.to_json()
    assert again.label == 'test cascade 1.2'
    assert again.preprocessing.upper == 2.0


def test_says_what_it_is_for(values):
    assert values['licence'] == 'Apache-2.0'
    assert 'not a medical device' in values['limitations']
    assert 'simulated' in values['limitations']


@pytest.mark.parametrize(
    ('change', 'message'),
    [
        ({'format': 'a song'}, r'not a cascade\'s card, expected "format"'),
        ({'format_version': 2}, 'expected 3, received 2; train it anew'),
        ({'format_version': 4}, 'expected 3, received 4'),
        ({'format_version': True}, 'expected 3, received True'),
        ({'emphasis': {'weight': 0, 'floor': 0.1}}, 'unusable emphasis, expected weight > 0'),
        ({'emphasis': {'weight': 3.0, 'floor': 0.5}}, 'unusable emphasis, expected weight > 0'),
        ({'emphasis': {'weight': 3.0}}, 'unusable emphasis'),
        ({'emphasis': {'weight': '3', 'floor': 0.1}}, 'unusable emphasis'),
        ({'name': 7}, 'name must be a text, received 7'),
        ({'training': []}, 'training must be a JSON object, received'),
        ({'surprise': 1}, r'missing \[\], unknown \[\'surprise\'\]'),
        ({'architecture': {}}, 'count_scale must be a number > 0, received None'),
        ({'architecture': {'count_scale': -1}}, 'count_scale must be a number > 0, received -1'),
        ({'architecture': {'count_scale': 48}}, 'made for images of None pixels'),
        ({'checksums': {}}, 'checksums must be the SHA-256 of enhancer.keras and counter.keras'),
        ({'checksums': dict.fromkeys(WEIGHTS, 5)}, 'checksums must be the SHA-256'),
        ({'preprocessing': {}}, 'preprocessing parameters'),
        (
            {'preprocessing': {'upper': '2', 'outside': 'keep', 'margin': 1}},
            "preprocessing upper has the wrong type, received '2'",
        ),
        ({'preprocessing': {'upper': 2, 'outside': 'burn', 'margin': 1}}, 'unusable preproc'),
        ({'calibration': {}}, 'has the calibration .* expected the fields'),
        ({'reference': {}}, 'has the reference .* expected the fields'),
    ],
)
def test_refused(values, change, message):
    with pytest.raises(BundleError, match=message):
        Card.from_json(json.dumps(values | change))


def test_missing_field_is_named(values):
    del values['metrics']
    with pytest.raises(BundleError, match=r'missing \[\'metrics\'\], unknown \[\]'):
        Card.from_json(json.dumps(values))


@pytest.mark.parametrize('text', ['', '{', 'NaN', '{"format": NaN}', '[' * 100_000])
def test_no_json(text):
    with pytest.raises(BundleError, match='not valid JSON'):
        Card.from_json(text)


@pytest.mark.parametrize('text', ['[]', '3', 'null', '"card"'])
def test_no_object(text):
    with pytest.raises(BundleError, match='must be a JSON object'):
        Card.from_json(text)
