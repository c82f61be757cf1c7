import numpy as np
import pytest
from safetensors.numpy import load, save

from pvs_workflow.networks.counter import build_counter
from pvs_workflow.networks.engine import configure_tensorflow, load_keras
from pvs_workflow.networks.weights import dump_weights, load_weights


@pytest.fixture(scope='module')
def content():
    configure_tensorflow(threads=1, seed=2)
    return dump_weights(build_counter((2, 3), (4, 4)))


@pytest.fixture
def model():
    configure_tensorflow(threads=1, seed=3)
    return build_counter((2, 3), (4, 4))


def test_arrays_are_named_after_layers(content):
    arrays = load(content)
    assert arrays['conv2/kernel'].shape == (3, 3, 2, 3)
    assert {array.dtype for array in arrays.values()} == {np.dtype('float32')}
    of_norm = ['norm1/beta', 'norm1/gamma', 'norm1/moving_mean', 'norm1/moving_variance']
    assert sorted(name for name in arrays if name.startswith('norm1')) == of_norm


def test_a_filled_network_has_the_same_weights(content, model):
    assert dump_weights(model) != content
    load_weights(model, content)
    assert dump_weights(model) == content


def test_what_training_leaves_is_not_saved(model):
    trained = load_keras().models.clone_model(model)
    trained.compile('adam', 'mae')
    trained.train_on_batch(np.zeros((2, 80, 96, 1)), np.zeros((2, 1)))
    assert set(load(dump_weights(trained))) == set(load(dump_weights(model)))


@pytest.mark.parametrize(
    ('change', 'message'),
    [
        ({'conv1/kernel': np.zeros((3, 3, 1, 9), np.float32)}, r'float32 of shape \(3, 3, 1, 2\)'),
        ({'conv1/bias': np.zeros(2)}, r'conv1/bias must be float32 .* received float64 of \(2,\)'),
        ({'conv1/bias': np.array([1, np.nan], np.float32)}, 'conv1/bias holds NaN or infinity'),
        ({'conv1/bias': np.array([1, -np.inf], np.float32)}, 'conv1/bias holds NaN or infinity'),
        ({'conv9/bias': np.zeros(2, np.float32)}, 'arrays are not those of the network'),
    ],
)
def test_arrays_that_do_not_fit_are_refused(content, model, change, message):
    with pytest.raises(ValueError, match=message):
        load_weights(model, save(load(content) | change))


def test_a_missing_array_is_named(content, model):
    arrays = load(content)
    del arrays['norm2/gamma']
    with pytest.raises(ValueError, match=r'arrays are not those of the network \(see norm2/gamma'):
        load_weights(model, save(arrays))


@pytest.mark.parametrize('spoil', [lambda c: b'', lambda c: b'PK' + c, lambda c: c[:-1]])
def test_other_files_are_refused(content, model, spoil):
    with pytest.raises(ValueError, match='not a safetensors file'):
        load_weights(model, spoil(content))
