"""Data files of the package: template, atlas labels, cascade bundle and report templates."""

from importlib.resources import files
from pathlib import Path


def path(*parts: str) -> Path:
    """Return the path of a data file or folder of the package.

    Examples
    --------
    >>> path('template', 'structures.tsv').name
    'structures.tsv'
    """
    return Path(str(files(__package__))).joinpath(*parts)
