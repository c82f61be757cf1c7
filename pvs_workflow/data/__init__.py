"""Files that ship with the package: template, atlas labels, cascade bundle, report page."""

from importlib.resources import files
from pathlib import Path


def path(*parts: str) -> Path:
    """Return the path of a shipped file or folder.

    Examples
    --------
    >>> path('template', 'structures.tsv').name
    'structures.tsv'
    """
    return Path(str(files(__package__))).joinpath(*parts)
