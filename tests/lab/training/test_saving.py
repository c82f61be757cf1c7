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


def test_saving_replaces_only_an_older_bundle(cascade, tmp_path):
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


def test_a_bundle_cannot_be_saved_below_a_file(tmp_path, cascade):
    (tmp_path / 'file').touch()
    with pytest.raises(OutputError, match=r'cannot write to .*; choose another folder'):
        save_bundle(tmp_path / 'file' / 'b', cascade.enhancer, cascade.counter, cascade.card)


def test_networks_of_another_architecture_are_not_saved(tmp_path, cascade):
    """The arrays do not depend on the strides: such a bundle would load but count wrongly."""
    counter = replace(cascade.card.architecture.counter, strides=(2, 2, 2, 1, 1))
    _, other = build_networks(replace(cascade.card.architecture, counter=counter))
    with pytest.raises(ValueError, match='the counter does not have the architecture on the card'):
        save_bundle(tmp_path / 'b', cascade.enhancer, other, cascade.card)
    assert not (tmp_path / 'b').exists()


def test_the_state_of_the_optimiser_is_not_saved():
    configure_tensorflow(threads=1, seed=3)
    model = build_counter((2, 3), (4, 4))
    trained = load_keras().models.clone_model(model)
    trained.compile('adam', 'mae')
    trained.train_on_batch(np.zeros((2, 80, 96, 1)), np.zeros((2, 1)))
    assert set(load(dump_weights(trained))) == set(load(dump_weights(model)))
