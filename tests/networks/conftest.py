"""A small untrained cascade and its bundle, for all tests of networks."""

import numpy as np
import pytest

from pvs_workflow.lab.training.calibrate import fit_calibration
from pvs_workflow.lab.training.reference import ACCEPT_ALL
from pvs_workflow.lab.training.saving import save_bundle
from pvs_workflow.networks import counter
from pvs_workflow.networks.bundle import build_networks
from pvs_workflow.networks.card import Architecture, Card
from pvs_workflow.networks.cascade import Cascade
from pvs_workflow.networks.counter import CounterArchitecture
from pvs_workflow.networks.engine import configure_tensorflow, versions
from pvs_workflow.networks.enhancer import EnhancerArchitecture
from pvs_workflow.science.emphasis import Emphasis
from pvs_workflow.science.intensity import Preprocessing


def small_card() -> Card:
    return Card(
        name='test cascade',
        version='1.2',
        architecture=Architecture(
            enhancer=EnhancerArchitecture(4, 2),
            counter=CounterArchitecture((4, 4, 8, 8, 8), (2, 1, 2, 1, 1)),
        ),
        preprocessing=Preprocessing(upper=2.0, margin=2),
        emphasis=Emphasis(weight=2.0, floor=0.1),
        training={'seed': 3},
        metrics={'mae': 1.5},
        calibration=fit_calibration([1.0, 4.0, 9.0], [1, 5, 7]),
        reference=ACCEPT_ALL,
        versions=versions(),
    )


@pytest.fixture
def card():
    return small_card()


@pytest.fixture(scope='session')
def cascade():
    configure_tensorflow(threads=1, seed=4)
    models = build_networks(small_card().architecture)
    kernel, bias = models[1].get_layer(counter.MAP).get_weights()
    models[1].get_layer(counter.MAP).set_weights([10 * kernel, bias + 0.5])
    return Cascade(*models, small_card())


@pytest.fixture(scope='session')
def bundle(cascade, tmp_path_factory):
    """Return the folder of a saved bundle; tests copy it before they change it."""
    path = tmp_path_factory.mktemp('bundles') / 'small'
    save_bundle(path, cascade.enhancer, cascade.counter, cascade.card)
    return path


@pytest.fixture(scope='session')
def images():
    return np.random.default_rng(1).random((5, 80, 96), dtype=np.float32)
