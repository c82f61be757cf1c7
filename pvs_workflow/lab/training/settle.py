"""Learning with the norms of each batch, then settling with those of inference."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path

import numpy as np

from pvs_workflow.lab.training.checkpoint import Epoch
from pvs_workflow.lab.training.optimise import Batch, Schedule, optimise
from pvs_workflow.networks.engine import load_keras


def learn_and_settle(
    model,
    loss: str | Callable,
    schedule: Schedule,
    share: float,
    batches: Callable[[int], Iterable[Batch]],
    n_batches: int,
    validation: Batch,
    on_epoch: Callable[[Epoch], None] = lambda epoch: None,
    checkpoints: tuple[Path, Path] | None = None,
    trained: bool = False,
    score: Callable[[np.ndarray, np.ndarray], float] | None = None,
) -> list[Epoch]:
    """Train a network, then let it settle: go on with the norms as they are at inference.

    While it learns, batch normalisation takes its mean and variance from the batch, of which a
    count should not depend: with one crowded image more in it, all others are counted otherwise.
    For the last epochs the running values are used, and kept, so that what is learned from is
    what is later used. Settling that does not better the network is forgotten.

    Parameters
    ----------
    model : keras.Model
        Changed in place.
    schedule : Schedule
        Of the first part.
    share : float, ≥ 0
        Of its epochs, for the second part; 0 for none.
    checkpoints : (Path, Path), optional
        Of both parts.
    loss, batches, n_batches, validation, on_epoch, trained, score
        As for :func:`optimise`.

    Returns
    -------
    list of Epoch
        Numbered through both parts.

    """
    paths = checkpoints or (None, None)
    fixed = batches, n_batches, validation
    history = optimise(model, loss, schedule, *fixed, on_epoch, paths[0], trained, score)
    after = schedule.settling(share)
    if not after.epochs:
        return history
    done = len(history)

    def later(epoch: Epoch) -> Epoch:
        return replace(epoch, number=epoch.number + done)

    _fix_norms(model, True)
    try:
        settled = optimise(
            model,
            loss,
            after,
            lambda epoch: batches(epoch + done),
            n_batches,
            validation,
            lambda epoch: on_epoch(later(epoch)),
            paths[1],
            True,
            score,
        )
    finally:
        _fix_norms(model, False)
    return [*history, *map(later, settled)]


def _fix_norms(model, fixed: bool) -> None:
    """Have batch normalisation use its running statistics also while learning, or not."""
    normalisation = load_keras().layers.BatchNormalization
    for layer in model.layers:
        if isinstance(layer, normalisation):
            layer.trainable = not fixed
