"""Training on a user's own data: from a trained cascade, with counts alone, and resumed."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from pvs_workflow.errors import BundleError, PVSError
from pvs_workflow.lab.training.augment import Augmentation
from pvs_workflow.lab.training.calibrate import STRAINS
from pvs_workflow.lab.training.checkpoint import State
from pvs_workflow.lab.training.config import FAST, FINE, OWN, TrainingConfig
from pvs_workflow.lab.training.fit import split_samples, train_cascade
from pvs_workflow.lab.training.optimise import Schedule
from pvs_workflow.networks.bundle import load_bundle, save_bundle
from pvs_workflow.networks.card import Card
from pvs_workflow.uncertainty.in_distribution import EVERYTHING

pytestmark = pytest.mark.filterwarnings(
    "ignore:__array__ implementation doesn't accept a copy keyword:DeprecationWarning"
)

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


def test_recorded_images_are_varied_more_than_plates():
    assert OWN.augmentation == FINE.augmentation == Augmentation()
    assert FAST.augmentation.noise < OWN.augmentation.noise
    assert FINE.counter.learning_rate < OWN.counter.learning_rate
    assert FINE.enhancer.epochs < OWN.enhancer.epochs


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
    assert config.starting_from(card).to_card()['width'] == 2


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


TRAIN = (
    'from dataclasses import replace\n'
    'from pvs_workflow.lab.training import config\n'
    'config.OWN = replace(config.OWN, width=2, strides=(2, 2, 2, 2, 1))\n'
    'from pvs_workflow.lab.cli.main import main\n'
    'import sys\n'
    'sys.exit(main(sys.argv[1:]))\n'
)


def start_training(out, dataset, *options):
    epochs = ('--epochs-enhancer', '2', '--epochs-counter', '4')
    command = [sys.executable, '-c', TRAIN, 'train', str(out), '--bids-dir', str(dataset)]
    return subprocess.Popen(
        [*command, *epochs, '--seed', '4', *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=os.environ | {'PYTHONUNBUFFERED': '1'},
    )


def finish(process):
    said, _ = process.communicate()
    assert process.returncode == 0, said
    return said


@pytest.mark.slow
def test_a_killed_training_goes_on_to_the_same_weights(dataset, tmp_path):
    """Killed in the enhancer's training, then in the counter's between two pools of images."""
    undisturbed = tmp_path / 'undisturbed' / 'model'
    disturbed = tmp_path / 'disturbed' / 'model'
    for path in (undisturbed, disturbed):
        path.parent.mkdir()
    finish(start_training(undisturbed, dataset))
    options = []
    for last in ('enhancer epoch 1:', 'counter epoch 2:'):
        process = start_training(disturbed, dataset, *options)
        # The line is printed before the checkpoint is there: wait for that, too.
        for line in process.stdout:
            if line.startswith(last):
                break
        network, number = last.rstrip(':').split(' epoch ')
        wait_for(disturbed.with_name('model_checkpoints') / f'{network}.npz', int(number))
        os.kill(process.pid, signal.SIGKILL)
        process.communicate()
        assert process.returncode == -signal.SIGKILL
        options = ['--resume']
    said = finish(start_training(disturbed, dataset, *options))
    assert 'enhancer epoch' not in said
    assert 'counter epoch 2:' not in said
    for network in ('enhancer', 'counter'):
        ours, theirs = (
            getattr(load_bundle(path), network).get_weights() for path in (undisturbed, disturbed)
        )
        assert equal(ours, theirs)
    cards = [json.loads((path / 'card.json').read_text()) for path in (undisturbed, disturbed)]
    assert cards[0]['calibration'] == cards[1]['calibration']
    assert not disturbed.with_name('model_checkpoints').exists()


def wait_for(path: Path, epochs: int):
    for _ in range(6000):
        if path.is_file() and len(State.load(path).history) >= epochs:
            return
        time.sleep(0.1)
    raise AssertionError(f'{path} was not written')


def test_checkpoints_of_another_training_are_refused(dataset, tmp_path):
    folder = tmp_path / 'model_checkpoints'
    folder.mkdir()
    (folder / 'command.txt').write_text('pvs_cascade train model --seed 5\n')
    process = start_training(tmp_path / 'model', dataset, '--resume')
    said, _ = process.communicate()
    assert process.returncode == 1
    assert 'are of another training, expected the same command' in said
    assert folder.is_dir()
    shutil.rmtree(folder)
