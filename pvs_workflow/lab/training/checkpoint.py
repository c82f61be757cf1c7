"""The state of a training after an epoch, from which it resumes."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from pvs_workflow.errors import BundleError
from pvs_workflow.files import atomic_path, write_text


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


@dataclass(frozen=True)
class Checkpoint:
    """Network, optimiser and history in a folder, with the weights of the best epoch.

    Keras' ``BackupAndRestore`` keeps neither history nor best weights, and a process that is
    killed between its two files repeats an epoch with weights that have learned from it.
    """

    model: object
    folder: Path

    def save(self, history: Sequence[Epoch]) -> None:
        """Write the state; its last file makes it valid."""
        text = json.dumps([asdict(epoch) for epoch in history])
        write_text(self.folder / 'history.json', text + '\n')
        former = set(self._states())
        path = self.folder / f'epoch-{len(history):06d}.weights.h5'
        self._save_weights(path)
        for other in former - {path}:
            other.unlink()

    def save_best(self) -> None:
        """Keep the weights as they are now."""
        self._save_weights(self.folder / 'best.weights.h5')

    def load_best(self) -> None:
        """Set the weights to those that were kept."""
        self._load(self.folder / 'best.weights.h5', self.model.load_weights)

    def resume(self) -> list[Epoch]:
        """Set network and optimiser to the saved state, and return the epochs that led to it.

        Raises
        ------
        BundleError
            If a file is damaged or of another network.

        """
        path = max(self._states(), default=None)
        if path is None:
            self.save_best()
            return []
        self._load(path, self.model.load_weights)
        history = self._load(
            self.folder / 'history.json',
            lambda file: [Epoch(**epoch) for epoch in json.loads(file.read_text('utf-8'))],
        )
        return history[: int(path.name.split('.')[0].removeprefix('epoch-'))]

    def _states(self) -> list[Path]:
        return list(self.folder.glob('epoch-*.weights.h5'))

    def _save_weights(self, path: Path) -> None:
        with atomic_path(path) as temporary:
            self.model.save_weights(temporary)

    def _load(self, path: Path, read):
        try:
            return read(path)
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise BundleError(
                f'The checkpoint {path} is not one of this {self.model.name}: train without '
                f'--resume. ({error})'
            ) from error
