"""Train on masks and on counts, from random weights and from a cascade."""

import json
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

from pvs_workflow.errors import BundleError, PVSError
from pvs_workflow.lab.training.calibrate import CALIBRATION_VARIATIONS
from pvs_workflow.lab.training.config import FAST, FINE_TUNING, Schedule, TrainingConfig
from pvs_workflow.lab.training.fit import split_samples, train_cascade
from pvs_workflow.lab.training.reference import ACCEPT_ALL
from pvs_workflow.lab.training.saving import save_bundle
from pvs_workflow.networks.bundle import load_bundle
from pvs_workflow.networks.card import Card

TINY = TrainingConfig(
    Schedule(1, 1e-3, batch=8), Schedule(1, 1e-3, batch=8), width=2, strides=(2, 2, 2, 2, 1)
)


def without_masks(samples):
    """Return the samples with their counts only."""
    return [
        replace(sample, rated=float(sample.count), labels=np.zeros_like(sample.labels))
        for sample in samples
    ]


def people(*numbers, of):
    return [sample for sample in of if int(sample.participant) in numbers]


@pytest.fixture(scope='module')
def bundle(samples, tmp_path_factory):
    """Bundle of a tiny trained cascade."""
    path = tmp_path_factory.mktemp('tiny') / 'cascade'
    cascade = train_cascade(people(0, 1, 2, of=samples), TINY, 0).cascade
    card = replace(
        cascade.card, preprocessing=replace(cascade.card.preprocessing, margin=5, upper=3.0)
    )
    save_bundle(path, cascade.enhancer, cascade.counter, card)
    return path


def weights(model):
    return [array.copy() for array in model.get_weights()]


def equal(first, second):
    return all((a == b).all() for a, b in zip(first, second, strict=True))


def test_each_participant_is_in_one_part_of_the_split(samples):
    split = split_samples(samples, FAST, np.random.default_rng(0))
    parts = [
        {sample.participant for sample in part}
        for part in (split.training, split.validation, split.calibration)
    ]
    assert sorted(person for part in parts for person in part) == [f'{i:02d}' for i in range(6)]
    assert all(parts)
    assert sum(map(len, (split.training, split.validation, split.calibration))) == len(samples)


def test_the_split_depends_on_the_seed(samples):
    first, again, other = (
        {s.participant for s in split_samples(samples, FAST, np.random.default_rng(i)).training}
        for i in (0, 0, 3)
    )
    assert first == again
    assert first != other


def test_too_few_participants_are_rejected(samples):
    two = [sample for sample in samples if sample.participant in ('00', '01')]
    with pytest.raises(PVSError, match=r'at least 3 participants .*, received 2'):
        split_samples(two, FAST, np.random.default_rng(0))


def test_training_and_validation_both_have_masks(samples):
    mixed = people(0, 1, of=samples) + without_masks(people(2, 3, 4, 5, of=samples))
    for seed in range(8):
        split = split_samples(mixed, FAST, np.random.default_rng(seed))
        assert any(sample.has_masks for sample in split.training)
        assert any(sample.has_masks for sample in split.validation)


def test_two_of_six_participants_are_used_for_calibration(samples):
    for number, expected in ((3, 1), (5, 1), (6, 2)):
        split = split_samples(people(*range(number), of=samples), FAST, np.random.default_rng(0))
        assert len({sample.participant for sample in split.calibration}) == expected
        assert split.training


@pytest.mark.slow
def test_counts_alone_cannot_train_an_enhancer(samples):
    with pytest.raises(PVSError, match=r'needs ePVS masks of at least 2 .*, received 0; add'):
        train_cascade(without_masks(people(0, 1, 2, of=samples)), TINY, 0)


@pytest.mark.slow
def test_counts_alone_train_the_counter(samples, bundle):
    start = load_bundle(bundle)
    before = weights(start.enhancer)
    # Means of two raters, for some of the six images.
    rated = without_masks(people(0, 1, 2, of=samples))[::2]
    rated = [replace(sample, rated=sample.rated + 0.5) for sample in rated]
    training = train_cascade(rated, TINY, 0, start=start)
    assert equal(before, training.cascade.enhancer.get_weights())
    assert {epoch.network for epoch in training.history} == {'counter'}
    assert np.isfinite(training.scores.mae)


