import hashlib

import numpy as np
import pytest

from pvs_workflow import data
from pvs_workflow.errors import BundleError
from pvs_workflow.networks.engine import configure_tensorflow
from pvs_workflow.networks.nuclei import (
    build_nuclei_network,
    cached_nuclei_network,
    predict_nuclei,
)
from pvs_workflow.science.nuclei import BOX_SHAPE, CLASSES

SHIPPED = data.path('nuclei', 'nuclei.safetensors')


@pytest.fixture(scope='module', autouse=True)
def one_thread():
    configure_tensorflow(threads=1, seed=0)


def test_the_shipped_network_has_its_recorded_weights():
    """The weights equal those of the keras file of version 0.1.0."""
    weights = cached_nuclei_network(SHIPPED).get_weights()
    digest = hashlib.sha256(b''.join(array.tobytes() for array in weights)).hexdigest()
    assert digest == '5b1a50d0cdca980d17f127169d0c7e52aacde788071502db197a51e97d5ab5b6'


def test_probabilities_of_a_mirror_image_are_mirrored():
    network = build_nuclei_network(width=2)
    box = np.random.default_rng(0).random(BOX_SHAPE)
    original, mirrored = predict_nuclei(network, box), predict_nuclei(network, box[::-1])
    assert original.shape == (*BOX_SHAPE, len(CLASSES))
    assert original.sum(axis=-1) == pytest.approx(np.ones(BOX_SHAPE), abs=1e-5)
    assert mirrored == pytest.approx(original[::-1], abs=1e-5)


def test_the_network_is_loaded_once_per_process():
    assert cached_nuclei_network(SHIPPED) is cached_nuclei_network(SHIPPED)


def test_a_damaged_or_missing_file_is_refused(tmp_path):
    damaged = tmp_path / 'nuclei.safetensors'
    damaged.write_bytes(SHIPPED.read_bytes()[:-4])
    for path in (damaged, tmp_path / 'none'):
        with pytest.raises(BundleError, match=r'cannot be used: .*; reinstall pvs_workflow'):
            cached_nuclei_network(path)
