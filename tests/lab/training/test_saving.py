from dataclasses import replace

import numpy as np
import pytest
from safetensors.numpy import load

from pvs_workflow import data
from pvs_workflow.errors import OutputError
from pvs_workflow.lab.training.saving import dump_weights, save_bundle
from pvs_workflow.networks.bundle import build_networks, load_bundle, verify_bundle
from pvs_workflow.networks.card import WEIGHTS
from pvs_workflow.networks.counter import build_counter
from pvs_workflow.networks.engine import configure_tensorflow, load_keras


@pytest.fixture(scope='module')
def cascade():
    configure_tensorflow(threads=1, seed=4)
    return load_bundle(data.path('cascade'))


def test_saving_replaces_an_older_bundle_and_nothing_else(cascade, tmp_path):
    copy = tmp_path / 'copy'
    save_bundle(copy, cascade.enhancer, cascade.counter, cascade.card)
    (copy / 'stale').touch()
    save_bundle(copy, cascade.enhancer, cascade.counter, cascade.card)
    assert {p.name for p in copy.iterdir()} == {'card.json', *WEIGHTS}
    verify_bundle(copy)
    assert [p.name for p in tmp_path.iterdir()] == ['copy']
    precious = tmp_path / 'precious'
    precious.mkdir()
    (precious / 'thesis.tex').touch()
    with pytest.raises(OutputError, match='is not a bundle; choose a new folder'):
        save_bundle(precious, cascade.enhancer, cascade.counter, cascade.card)
    assert (precious / 'thesis.tex').exists()


def test_saving_below_a_file(tmp_path, cascade):
    (tmp_path / 'file').touch()
    with pytest.raises(OutputError, match='cannot be written'):
        save_bundle(tmp_path / 'file' / 'b', cascade.enhancer, cascade.counter, cascade.card)


def test_networks_that_are_not_the_cards_are_not_saved(tmp_path, cascade):
    """Strides leave no trace in the arrays: such a bundle would load and count wrongly."""
    counter = replace(cascade.card.architecture.counter, strides=(2, 2, 2, 1, 1))
    _, other = build_networks(replace(cascade.card.architecture, counter=counter))
    with pytest.raises(ValueError, match='the counter is not that of the card'):
        save_bundle(tmp_path / 'b', cascade.enhancer, other, cascade.card)
    assert not (tmp_path / 'b').exists()


def test_what_training_leaves_is_not_saved():
    configure_tensorflow(threads=1, seed=3)
    model = build_counter((2, 3), (4, 4))
    trained = load_keras().models.clone_model(model)
    trained.compile('adam', 'mae')
    trained.train_on_batch(np.zeros((2, 80, 96, 1)), np.zeros((2, 1)))
    assert set(load(dump_weights(trained))) == set(load(dump_weights(model)))
