import numpy as np
import pytest

from pvs_workflow.networks.engine import configure_tensorflow, load_keras
from pvs_workflow.networks.optimise import (
    Schedule,
    learn_and_settle,
    mean_loss,
    optimise,
    run_batches,
)


@pytest.fixture
def model():
    configure_tensorflow(threads=1, seed=0)
    keras = load_keras()
    inputs = keras.Input((80, 96, 1))
    outputs = keras.layers.Dense(1)(keras.layers.GlobalAveragePooling2D()(inputs))
    return keras.Model(inputs, outputs, name='line')


def problem(n):
    rng = np.random.default_rng(0)
    levels = rng.random((n, 1), dtype=np.float32)
    return np.broadcast_to(levels[:, None, None], (n, 80, 96, 1)).copy(), 2 * levels + 1


def test_learns_a_line_and_reports_each_epoch(model):
    seen = []
    history = optimise(
        model,
        'mse',
        Schedule(30, 0.3),
        lambda epoch: [problem(8)] * 5,
        5,
        problem(20),
        seen.append,
    )
    assert seen == history
    assert [epoch.number for epoch in history] == list(range(1, 31))
    assert {epoch.network for epoch in history} == {'line'}
    kernel, bias = model.get_weights()
    assert kernel[0, 0] == pytest.approx(2, abs=0.05)
    assert bias[0] == pytest.approx(1, abs=0.05)


def test_the_best_epochs_weights_are_kept(model):
    """Targets turn wrong after the second epoch; so do the weights, but not those kept."""
    images, targets = problem(8)
    history = optimise(
        model,
        'mse',
        Schedule(5, 0.1, 'constant'),
        lambda epoch: [(images, targets if epoch < 3 else -targets)] * 20,
        20,
        (images, targets),
    )
    losses = [epoch.validation_loss for epoch in history]
    assert losses[-1] > 2 * min(losses)
    kept = mean_loss(run_batches(model, images), targets, 'mse')
    assert kept == pytest.approx(min(losses), rel=1e-4)


def test_patience_stops_early(model):
    images, targets = problem(8)
    history = optimise(
        model,
        'mse',
        Schedule(50, 0.1, 'constant', patience=2),
        lambda epoch: [(images, -targets)] * 20,
        20,
        (images, targets),
    )
    assert len(history) < 10


def test_time_limit_stops_within_an_epoch(model):
    images, targets = problem(8)
    history = optimise(
        model,
        'mse',
        Schedule(1000, 0.1, seconds=2.0),
        lambda epoch: iter([(images, targets)] * 100_000),
        100_000,
        (images, targets),
    )
    assert len(history) == 1
    assert 2 <= history[0].seconds < 20


def test_cosine_falls_from_the_rate_to_zero():
    schedule = Schedule(10, 0.4)
    rates = [schedule.rate(progress) for progress in np.linspace(0, 1, 11)]
    assert rates[0] == 0.4
    assert rates[-1] == 0
    assert (np.diff(rates) < 0).all()


def test_outputs_come_in_order_whatever_the_number(model):
    images, _ = problem(37)
    outputs = run_batches(model, images)
    kernel, bias = model.get_weights()
    assert outputs.shape == (37, 1)
    expected = images.mean(axis=(1, 2)) @ kernel + bias
    assert np.allclose(outputs, expected, atol=1e-5)


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


def test_settling_that_spoils_is_forgotten(model):
    """Where learning has found the line, a restless settling changes nothing."""
    images, targets = problem(8)
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
