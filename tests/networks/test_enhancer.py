import numpy as np
import pytest

from pvs_workflow.networks import enhancer
from pvs_workflow.networks.engine import configure_tensorflow


@pytest.fixture(scope='module')
def model():
    configure_tensorflow(threads=1, seed=0)
    return enhancer.build_enhancer()


def kinds(model, name):
    return [layer for layer in model.layers if type(layer).__name__ == name]


def test_layers_are_those_of_the_paper():
    configure_tensorflow(threads=1, seed=0)
    model = enhancer.build_enhancer(adds_to_image=False)
    convolutions = kinds(model, 'Conv2D')
    assert [layer.filters for layer in convolutions] == [
        *(16, 16, 32, 32, 64, 64, 128, 128, 256, 256),
        *(128, 128, 64, 64, 32, 32, 16, 16, 1),
    ]
    assert {layer.kernel_size for layer in convolutions[:-1]} == {(3, 3)}
    assert convolutions[-1].kernel_size == (1, 1)
    assert convolutions[-1].activation.__name__ == 'linear'
    assert len(kinds(model, 'BatchNormalization')) == len(kinds(model, 'ReLU')) == 18
    assert len(kinds(model, 'MaxPooling2D')) == 4
    assert [layer.filters for layer in kinds(model, 'Conv2DTranspose')] == [128, 64, 32, 16]
    assert len(kinds(model, 'Concatenate')) == 4
    assert model.count_params() == 1_946_705


def test_each_convolution_is_followed_by_norm_and_relu(model):
    order = [type(layer).__name__ for layer in model.layers]
    for index, layer in enumerate(model.layers):
        if type(layer).__name__ == 'Conv2D' and layer.name != 'enhanced':
            assert order[index + 1 : index + 3] == ['BatchNormalization', 'ReLU']


def test_the_network_has_its_documented_size_and_shapes(model):
    assert model.input_shape == model.output_shape == (None, 80, 96, 1)
    assert model.count_params() == 1_946_706


def test_the_last_layer_gets_the_image(model):
    """With zero weights for all other inputs, the network returns the image."""
    kernel, bias = model.get_layer('enhanced').get_weights()
    model.get_layer('enhanced').set_weights([np.eye(17, 1).reshape(kernel.shape), 0 * bias])
    images = np.random.default_rng(0).random((2, 80, 96, 1), np.float32)
    assert np.asarray(model(images)) == pytest.approx(images, abs=1e-6)


def test_skip_connections_join_levels_of_the_same_shape(model):
    skips = [layer for layer in kinds(model, 'Concatenate') if layer.name.startswith('skip')]
    assert len(skips) == 4
    for layer in skips:
        skip, raised = (tensor.shape[1:] for tensor in layer.input)
        assert skip == raised


def test_the_same_seed_gives_the_same_weights():
    first, second = [], []
    for out in (first, second):
        configure_tensorflow(threads=1, seed=5)
        out += enhancer.build_enhancer(width=2, depth=2).get_weights()
    assert all(np.array_equal(a, b) for a, b in zip(first, second, strict=True))


def test_a_depth_that_does_not_divide_the_image_is_refused():
    with pytest.raises(ValueError, match='depth must be 1 to 4, received 5'):
        enhancer.build_enhancer(depth=5)
