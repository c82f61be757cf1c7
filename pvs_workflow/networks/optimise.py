"""The training loop: batches in, a trained network and its loss curve out."""

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np

from pvs_workflow.networks.engine import load_keras, load_tensorflow

_INFERENCE_BATCH = 16


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


@dataclass(frozen=True)
class Epoch:
    """What one epoch came to.

    Attributes
    ----------
    network : str
    number : int
        From 1.
    training_loss, validation_loss : float
    seconds : float
        Since this network's training began.

    """

    network: str
    number: int
    training_loss: float
    validation_loss: float
    seconds: float


Batch = tuple[np.ndarray, np.ndarray]


def optimise(
    model,
    loss: str,
    schedule: Schedule,
    batches: Callable[[int], Iterable[Batch]],
    n_batches: int,
    validation: Batch,
    on_epoch: Callable[[Epoch], None] = lambda epoch: None,
) -> list[Epoch]:
    """Train a network with Adam and leave it with the weights of its best epoch.

    Parameters
    ----------
    model : keras.Model
        Changed in place.
    loss : {'mse', 'mae'}
    schedule : Schedule
    batches : callable
        Given the epoch's number (from 1), yields its batches.
    n_batches : int
        Batches in an epoch.
    validation : (images, targets)
        What the best epoch is chosen by, in inference mode.
    on_epoch : callable
        Called after every epoch.

    Returns
    -------
    list of Epoch

    """
    keras = load_keras()
    optimizer = keras.optimizers.Adam(schedule.learning_rate)
    model.compile(optimizer, loss, jit_compile=False)
    begin, history, best, weights = time.monotonic(), [], np.inf, model.get_weights()
    for number in range(1, schedule.epochs + 1):
        losses = []
        for index, (images, targets) in enumerate(batches(number)):
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
        score = mean_loss(run_batches(model, validation[0]), validation[1], loss)
        elapsed = time.monotonic() - begin
        history.append(Epoch(model.name, number, float(np.mean(losses)), score, elapsed))
        on_epoch(history[-1])
        if score < best:
            best, weights = score, model.get_weights()
        since = number - 1 - int(np.argmin([epoch.validation_loss for epoch in history]))
        if schedule.patience and since >= schedule.patience:
            break
    model.set_weights(weights)
    return history


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
    convert = load_tensorflow().convert_to_tensor
    parts = [
        np.asarray(model(convert(images[start : start + _INFERENCE_BATCH]), training=False))
        for start in range(0, len(images), _INFERENCE_BATCH)
    ]
    return np.concatenate(parts)


def mean_loss(outputs: np.ndarray, targets: np.ndarray, loss: str) -> float:
    """Return the mean squared (``mse``) or mean absolute (``mae``) error.

    Examples
    --------
    >>> mean_loss(np.array([1.0, 3.0]), np.array([0.0, 0.0]), 'mse')
    5.0

    """
    difference = np.asarray(outputs, float) - np.asarray(targets, float)
    return float(np.mean(difference**2 if loss == 'mse' else np.abs(difference)))
