"""What a bad input is, and what must become of it."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

LEAST_MEMORY = 4 * 10**9
"""Bytes that no input may make the app take."""

USED = ''
"""Of an input that looks bad and is not: it must be used as it is."""


@dataclass(frozen=True)
class Case:
    """One bad input.

    Attributes
    ----------
    room : str
        Who is given it: a name in ``runner.ROOMS``.
    name : str
    make : callable
        Writes it into a folder of its own. What it returns is passed on to the room.
    says : str
        Words that the one sentence must have; ``USED`` where it must be used.
    code : int
        The exit code that the command ends with.

    """

    room: str
    name: str
    make: Callable[[Path], object]
    says: str
    code: int = 1

    @property
    def is_slow(self) -> bool:
        """Whether it takes gigabytes, TensorFlow or charts to be handled."""
        large = any(word in self.name for word in ('GB', '³', '100 MB', 'not there', 'as can be'))
        return large or self.room in ('bundle', 'group')

    @property
    def title(self) -> str:
        """Room and name."""
        return f'{self.room}: {self.name}'
