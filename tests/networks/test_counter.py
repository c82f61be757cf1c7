import numpy as np
import pytest

from pvs_workflow.lab.training.config import Schedule
from pvs_workflow.lab.training.optimise import Task, optimise, run_batches
from pvs_workflow.networks import counter
from pvs_workflow.networks.engine import configure_tensorflow


@pytest.fixture(scope='module')
def model():
    configure_tensorflow(threads=1, seed=0)
    return counter.build_counter()


def test_layers_are_those_of_the_paper(model):
    names = [type(layer).__name__ for layer in model.layers]
    assert names == [
        'InputLayer',
        *(['Conv2D', 'BatchNormalization', 'ReLU'] * 5),
        'Conv2D',
        'GlobalAveragePooling2D',
    ]
    *convolutions, last = [layer for layer in model.layers if type(layer).__name__ == 'Conv2D']
    assert [layer.filters for layer in convolutions] == [64, 64, 128, 128, 256]
    assert {layer.kernel_size for layer in convolutions} == {(3, 3)}
    assert [layer.strides[0] for layer in convolutions] == list(counter.STRIDES)
    assert last.filters == 1
    assert last.activation.__name__ == 'linear'
    assert model.input_shape == (None, 80, 96, 1)
    assert model.output_shape == (None, 1)
    assert model.count_params() == 556_993


def dots(n, rng):
    """Return images of 0 to 40 bright dots, and their scaled counts."""
    images = np.zeros((n, 80, 96, 1), np.float32)
    counts = rng.integers(0, 41, n)
    positions = np.argwhere(np.ones((17, 21), bool)) * 4 + 8
    for image, count in zip(images, counts, strict=True):
        for x, y in rng.permutation(positions)[:count]:
            image[x : x + 2, y : y + 2] = 1
    return images, (counts[:, None] / counter.COUNT_SCALE).astype(np.float32)


class Dots:
    """Twenty batches of images with dots, different in each epoch."""

    def __len__(self):
        return 20

    def __call__(self, epoch):
        rng = np.random.default_rng([1, epoch])
        return (dots(16, rng) for _ in range(len(self)))


@pytest.mark.slow
def test_training_and_inference_mode_agree_and_counts_are_not_constant():
    """At keras' default momentum, inference is constant after so few steps."""
    configure_tensorflow(threads=1, seed=1)
    model = counter.build_counter(filters=(8, 8, 8, 16, 16))
    validation = dots(64, np.random.default_rng(1))
    optimise(model, Task('mae', Dots(), validation), Schedule(6, 3e-3))
    inference = run_batches(model, validation[0])
    training = np.asarray(model(validation[0], training=True))
    assert np.abs(inference - training).mean() * counter.COUNT_SCALE < 1.5
    assert np.corrcoef(inference[:, 0], validation[1][:, 0])[0, 1] > 0.95
