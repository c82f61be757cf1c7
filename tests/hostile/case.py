"""A bad input, and the outcome that it must have."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

MAX_MEMORY = 4 * 10**9
"""Maximum memory that the app may use for an input, bytes."""

NO_ERROR = ''
"""Message of an input that looks bad but is valid, so the app must use it."""

_SLOW = ('GB', '³', '100 MB', 'without data', 'maximum')


@dataclass(frozen=True)
class Case:
    """One bad input.

    Attributes
    ----------
    reader : str
        Name of the function that reads it, in ``runner.READERS``.
    name : str
    make : callable
        Writes the input to a folder; its return value is passed on to the reader.
    message : str
        Text that exactly one error message must contain; ``NO_ERROR`` if the input is valid.
    code : int
        Exit code of the command.

    """

    reader: str
    name: str
    make: Callable[[Path], object]
    message: str
    code: int = 1

    @property
    def is_slow(self) -> bool:
        """True if reading needs gigabytes of memory, TensorFlow or charts."""
        return any(word in self.name for word in _SLOW) or self.reader in ('bundle', 'group')

    @property
    def title(self) -> str:
        """Reader and name."""
        return f'{self.reader}: {self.name}'
