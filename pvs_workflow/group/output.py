"""What the group level made."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class GroupOutput:
    """What was made of a group's derivatives.

    Attributes
    ----------
    written : tuple of Path
    problems : tuple of str
        Results that were left out, one sentence each.
    warnings : tuple of str
        What else was found, and is no failure, one sentence each.

    """

    written: tuple[Path, ...]
    problems: tuple[str, ...]
    warnings: tuple[str, ...] = ()
