"""Training on simulated people and on raters' work, from the beginning and from a cascade."""

import json
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

from pvs_workflow.errors import BundleError, PVSError
from pvs_workflow.lab.training.calibrate import STRAINS
from pvs_workflow.lab.training.config import FAST, FINE, Schedule, TrainingConfig
from pvs_workflow.lab.training.fit import split_samples, train_cascade
from pvs_workflow.lab.training.reference import EVERYTHING
from pvs_workflow.lab.training.saving import save_bundle
from pvs_workflow.networks.bundle import load_bundle
from pvs_workflow.networks.card import Card

TINY = TrainingConfig(
    Schedule(1, 1e-3, batch=8), Schedule(1, 1e-3, batch=8), width=2, strides=(2, 2, 2, 2, 1)
)


def counts_alone(samples):
    """Return the samples as if only their counts were known."""
    return [
        replace(sample, rated=float(sample.count), labels=np.zeros_like(sample.labels))
        for sample in samples
    ]


def people(*numbers, of):
    return [sample for sample in of if int(sample.participant) in numbers]


@pytest.fixture(scope='module')
def bundle(samples, tmp_path_factory):
    """A tiny trained cascade, as a folder."""
    path = tmp_path_factory.mktemp('tiny') / 'cascade'
    cascade = train_cascade(people(0, 1, 2, of=samples), TINY, 0).cascade
    card = replace(
        cascade.card, preprocessing=replace(cascade.card.preprocessing, margin=5, upper=3.0)
    )
    save_bundle(path, cascade.enhancer, cascade.counter, card)
    return path


def weights(model):
    return [array.copy() for array in model.get_weights()]


def equal(ours, theirs):
    return all((a == b).all() for a, b in zip(ours, theirs, strict=True))


def test_nobody_is_in_two_parts(samples):
    split = split_samples(samples, FAST, np.random.default_rng(0))
    parts = [
        {sample.participant for sample in part}
        for part in (split.training, split.validation, split.calibration)
    ]
    assert sorted(person for part in parts for person in part) == [f'{i:02d}' for i in range(6)]
    assert all(parts)
    assert sum(map(len, (split.training, split.validation, split.calibration))) == len(samples)


def test_the_split_follows_the_seed(samples):
    first, again, other = (
        {s.participant for s in split_samples(samples, FAST, np.random.default_rng(i)).training}
        for i in (0, 0, 3)
    )
    assert first == again
    assert first != other


def test_too_few_people(samples):
    two = [sample for sample in samples if sample.participant in ('00', '01')]
    with pytest.raises(PVSError, match=r'at least 3 participants .* received 2'):
        split_samples(two, FAST, np.random.default_rng(0))


def test_some_with_masks_are_in_every_part_that_needs_them(samples):
    mixed = people(0, 1, of=samples) + counts_alone(people(2, 3, 4, 5, of=samples))
    for seed in range(8):
        split = split_samples(mixed, FAST, np.random.default_rng(seed))
        assert any(sample.has_masks for sample in split.training)
        assert any(sample.has_masks for sample in split.validation)


def test_six_participants_spare_two_for_the_intervals(samples):
    for number, spared in ((3, 1), (5, 1), (6, 2)):
        split = split_samples(people(*range(number), of=samples), FAST, np.random.default_rng(0))
        assert len({sample.participant for sample in split.calibration}) == spared
        assert split.training


@pytest.mark.slow
def test_counts_alone_train_no_enhancer(samples):
    with pytest.raises(PVSError, match=r'expected ePVS masks of at least 2 .* masks of 0'):
        train_cascade(counts_alone(people(0, 1, 2, of=samples)), TINY, 0)


@pytest.mark.slow
def test_counts_alone_train_the_counter(samples, bundle):
    start = load_bundle(bundle)
    before = weights(start.enhancer)
    # Half-way between raters, and not all of the six images.
    rated = counts_alone(people(0, 1, 2, of=samples))[::2]
    rated = [replace(sample, rated=sample.rated + 0.5) for sample in rated]
    training = train_cascade(rated, TINY, 0, start=start)
    assert equal(before, training.cascade.enhancer.get_weights())
    assert {epoch.network for epoch in training.history} == {'counter'}
    assert np.isfinite(training.scores.mae)


@pytest.mark.slow
def test_the_card_is_that_of_the_networks(samples, bundle):
    """Whatever the configuration says: networks and preprocessing are those started from."""
    start = load_bundle(bundle)
    config = replace(FINE, enhancer=TINY.enhancer, counter=TINY.counter)
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
def test_learning_that_spoils_is_not_kept(samples, bundle):
    start = load_bundle(bundle)
    before = weights(start.counter)
    config = replace(TINY, counter=Schedule(1, 1e6, 'constant', batch=8))
    training = train_cascade(counts_alone(people(0, 1, 2, of=samples)), config, 0, start=start)
    *kept, kernel, bias = training.cascade.counter.get_weights()
    # The last layer alone is scaled, to count without bias in the calibration participants.
    assert equal(before[:-2], kept)
    np.testing.assert_allclose(kernel, before[-2] * training.factor, rtol=1e-6)
    np.testing.assert_allclose(bias, before[-1] * training.factor, rtol=1e-6)


@pytest.mark.slow
def test_another_unit_of_counts_is_refused(samples, bundle):
    start = load_bundle(bundle)
    card = replace(start.card, architecture=replace(start.card.architecture, count_scale=10.0))
    with pytest.raises(BundleError, match='expected a counter in units of 48, received 10'):
        train_cascade(people(0, 1, 2, of=samples), TINY, 0, start=replace(start, card=card))


def test_a_new_counter_leaves_the_enhancer_alone(samples, bundle):
    start = load_bundle(bundle)
    kept, old = start.enhancer.get_weights(), start.card.architecture
    training = train_cascade(people(0, 1, 2, of=samples), TINY, 0, start=start, new_counter=True)
    assert {epoch.network for epoch in training.history} == {'counter'}
    for before, after in zip(kept, training.cascade.enhancer.get_weights(), strict=True):
        np.testing.assert_array_equal(before, after)
    described = training.cascade.card.architecture
    assert described.enhancer == old.enhancer
    assert described.counter.strides == TINY.strides
    strides = [x.strides[0] for x in training.cascade.counter.layers if x.name.startswith('conv')]
    assert strides == list(TINY.strides)


@pytest.mark.slow
@pytest.mark.parametrize('number', [3, 6])
def test_few_participants_are_calibrated(samples, tmp_path, number):
    training = train_cascade(people(*range(number), of=samples), TINY, 0)
    cascade, calibrated = training.cascade, 1 if number == 3 else 2
    card = save_bundle(tmp_path / 'model', cascade.enhancer, cascade.counter, cascade.card)
    assert Card.from_json(card.to_json()) == card
    assert card.calibration.n_images == len(STRAINS) * 6 * calibrated
    assert (card.reference == EVERYTHING) == (calibrated == 1)
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
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


@pytest.mark.slow
def test_same_seed_same_weights(dataset):
    first, again, other = train(dataset, 1), train(dataset, 1), train(dataset, 2)
    assert first == again
    assert first[0] != other[0]
