"""Train networks with Keras: select the best epoch's weights, and resume after interruptions."""

import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from pvs_workflow.lab.training.checkpoint import Checkpoint, Epoch
from pvs_workflow.lab.training.config import Schedule
from pvs_workflow.networks.engine import load_keras

Batch = tuple[np.ndarray, np.ndarray]

_INFERENCE_BATCH = 16


@dataclass(frozen=True)
class Task:
    """Training task: loss, training batches and validation images.

    Attributes
    ----------
    loss : str or callable
        Keras loss.
    batches : callable
        Has a length, and yields that many batches for the number of an epoch, counted from 1.
        The batches depend only on that number, so that a resumed training gives the same result.
    validation : (images, targets)
        Images by which the best epoch is chosen, in inference mode.
    error : callable, optional
        Criterion for the best epoch, instead of the loss: takes targets and outputs and returns
        the error of each image.

    """

    loss: str | Callable
    batches: Callable
    validation: Batch
    error: Callable | None = None


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
        Folder of the checkpoint, which is written after every epoch. If it contains one, the
        training resumes.
    trained : bool
        Whether the network is already trained: it then keeps its weights if no epoch is better.
    before : int
        Number of epochs trained in previous calls.

    Raises
    ------
    BundleError
        If the checkpoint belongs to another network.

    """
    if not schedule.epochs:
        return []
    keras, steps = load_keras(), schedule.epochs * len(task.batches)
    metrics = task.error and [keras.metrics.MeanMetricWrapper(task.error, name='error')]
    monitored = 'error' if task.error else 'loss'
    # With a time limit, the rate is set before every step.
    optimizer = keras.optimizers.Adam(0.0 if schedule.seconds else schedule.rate(steps))
    model.compile(optimizer, task.loss, metrics=metrics, jit_compile=False)
    optimizer.build(model.trainable_variables)
    with tempfile.TemporaryDirectory() as temporary:
        checkpoint = Checkpoint(model, folder or Path(temporary))
        start = _validation(model, task)[monitored] if trained else np.inf
        history = checkpoint.resume()
        past = history[-1].seconds if history else 0.0
        begin = time.monotonic() - past

        def end_epoch(index: int, logs: dict) -> None:
            best = min([start, *(epoch.validation_loss for epoch in history)])
            losses = float(logs['loss']), float(logs[f'val_{monitored}'])
            history.append(Epoch(model.name, index + 1, *losses, time.monotonic() - begin))
            if losses[1] < best:
                checkpoint.save_best()
            checkpoint.save(history)
            on_epoch(history[-1])

        def begin_batch(index: int, logs: dict) -> None:
            share = (time.monotonic() - begin) / schedule.seconds
            optimizer.learning_rate = schedule.rate_at(
                max(share, int(optimizer.iterations) / steps)
            )
            model.stop_training = share >= 1

        callback = keras.callbacks.LambdaCallback(
            on_epoch_end=end_epoch, on_train_batch_begin=begin_batch if schedule.seconds else None
        )
        first, last = before + len(history), before + schedule.epochs
        if first < last and past < (schedule.seconds or np.inf):
            model.fit(
                (batch for epoch in range(first, last) for batch in task.batches(epoch + 1)),
                steps_per_epoch=len(task.batches),
                initial_epoch=first,
                epochs=last,
                validation_data=task.validation,
                validation_batch_size=_INFERENCE_BATCH,
                callbacks=[callback],
                verbose=0,
                shuffle=False,
            )
        checkpoint.load_best()
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
    """Train a network, then let it settle: train it with fixed batch normalisation.

    In the first part, batch normalisation uses the mean and variance of the batch. The count of
    an image then depends on the other images: one more crowded image changes all counts. In the
    last epochs the running values are used and no longer updated, as at inference. If settling
    does not improve the network, its result is discarded.

    Parameters
    ----------
    model : keras.Model
        Changed in place.
    task : Task
    schedule : Schedule
        Schedule of the first part.
    share : float, ≥ 0
        Epochs of the second part relative to the first; 0 for none.
    on_epoch, folder, trained
        See :func:`optimise`.

    Returns
    -------
    list of Epoch
        Epochs of both parts, numbered consecutively.

    """
    folders = [folder / name if folder else None for name in ('learned', 'settled')]
    history = optimise(
        model, task, schedule, on_epoch=on_epoch, folder=folders[0], trained=trained
    )
    kind = load_keras().layers.BatchNormalization
    norms = [layer for layer in model.layers if isinstance(layer, kind)]
    for layer in norms:
        layer.trainable = False
    try:
        history += optimise(
            model,
            task,
            schedule.settling(share),
            on_epoch=on_epoch,
            folder=folders[1],
            trained=True,
            before=len(history),
        )
    finally:
        for layer in norms:
            layer.trainable = True
    return history


def run_batches(model, images: np.ndarray) -> np.ndarray:
    """Return a network's outputs for (n, 80, 96, 1) images, computed in batches."""
    return model.predict(images, batch_size=_INFERENCE_BATCH, verbose=0)


def _validation(model, task: Task) -> dict[str, float]:
    images, targets = task.validation
    return model.evaluate(
        images, targets, batch_size=_INFERENCE_BATCH, verbose=0, return_dict=True
    )
