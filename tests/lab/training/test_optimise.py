from dataclasses import dataclass

import numpy as np
import pytest

from pvs_workflow.lab.training.config import Schedule
from pvs_workflow.lab.training.optimise import Task, learn_and_settle, optimise, run_batches
from pvs_workflow.networks.engine import configure_tensorflow, load_keras


@dataclass(frozen=True)
class Repeated:
    """The same batch a few times; its targets are turned round after some epochs."""

    images: np.ndarray
    targets: np.ndarray
    number: int = 5
    right: float = np.inf

    def __len__(self):
        return self.number

    def __call__(self, epoch):
        targets = self.targets if epoch <= self.right else -self.targets
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
    """A network with batch normalisation, and what it learns."""
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


def line(number=20, right=np.inf):
    images, targets = problem(8)
    return Task('mse', Repeated(images, targets, number, right), (images, targets))


def error(model, task):
    images, targets = task.validation
    return np.mean((run_batches(model, images) - targets) ** 2)


def same(ours, theirs):
    return all(np.array_equal(a, b) for a, b in zip(ours, theirs, strict=True))


def test_it_learns_a_line_and_reports_each_epoch(model):
    seen = []
    history = optimise(model, line(15), Schedule(10, 0.3), on_epoch=seen.append)
    assert seen == history
    assert [epoch.number for epoch in history] == list(range(1, 11))
    assert {epoch.network for epoch in history} == {'line'}
    kernel, bias = model.get_weights()
    assert kernel[0, 0] == pytest.approx(2, abs=0.05)
    assert bias[0] == pytest.approx(1, abs=0.05)


def test_the_best_epochs_weights_are_kept(model):
    """Targets turn wrong after the second epoch; so do the weights, but not those kept."""
    task = line(right=2)
    history = optimise(model, task, Schedule(5, 0.1, 'constant'))
    losses = [epoch.validation_loss for epoch in history]
    assert losses[-1] > 2 * min(losses)
    assert error(model, task) == pytest.approx(min(losses), rel=1e-4)


def test_the_best_epoch_is_chosen_by_the_error_where_one_is_given(model):
    """What the loss calls the worst is the best by its negative."""
    task = line()
    worst = Task(task.loss, task.batches, task.validation, lambda targets, outputs: -outputs)
    history = optimise(model, worst, Schedule(3, 0.1, 'constant'))
    outputs = run_batches(model, task.validation[0])
    assert -outputs.mean() == pytest.approx(min(e.validation_loss for e in history), rel=1e-4)
    assert all(epoch.validation_loss < 0 < epoch.training_loss for epoch in history)


def test_a_trained_network_that_learning_spoils_stays_as_it_was(model):
    optimise(model, line(), Schedule(8, 0.3))
    before = model.get_weights()
    optimise(model, line(right=0), Schedule(2, 0.1, 'constant'), trained=True)
    assert same(before, model.get_weights())


def test_a_time_limit_stops_within_an_epoch_and_for_good(model, tmp_path):
    schedule = Schedule(1000, 0.1, seconds=2.0)
    history = optimise(model, line(100_000), schedule, folder=tmp_path)
    assert len(history) == 1
    assert optimise(model, line(100_000), schedule, folder=tmp_path) == history
    assert 2 <= history[0].seconds < 20


def test_outputs_come_in_order_whatever_the_number(model):
    images, _ = problem(37)
    outputs = run_batches(model, images)
    kernel, bias = model.get_weights()
    assert outputs.shape == (37, 1)
    assert np.allclose(outputs, images.mean(axis=(1, 2)) @ kernel + bias, atol=1e-5)


class Stopped(Exception):
    """In place of a kill."""


@pytest.mark.slow
@pytest.mark.parametrize('last', [1, 4, 5])
def test_a_stopped_training_resumes_to_the_same_weights(normed, tmp_path, last):
    """Stopped while it learns, after its last epoch, and while it settles."""
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
    seen = []
    model.set_weights(start)
    again = learn_and_settle(model, task, schedule, 0.5, on_epoch=seen.append, folder=tmp_path)
    assert [epoch.number for epoch in seen] == list(range(last + 1, 7))
    losses = [
        [(epoch.number, epoch.training_loss, epoch.validation_loss) for epoch in history]
        for history in (whole, again)
    ]
    assert losses[0] == losses[1]
    assert same(weights, model.get_weights())


def test_settling_learns_with_the_running_norms_and_is_numbered_on(normed):
    """Norms do not move while a network settles, and learn again when it is trained later."""
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


def test_settling_that_spoils_is_discarded(model):
    task = line(right=8)
    history = learn_and_settle(model, task, Schedule(8, 0.3, 'constant'), 0.25)
    assert len(history) == 10
    best = min(epoch.validation_loss for epoch in history[:8])
    assert error(model, task) == pytest.approx(best, rel=1e-3)


def test_no_settling_is_only_learning(model):
    assert len(learn_and_settle(model, line(), Schedule(3, 1e-2), 0.0)) == 3