@pytest.mark.slow
def test_the_card_describes_the_initial_cascade(samples, bundle):
    """Architecture and preprocessing are those of the initial cascade, not of the settings."""
    start = load_bundle(bundle)
    config = replace(FINE_TUNING, enhancer=TINY.enhancer, counter=TINY.counter)
    assert config.width != TINY.width
    training = train_cascade(people(0, 1, 2, 3, of=samples), config, 0, start=start)
    card, enhancer = training.cascade.card, training.cascade.enhancer
    assert card.preprocessing.margin == 5
    assert card.preprocessing.upper == 3.0
    first = next(layer for layer in enhancer.layers if hasattr(layer, 'filters'))
    assert card.architecture.enhancer.width == first.filters == 2
    layers = training.cascade.counter.layers
    strides = [layer.strides[0] for layer in layers if layer.name.startswith('conv')]
    assert card.architecture.counter.strides == tuple(strides) == TINY.strides
    assert training.config.to_card()['width'] == 2


@pytest.mark.slow
def test_training_that_degrades_the_counter_is_discarded(samples, bundle):
    start = load_bundle(bundle)
    before = weights(start.counter)
    config = replace(TINY, counter=Schedule(1, 1e6, 'constant', batch=8))
    training = train_cascade(without_masks(people(0, 1, 2, of=samples)), config, 0, start=start)
    *others, kernel, bias = training.cascade.counter.get_weights()
    # Only the last layer is scaled, to remove the bias in the calibration participants.
    assert equal(before[:-2], others)
    np.testing.assert_allclose(kernel, before[-2] * training.factor, rtol=1e-6)
    np.testing.assert_allclose(bias, before[-1] * training.factor, rtol=1e-6)


@pytest.mark.slow
def test_a_cascade_with_another_unit_of_counts_is_rejected(samples, bundle):
    start = load_bundle(bundle)
    card = replace(start.card, architecture=replace(start.card.architecture, count_scale=10.0))
    with pytest.raises(BundleError, match='its counts are in units of 10, not 48'):
        train_cascade(people(0, 1, 2, of=samples), TINY, 0, start=replace(start, card=card))


def test_a_new_counter_does_not_change_the_enhancer(samples, bundle):
    start = load_bundle(bundle)
    enhancer, old = start.enhancer.get_weights(), start.card.architecture
    training = train_cascade(people(0, 1, 2, of=samples), TINY, 0, start=start, new_counter=True)
    assert {epoch.network for epoch in training.history} == {'counter'}
    for before, after in zip(enhancer, training.cascade.enhancer.get_weights(), strict=True):
        np.testing.assert_array_equal(before, after)
    new = training.cascade.card.architecture
    assert new.enhancer == old.enhancer
    assert new.counter.strides == TINY.strides
    strides = [x.strides[0] for x in training.cascade.counter.layers if x.name.startswith('conv')]
    assert strides == list(TINY.strides)


@pytest.mark.slow
@pytest.mark.parametrize('number', [3, 6])
def test_few_participants_are_enough_for_a_calibration(samples, tmp_path, number):
    training = train_cascade(people(*range(number), of=samples), TINY, 0)
    cascade, calibrated = training.cascade, 1 if number == 3 else 2
    card = save_bundle(tmp_path / 'model', cascade.enhancer, cascade.counter, cascade.card)
    assert Card.from_json(card.to_json()) == card
    assert card.calibration.n_images == len(CALIBRATION_VARIATIONS) * 6 * calibrated
    assert (card.reference == ACCEPT_ALL) == (calibrated == 1)
    assert training.scores.n_participants == calibrated


SCRIPT = """
import hashlib, json, sys
from pathlib import Path
from pvs_workflow.lab.training.config import Schedule, TrainingConfig
from pvs_workflow.lab.training.fit import train_cascade
from pvs_workflow.lab.training.samples import read_samples
root = Path(sys.argv[1])
samples = list(read_samples(root, root / 'derivatives' / 'truth'))
tiny = TrainingConfig(Schedule(1, 1e-3, batch=8), Schedule(2, 1e-3, batch=8), width=2)
training = train_cascade(samples, tiny, seed=int(sys.argv[2]), threads=1)
digest = hashlib.sha256()
for model in (training.cascade.enhancer, training.cascade.counter):
    for weights in model.get_weights():
        digest.update(weights.tobytes())
print(json.dumps([digest.hexdigest(), training.scores.mae, training.cascade.card.calibration.low]))
"""


def train(dataset, seed):
    command = [sys.executable, '-c', SCRIPT, str(dataset), str(seed)]
    process = subprocess.run(command, capture_output=True, text=True, check=True)
    return json.loads(process.stdout)


@pytest.mark.slow
def test_same_seed_gives_the_same_weights(dataset):
    first, again, other = train(dataset, 1), train(dataset, 1), train(dataset, 2)
    assert first == again
    assert first[0] != other[0]
