import numpy as np
import pytest

from pvs_workflow.lab.training.optimise import (
    Schedule,
    mean_loss,
    optimise,
    run_batches,
)
from pvs_workflow.networks.engine import configure_tensorflow, load_keras


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
