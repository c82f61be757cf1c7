from dataclasses import dataclass

import numpy as np
import pytest

from pvs_workflow.lab.training.config import Schedule
from pvs_workflow.lab.training.optimise import Task, learn_and_settle, optimise, run_batches
from pvs_workflow.networks.engine import configure_tensorflow, load_keras


@dataclass(frozen=True)
class Repeated:
    """The same batch several times, with inverted targets after the last correct epoch."""

    images: np.ndarray
    targets: np.ndarray
    number: int = 5
    last_correct: float = np.inf

    def __len__(self):
        return self.number

    def __call__(self, epoch):
        targets = self.targets if epoch <= self.last_correct else -self.targets
        return ((self.images, targets) for _ in range(self.number))


@pytest.fixture
def model():
    configure_tensorflow(threads=1, seed=0)
    keras = load_keras()
    inputs = keras.Input((80, 96, 1))
    outputs = keras.layers.Dense(1)(keras.layers.GlobalAveragePooling2D()(inputs))
    return keras.Model(inputs, outputs, name='line')


@pytest.fixture
def normed():
    """A network with batch normalisation, and its task."""
    keras = load_keras()
    configure_tensorflow(threads=1, seed=2)
    model = keras.Sequential(
        [keras.Input((3,)), keras.layers.BatchNormalization(name='norm'), keras.layers.Dense(1)]
    )
    model.name = 'small'
    images = np.random.default_rng(0).normal(3, 2, (64, 3)).astype(np.float32)
    targets = images.sum(axis=1, keepdims=True)
    return model, Task('mse', Repeated(images[:32], targets[:32], 4), (images, targets))


def problem(n):
    levels = np.random.default_rng(0).random((n, 1), dtype=np.float32)
    return np.broadcast_to(levels[:, None, None], (n, 80, 96, 1)).copy(), 2 * levels + 1


def line(number=20, last_correct=np.inf):
    images, targets = problem(8)
    return Task('mse', Repeated(images, targets, number, last_correct), (images, targets))


def error(model, task):
    images, targets = task.validation
    return np.mean((run_batches(model, images) - targets) ** 2)


def same(first, second):
    return all(np.array_equal(a, b) for a, b in zip(first, second, strict=True))


def test_the_network_learns_a_line_and_each_epoch_is_reported(model):
    reported = []
    history = optimise(model, line(15), Schedule(10, 0.3), on_epoch=reported.append)
    assert reported == history
    assert [epoch.number for epoch in history] == list(range(1, 11))
    assert {epoch.network for epoch in history} == {'line'}
    kernel, bias = model.get_weights()
    assert kernel[0, 0] == pytest.approx(2, abs=0.05)
    assert bias[0] == pytest.approx(1, abs=0.05)


def test_the_weights_of_the_best_epoch_are_used(model):
    """Targets are wrong after the second epoch, so that later weights are worse."""
    task = line(last_correct=2)
    history = optimise(model, task, Schedule(5, 0.1, 'constant'))
    losses = [epoch.validation_loss for epoch in history]
    assert losses[-1] > 2 * min(losses)
    assert error(model, task) == pytest.approx(min(losses), rel=1e-4)


def test_the_best_epoch_is_chosen_by_the_error_if_given(model):
    """The error is the negative output, which differs from the loss."""
    task = line()
    worst = Task(task.loss, task.batches, task.validation, lambda targets, outputs: -outputs)
    history = optimise(model, worst, Schedule(3, 0.1, 'constant'))
    outputs = run_batches(model, task.validation[0])
    assert -outputs.mean() == pytest.approx(min(e.validation_loss for e in history), rel=1e-4)
    assert all(epoch.validation_loss < 0 < epoch.training_loss for epoch in history)


def test_a_trained_network_keeps_its_weights_if_training_degrades_it(model):
    optimise(model, line(), Schedule(8, 0.3))
    before = model.get_weights()
    optimise(model, line(last_correct=0), Schedule(2, 0.1, 'constant'), trained=True)
    assert same(before, model.get_weights())


def test_a_time_limit_stops_an_epoch_and_also_applies_after_resuming(model, tmp_path):
    schedule = Schedule(1000, 0.1, seconds=2.0)
    history = optimise(model, line(100_000), schedule, folder=tmp_path)
    assert len(history) == 1
    assert optimise(model, line(100_000), schedule, folder=tmp_path) == history
    assert 2 <= history[0].seconds < 20


def test_outputs_have_the_order_of_the_images(model):
    images, _ = problem(37)
    outputs = run_batches(model, images)
    kernel, bias = model.get_weights()
    assert outputs.shape == (37, 1)
    assert np.allclose(outputs, images.mean(axis=(1, 2)) @ kernel + bias, atol=1e-5)


class Stopped(Exception):
    """Raised to interrupt a training."""


@pytest.mark.slow
@pytest.mark.parametrize('last', [1, 4, 5])
def test_an_interrupted_training_resumes_to_the_same_weights(normed, tmp_path, last):
    """Interrupted while learning, after the last epoch of learning, and while settling."""
    model, task = normed
    start, schedule = model.get_weights(), Schedule(4, 1e-2, batch=8)
    whole = learn_and_settle(model, task, schedule, 0.5)
    weights = model.get_weights()
    model.set_weights(start)

    def stop(epoch):
        if epoch.number == last:
            raise Stopped

    with pytest.raises(Stopped):
        learn_and_settle(model, task, schedule, 0.5, on_epoch=stop, folder=tmp_path)
    reported = []
    model.set_weights(start)
    resumed = learn_and_settle(
        model, task, schedule, 0.5, on_epoch=reported.append, folder=tmp_path
    )
    assert [epoch.number for epoch in reported] == list(range(last + 1, 7))
    losses = [
        [(epoch.number, epoch.training_loss, epoch.validation_loss) for epoch in history]
        for history in (whole, resumed)
    ]
    assert losses[0] == losses[1]
    assert same(weights, model.get_weights())


def test_settling_uses_fixed_norms_and_continues_the_numbering(normed):
    """Running means are fixed while settling, and the layer is trainable again afterwards."""
    model, task = normed
    norms = []

    def on_epoch(epoch):
        moving = model.get_layer('norm').moving_mean
        norms.append((epoch.number, np.asarray(moving).copy()))

    history = learn_and_settle(model, task, Schedule(4, 1e-2), 0.5, on_epoch=on_epoch)
    numbers = [epoch.number for epoch in history]
    assert numbers == [n for n, _ in norms] == [1, 2, 3, 4, 5, 6]
    moving = np.array([values for _, values in norms])
    assert (np.diff(moving[:4], axis=0) != 0).all()
    assert (moving[4:] == moving[4]).all()
    assert model.get_layer('norm').trainable


def test_settling_that_degrades_the_network_is_discarded(model):
    task = line(last_correct=8)
    history = learn_and_settle(model, task, Schedule(8, 0.3, 'constant'), 0.25)
    assert len(history) == 10
    best = min(epoch.validation_loss for epoch in history[:8])
    assert error(model, task) == pytest.approx(best, rel=1e-3)


def test_a_settling_share_of_zero_means_learning_only(model):
    assert len(learn_and_settle(model, line(), Schedule(3, 1e-2), 0.0)) == 3
