"""The training loop: batches in, a trained network and its loss curve out."""

import queue
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np

from pvs_workflow.errors import BundleError
from pvs_workflow.lab.training.checkpoint import Epoch, State
from pvs_workflow.networks.engine import load_keras

_INFERENCE_BATCH = 16

SETTLING_RATE = 0.3
"""Learning rate at the start of settling, over that at the start of learning."""


@dataclass(frozen=True)
class Schedule:
    """How long a network is trained, and how fast it learns.

    Attributes
    ----------
    epochs : int
    learning_rate : float
        Of Adam, at the start.
    decay : {'constant', 'cosine'}
        Whether it stays or falls to zero along half a cosine.
    batch : int
        Images per step.
    patience : int
        Epochs without a better validation loss after which training stops; 0 for never.
    seconds : float or None
        Wall time after which training stops, whatever the epoch. The decay follows whichever
        of time and epochs is further on; with a limit the result depends on the machine.

    """

    epochs: int
    learning_rate: float
    decay: str = 'cosine'
    batch: int = 16
    patience: int = 0
    seconds: float | None = None

    def rate(self, progress: float) -> float:
        """Return the learning rate after a share of the training.

        Examples
        --------
        >>> Schedule(10, 0.1).rate(0.5), Schedule(10, 0.1, 'constant').rate(0.5)
        (0.05, 0.1)

        """
        if self.decay == 'constant':
            return self.learning_rate
        return round(self.learning_rate * 0.5 * (1 + float(np.cos(np.pi * progress))), 12)

    def settling(self, share: float) -> 'Schedule':
        """Return the schedule of what follows: see :mod:`pvs_workflow.lab.training.settle`.

        Parameters
        ----------
        share : float, ≥ 0
            Of this schedule's epochs (and seconds).

        Examples
        --------
        >>> after = Schedule(10, 1e-3, batch=32).settling(0.5)
        >>> after.epochs, after.learning_rate, after.batch
        (5, 0.0003, 32)

        """
        return replace(
            self,
            epochs=round(share * self.epochs),
            learning_rate=round(SETTLING_RATE * self.learning_rate, 12),
            seconds=None if self.seconds is None else share * self.seconds,
        )


Batch = tuple[np.ndarray, np.ndarray]


def optimise(
    model,
    loss: str | Callable,
    schedule: Schedule,
    batches: Callable[[int], Iterable[Batch]],
    n_batches: int,
    validation: Batch,
    on_epoch: Callable[[Epoch], None] = lambda epoch: None,
    checkpoint: Path | None = None,
    trained: bool = False,
    score: Callable[[np.ndarray, np.ndarray], float] | None = None,
) -> list[Epoch]:
    """Train a network with Adam and leave it with the weights of its best epoch.

    Parameters
    ----------
    model : keras.Model
        Changed in place.
    loss : {'mse', 'mae'} or callable
        As keras takes it.
    schedule : Schedule
    batches : callable
        Given the epoch's number (from 1), yields its batches.
    n_batches : int
        Batches in an epoch.
    validation : (images, targets)
        What the best epoch is chosen by, in inference mode.
    on_epoch : callable
        Called after every epoch.
    checkpoint : Path, optional
        Written after every epoch; where it is there, the training goes on from it.
    trained : bool
        Whether the network is a trained one: then it keeps its weights if no epoch is better.
    score : callable, optional
        Given outputs and targets, returns the validation loss; without it, the loss by name.

    Returns
    -------
    list of Epoch

    Raises
    ------
    BundleError
        If the checkpoint is not one of this network's.

    """
    keras = load_keras()
    score = score or partial(mean_loss, loss=loss)
    optimizer = keras.optimizers.Adam(schedule.learning_rate)
    model.compile(optimizer, loss, jit_compile=False)
    optimizer.build(model.trainable_variables)
    history: list[Epoch] = []
    weights = model.get_weights()
    best = score(run_batches(model, validation[0]), validation[1]) if trained else np.inf
    if checkpoint is not None and checkpoint.is_file():
        history, weights = _resume(checkpoint, model, optimizer)
    best = min([best, *(epoch.validation_loss for epoch in history)])
    begin = time.monotonic() - (history[-1].seconds if history else 0)
    for number in range(len(history) + 1, schedule.epochs + 1):
        if _is_patience_over(schedule, history):
            break
        losses = []
        for index, (images, targets) in enumerate(ahead(batches(number))):
            elapsed = time.monotonic() - begin
            progress = (number - 1 + index / n_batches) / schedule.epochs
            if schedule.seconds is not None:
                progress = max(progress, elapsed / schedule.seconds)
            if progress >= 1:
                break
            optimizer.learning_rate.assign(schedule.rate(progress))
            model.reset_metrics()
            losses.append(float(model.train_on_batch(images, targets)))
        if not losses:
            break
        found = score(run_batches(model, validation[0]), validation[1])
        elapsed = time.monotonic() - begin
        history.append(Epoch(model.name, number, float(np.mean(losses)), found, elapsed))
        on_epoch(history[-1])
        if found < best:
            best, weights = found, model.get_weights()
        if checkpoint is not None:
            learned = tuple(np.asarray(variable) for variable in optimizer.variables)
            now = tuple(model.get_weights())
            State(tuple(history), now, tuple(weights), learned).save(checkpoint)
    model.set_weights(weights)
    return history


