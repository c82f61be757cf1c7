import numpy as np
import pytest

from pvs_workflow.lab.training.optimise import Schedule, mean_loss, run_batches
from pvs_workflow.lab.training.settle import learn_and_settle
from pvs_workflow.networks.engine import configure_tensorflow, load_keras


def test_settling_learns_with_the_running_norms_and_is_numbered_on(tmp_path):
    """Norms do not move while a network settles, and learn again when it is trained anew."""
    keras = load_keras()
    configure_tensorflow(threads=1, seed=2)
    rng = np.random.default_rng(0)
    model = keras.Sequential(
        [keras.Input((3,)), keras.layers.BatchNormalization(name='norm'), keras.layers.Dense(1)]
    )
    model.name = 'small'
    images = rng.normal(3, 2, (64, 3)).astype(np.float32)
    targets = images.sum(axis=1, keepdims=True)
    seen, norms = [], []

    def batches(epoch):
        seen.append(epoch)
        yield from ((images[i : i + 8], targets[i : i + 8]) for i in range(0, 64, 8))

    def on_epoch(epoch):
        moving = model.get_layer('norm').moving_mean
        norms.append((epoch.number, np.asarray(moving).copy()))

    schedule = Schedule(4, 1e-2, batch=8)
    paths = tmp_path / 'learned.npz', tmp_path / 'settled.npz'
    history = learn_and_settle(
        model, 'mse', schedule, 0.5, batches, 8, (images, targets), on_epoch, paths
    )
    numbers = [epoch.number for epoch in history]
    assert numbers == [n for n, _ in norms] == sorted(set(seen)) == [1, 2, 3, 4, 5, 6]
    moving = np.array([values for _, values in norms])
    assert (np.diff(moving[:4], axis=0) != 0).all()
    assert (moving[4:] == moving[4]).all()
    assert model.get_layer('norm').trainable
    learned = model.get_weights()
    again = learn_and_settle(
        model, 'mse', schedule, 0.5, batches, 8, (images, targets), on_epoch, paths
    )
    assert again == history
    assert all((a == b).all() for a, b in zip(learned, model.get_weights(), strict=True))


def test_settling_that_spoils_is_forgotten():
    """Where learning has found the line, a restless settling changes nothing."""
    keras = load_keras()
    configure_tensorflow(threads=1, seed=0)
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
    images = np.random.default_rng(0).random((8, 1), dtype=np.float32)
    targets = 2 * images + 1
    schedule = Schedule(30, 0.3, 'constant')

    def batches(epoch):
        yield from [(images, targets if epoch <= 30 else -targets)] * 5

    history = learn_and_settle(model, 'mse', schedule, 0.1, batches, 5, (images, targets))
    assert len(history) == 33
    best = min(epoch.validation_loss for epoch in history[:30])
    assert mean_loss(run_batches(model, images), targets, 'mse') == pytest.approx(best, rel=1e-3)


def test_no_settling_is_only_learning():
    assert Schedule(4, 1e-2).settling(0.0).epochs == 0
    assert Schedule(4, 1e-2, seconds=60.0).settling(0.5).seconds == 30.0
