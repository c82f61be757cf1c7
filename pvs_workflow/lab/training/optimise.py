"""Fit networks with Keras, keep the weights of the best epoch, and resume."""

import json
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Protocol

import numpy as np

from pvs_workflow.errors import BundleError
from pvs_workflow.files import atomic_path, write_text
from pvs_workflow.networks.engine import load_keras

Batch = tuple[np.ndarray, np.ndarray]

SETTLING_RATE = 0.3
"""Learning rate at the start of settling, over that at the start of learning."""

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
    seconds : float or None
        Wall time after which training stops, whatever the epoch. The decay follows whichever
        of time and epochs is further on; with a limit the result depends on the machine.

    """

    epochs: int
    learning_rate: float
    decay: str = 'cosine'
    batch: int = 16
    seconds: float | None = None

    def rate(self, steps: int):
        """Return the learning rate over a number of steps, as Keras takes it."""
        if self.decay == 'constant':
            return self.learning_rate
        return load_keras().optimizers.schedules.CosineDecay(self.learning_rate, steps)

    def settling(self, share: float) -> 'Schedule':
        """Return the schedule of settling: see :func:`learn_and_settle`.

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


@dataclass(frozen=True)
class Epoch:
    """Losses of one epoch.

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


class Batches(Protocol):
    """Batches of an epoch, which depend on nothing but the epoch's number (from 1)."""

    def __len__(self) -> int:
        """Return the number of batches in an epoch."""

    def __call__(self, epoch: int) -> Iterable[Batch]:
        """Return the batches of an epoch."""


@dataclass(frozen=True)
class Task:
    """What a network learns.

    Attributes
    ----------
    loss : str or callable
        As Keras takes it.
    batches : Batches
    validation : (images, targets)
        What the best epoch is chosen by, in inference mode.
    error : callable, optional
        What the best epoch is chosen by instead of the loss: given targets and outputs, returns
        the error of each image.

    """

    loss: str | Callable
    batches: Batches
    validation: Batch
    error: Callable | None = None

    @property
    def monitor(self) -> str:
        """The name under which Keras logs what the best epoch is chosen by."""
        return 'loss' if self.error is None else 'error'

    def compile(self, model, rate) -> None:
        """Prepare a model for this task, at a learning rate."""
        keras = load_keras()
        metrics = self.error and [keras.metrics.MeanMetricWrapper(self.error, name='error')]
        model.compile(keras.optimizers.Adam(rate), self.loss, metrics=metrics, jit_compile=False)
        model.optimizer.build(model.trainable_variables)


def optimise(
    model,
    task: Task,
    schedule: Schedule,
    *,
    on_epoch: Callable[[Epoch], None] = lambda epoch: None,
    folder: Path | None = None,
    trained: bool = False,
    before: int = 0,
) -> list[Epoch]:
    """Train a network with Adam and leave it with the weights of its best epoch.

    Parameters
    ----------
    model : keras.Model
        Changed in place.
    task : Task
    schedule : Schedule
    on_epoch : callable
        Called after every epoch, when its checkpoint is written.
    folder : Path, optional
        Of the checkpoint: written after every epoch; if there is one, the training resumes.
    trained : bool
        Whether the network is a trained one: then it keeps its weights if no epoch is better.
    before : int
        Number of epochs that came before, in another call.

    Returns
    -------
    list of Epoch

    Raises
    ------
    BundleError
        If the checkpoint is not one of this network's.

    """
    if not schedule.epochs:
        return []
    steps = schedule.epochs * len(task.batches)
    # With a time limit the rate is set step by step.
    task.compile(model, schedule.rate(steps) if schedule.seconds is None else 0.0)
    with tempfile.TemporaryDirectory() as temporary:
        kept = _Checkpoint(model, folder or Path(temporary))
        best = _validate(model, task) if trained else np.inf
        history = kept.resume()
        best = min([best, *(epoch.validation_loss for epoch in history)])
        begin = time.monotonic() - (history[-1].seconds if history else 0)

        def elapsed() -> float:
            return time.monotonic() - begin

        def end_epoch(index: int, logs: dict) -> None:
            nonlocal best
            losses = float(logs['loss']), float(logs[f'val_{task.monitor}'])
            history.append(Epoch(model.name, index + 1, *losses, elapsed()))
            if losses[1] < best:
                best = losses[1]
                kept.save_best()
            kept.save(history)
            on_epoch(history[-1])

        last, done = before + schedule.epochs, before + len(history)
        if done < last and elapsed() < (schedule.seconds or np.inf):
            callbacks = load_keras().callbacks
            used = [callbacks.LambdaCallback(on_epoch_end=end_epoch)]
            if schedule.seconds is not None:
                pace = _time_limit(model, schedule, steps, elapsed)
                used.append(callbacks.LambdaCallback(on_train_batch_begin=pace))
            model.fit(
                (batch for epoch in range(done + 1, last + 1) for batch in task.batches(epoch)),
                steps_per_epoch=len(task.batches),
                initial_epoch=done,
                epochs=last,
                validation_data=task.validation,
                validation_batch_size=_INFERENCE_BATCH,
                callbacks=used,
                verbose=0,
                shuffle=False,
            )
        kept.load_best()
    return history