def _is_patience_over(schedule: Schedule, history: list[Epoch]) -> bool:
    if not (schedule.patience and history):
        return False
    since = len(history) - 1 - int(np.argmin([epoch.validation_loss for epoch in history]))
    return since >= schedule.patience


def ahead(batches: Iterable[Batch], depth: int = 4) -> Iterator[Batch]:
    """Yield batches that a thread prepares while the one before is learned from."""
    ready: queue.Queue = queue.Queue(depth)
    stopped = threading.Event()

    def prepare():
        try:
            for batch in batches:
                if not _put(ready, ('batch', batch), stopped):
                    return
            _put(ready, ('end', None), stopped)
        except BaseException as error:
            _put(ready, ('error', error), stopped)

    thread = threading.Thread(target=prepare, daemon=True)
    thread.start()
    try:
        while (item := ready.get())[0] == 'batch':
            yield item[1]
        if item[0] == 'error':
            raise item[1]
    finally:
        stopped.set()
        thread.join()


def _put(ready: queue.Queue, item, stopped: threading.Event) -> bool:
    while not stopped.is_set():
        try:
            ready.put(item, timeout=0.2)
        except queue.Full:
            continue
        return True
    return False


def _resume(checkpoint: Path, model, optimizer) -> tuple[list[Epoch], list[np.ndarray]]:
    state = State.load(checkpoint)
    shapes = [[v.shape for v in state.weights], [v.shape for v in state.optimizer]]
    expected = [
        [v.shape for v in model.get_weights()],
        [tuple(v.shape) for v in optimizer.variables],
    ]
    if shapes != expected or any(epoch.network != model.name for epoch in state.history):
        raise BundleError(
            f'the checkpoint {checkpoint} cannot be used, expected one of the {model.name} with '
            f'{len(expected[0])} arrays of weights, received another network'
        )
    model.set_weights(list(state.weights))
    for variable, value in zip(optimizer.variables, state.optimizer, strict=True):
        variable.assign(value)
    return list(state.history), list(state.best)


def run_batches(model, images: np.ndarray) -> np.ndarray:
    """Return a network's inference-mode outputs, a few images at a time.

    Parameters
    ----------
    model : keras.Model
    images : (n, 80, 96, 1) array of float32

    Returns
    -------
    (n, …) array of float32

    """
    return model.predict(images, batch_size=_INFERENCE_BATCH, verbose=0)


def mean_loss(outputs: np.ndarray, targets: np.ndarray, loss: str) -> float:
    """Return the mean squared (``mse``) or mean absolute (``mae``) error.

    Examples
    --------
    >>> mean_loss(np.array([1.0, 3.0]), np.array([0.0, 0.0]), 'mse')
    5.0

    """
    difference = np.asarray(outputs, float) - np.asarray(targets, float)
    return float(np.mean(difference**2 if loss == 'mse' else np.abs(difference)))
