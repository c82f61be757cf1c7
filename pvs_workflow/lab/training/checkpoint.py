"""Checkpoints: the state after each epoch, from which an interrupted training resumes."""

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
        Counted from 1.
    training_loss, validation_loss : float
    seconds : float
        Time since this network's training began.

    """

    network: str
    number: int
    training_loss: float
    validation_loss: float
    seconds: float


@dataclass(frozen=True)
class Checkpoint:
    """Folder with the network, the optimiser, the history and the weights of the best epoch.

    Keras' ``BackupAndRestore`` saves neither the history nor the best weights. If a process is
    killed between writing its two files, an epoch is repeated from the weights after it.
    """

    model: object
    folder: Path

    def save(self, history: Sequence[Epoch]) -> None:
        """Write the state after the last epoch; writing the weights last completes it."""
        text = json.dumps([asdict(epoch) for epoch in history])
        write_text(self.folder / 'history.json', text + '\n')
        previous = set(self._states())
        path = self.folder / f'epoch-{len(history):06d}.weights.h5'
        self._save_weights(path)
        for state in previous - {path}:
            state.unlink()

    def save_best(self) -> None:
        """Save the current weights as the best ones."""
        self._save_weights(self.folder / 'best.weights.h5')

    def load_best(self) -> None:
        """Load the best weights into the network."""
        self._load(self.folder / 'best.weights.h5', self.model.load_weights)

    def resume(self) -> list[Epoch]:
        """Load the saved state into network and optimiser; return the epochs up to it.

        Raises
        ------
        BundleError
            If a file is damaged or belongs to another network.

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
                f'cannot resume the {self.model.name} from {path} ({error}); train without '
                '--resume'
            ) from error