def learn_and_settle(
    model,
    task: Task,
    schedule: Schedule,
    share: float,
    *,
    on_epoch: Callable[[Epoch], None] = lambda epoch: None,
    folder: Path | None = None,
    trained: bool = False,
) -> list[Epoch]:
    """Train a network, then let it settle: train it further as it is used at inference.

    While it learns, batch normalisation takes its mean and variance from the batch, on which a
    count should not depend: with one crowded image more in it, all others are counted differently.
    For the last epochs the running values are used, and kept, so that the network is trained as
    it is used later. Settling that does not improve the network is discarded.

    Parameters
    ----------
    model : keras.Model
        Changed in place.
    task : Task
    schedule : Schedule
        Of the first part.
    share : float, ≥ 0
        Of its epochs, for the second part; 0 for none.
    on_epoch, folder, trained
        As for :func:`optimise`.

    Returns
    -------
    list of Epoch
        Numbered through both parts.

    """
    learned, settled = (folder and folder / name for name in ('learned', 'settled'))
    history = optimise(model, task, schedule, on_epoch=on_epoch, folder=learned, trained=trained)
    norms = [
        layer
        for layer in model.layers
        if isinstance(layer, load_keras().layers.BatchNormalization)
    ]
    try:
        for layer in norms:
            layer.trainable = False
        history += optimise(
            model,
            task,
            schedule.settling(share),
            on_epoch=on_epoch,
            folder=settled,
            trained=True,
            before=len(history),
        )
    finally:
        for layer in norms:
            layer.trainable = True
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
    return model.predict(images, batch_size=_INFERENCE_BATCH, verbose=0)


def _validate(model, task: Task) -> float:
    logs = model.evaluate(
        *task.validation, batch_size=_INFERENCE_BATCH, verbose=0, return_dict=True
    )
    return logs[task.monitor]


def _time_limit(model, schedule: Schedule, steps: int, elapsed: Callable[[], float]) -> Callable:
    """Return a callback that sets the rate of each batch, and stops when the time is over."""
    rate = schedule.rate(steps)

    def begin_batch(index: int, logs: dict) -> None:
        share = elapsed() / schedule.seconds
        step = max(int(model.optimizer.iterations), share * steps)
        model.optimizer.learning_rate.assign(rate(step) if callable(rate) else rate)
        model.stop_training = share >= 1

    return begin_batch


class _Checkpoint:
    """A training after an epoch: network, optimiser, history, and the weights of the best epoch.

    Keras' ``BackupAndRestore`` keeps no history and no best weights, and writes the epoch's
    number after the weights: a process that is killed between the two resumes one epoch twice.
    """

    def __init__(self, model, folder: Path):
        self._model, self._folder = model, folder
        self._history, self._best = folder / 'history.json', folder / 'best.weights.h5'

    def save(self, history: list[Epoch]) -> None:
        """Write a training's state; its last file makes it valid."""
        text = json.dumps([asdict(epoch) for epoch in history])
        write_text(self._history, text + '\n')
        former = list(self._states())
        path = self._folder / f'epoch-{len(history):06d}.weights.h5'
        self._save_weights(path)
        for other in former:
            if other != path:
                other.unlink()

    def save_best(self) -> None:
        """Keep the weights as they are now."""
        self._save_weights(self._best)

    def load_best(self) -> None:
        """Set the weights to those that were kept."""
        self._load_weights(self._best)

    def resume(self) -> list[Epoch]:
        """Set network and optimiser to their saved state, and return the epochs that led to it."""
        path = max(self._states(), default=None)
        if path is None:
            self.save_best()
            return []
        number = int(path.name.split('.')[0].removeprefix('epoch-'))
        try:
            history = [Epoch(**epoch) for epoch in json.loads(self._history.read_text('utf-8'))]
        except (OSError, ValueError, TypeError) as error:
            raise self._unusable(self._history, error) from error
        self._load_weights(path)
        return history[:number]

    def _states(self) -> Iterator[Path]:
        return self._folder.glob('epoch-*.weights.h5')

    def _save_weights(self, path: Path) -> None:
        with atomic_path(path) as temporary:
            self._model.save_weights(temporary)

    def _load_weights(self, path: Path) -> None:
        try:
            self._model.load_weights(path)
        except (OSError, ValueError, KeyError) as error:
            raise self._unusable(path, error) from error

    def _unusable(self, path: Path, error: Exception) -> BundleError:
        return BundleError(
            f'The checkpoint {path} is not one of this {self._model.name}: train without '
            f'--resume. ({error})'
        )
