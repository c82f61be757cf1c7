"""A training that can go on where it was stopped."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from pvs_workflow.errors import BundleError
from pvs_workflow.files import atomic_path


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


@dataclass(frozen=True)
class State:
    """A network in training, after an epoch.

    Attributes
    ----------
    history : tuple of Epoch
    weights, best, optimizer : tuple of array
        The network's, those of its best epoch, and the optimiser's.

    """

    history: tuple[Epoch, ...]
    weights: tuple[np.ndarray, ...]
    best: tuple[np.ndarray, ...]
    optimizer: tuple[np.ndarray, ...]

    def save(self, path: Path) -> None:
        """Write to an ``.npz`` file, in one step."""
        arrays = {
            f'{name}{index:04d}': value
            for name in ('weights', 'best', 'optimizer')
            for index, value in enumerate(getattr(self, name))
        }
        text = json.dumps([asdict(epoch) for epoch in self.history])
        path.parent.mkdir(parents=True, exist_ok=True)
        with atomic_path(path) as target, target.open('wb') as stream:
            np.savez(stream, history=np.array(text), **arrays)

    @classmethod
    def load(cls, path: Path) -> 'State':
        """Read what :meth:`save` wrote.

        Raises
        ------
        BundleError
            If the file is no checkpoint.

        """
        try:
            with np.load(path, allow_pickle=False) as found:
                history = tuple(Epoch(**epoch) for epoch in json.loads(str(found['history'])))
                parts = [
                    tuple(found[key] for key in sorted(found.files) if key.startswith(name))
                    for name in ('weights', 'best', 'optimizer')
                ]
        except (OSError, ValueError, KeyError, TypeError, EOFError) as error:
            raise BundleError(
                f'the checkpoint {path} cannot be used, expected what an earlier training '
                f'wrote, received: {error}'
            ) from error
        return cls(history, *parts)
