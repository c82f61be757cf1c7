import numpy as np
import pytest

from pvs_workflow.errors import BundleError
from pvs_workflow.lab.training.checkpoint import Checkpoint, Epoch
from pvs_workflow.networks.engine import configure_tensorflow, load_keras


def network(width=3):
    configure_tensorflow(threads=1, seed=0)
    keras = load_keras()
    model = keras.Sequential([keras.Input((width,)), keras.layers.Dense(1)])
    model.name = 'line'
    model.compile('adam', 'mse')
    model.optimizer.build(model.trainable_variables)
    return model


def learn(model):
    model.train_on_batch(np.ones((4, 3)), np.ones((4, 1)))
    return [variable.numpy() for variable in (*model.weights, *model.optimizer.variables)]


def history(n):
    return [Epoch('line', i, 1 / i, 2 / i, float(i)) for i in range(1, n + 1)]


@pytest.fixture
def saved(tmp_path):
    """Checkpoint of a network after two epochs, the first of which was the best."""
    model = network()
    checkpoint = Checkpoint(model, tmp_path / 'checkpoint')
    assert checkpoint.resume() == []
    states = []
    for number in (1, 2):
        states.append(learn(model))
        if number == 1:
            checkpoint.save_best()
        checkpoint.save(history(number))
    return tmp_path / 'checkpoint', states


def test_network_optimiser_and_history_are_restored(saved):
    folder, states = saved
    model = network()
    checkpoint = Checkpoint(model, folder)
    assert checkpoint.resume() == history(2)
    restored = [variable.numpy() for variable in (*model.weights, *model.optimizer.variables)]
    assert all(np.array_equal(a, b) for a, b in zip(restored, states[1], strict=True))
    checkpoint.load_best()
    assert all(np.array_equal(a, b) for a, b in zip(model.get_weights(), states[0], strict=False))
    names = ['best.weights.h5', 'epoch-000002.weights.h5', 'history.json']
    assert sorted(path.name for path in folder.iterdir()) == names


def test_a_history_longer_than_the_weights_is_truncated(saved):
    """The history is written first: a process may be killed before writing the weights."""
    folder, _ = saved
    (folder / 'epoch-000002.weights.h5').rename(folder / 'epoch-000001.weights.h5')
    assert Checkpoint(network(), folder).resume() == history(1)


@pytest.mark.parametrize('name', ['epoch-000002.weights.h5', 'best.weights.h5', 'history.json'])
@pytest.mark.parametrize('content', [b'', b'spoilt', b'[1]'])
def test_a_damaged_file_is_rejected_in_one_sentence(saved, name, content):
    folder, _ = saved
    (folder / name).write_bytes(content)
    checkpoint = Checkpoint(network(), folder)
    with pytest.raises(
        BundleError, match=rf'cannot resume the line from \S+{name} (?s:.*); train without'
    ):
        checkpoint.resume()
        checkpoint.load_best()


def test_a_checkpoint_of_another_network_is_rejected(saved):
    folder, _ = saved
    with pytest.raises(BundleError, match='cannot resume the line from'):
        Checkpoint(network(width=5), folder).resume()
