"""ITK says nothing when there is no room for what it writes: what it wrote is read again."""

import errno
import gzip
import zlib
from pathlib import Path

import numpy as np

_BLOCK = 2**22
_TOLERANCE = 1e-6
"""Of the numbers in a text file, relative to the largest."""


def write_transform(ants, transform, path: Path) -> None:
    """Write a rigid or affine transform, and see that all of it is there.

    Parameters
    ----------
    ants : module
    transform : ANTsTransform
    path : Path
        ITK text (``.txt``) or ``.mat``.

    Raises
    ------
    OSError
        If it is not.

    """
    ants.write_transform(transform, str(path))
    try:
        found = ants.read_transform(str(path))
        written = [np.asarray(values) for values in (found.parameters, found.fixed_parameters)]
    except Exception as error:
        raise _no_room(path) from error
    expected = [
        np.asarray(values) for values in (transform.parameters, transform.fixed_parameters)
    ]
    if not all(map(_is_close, written, expected)):
        raise _no_room(path)


def check_whole(path: Path) -> Path:
    """See that a compressed image that ITK wrote has an end.

    Parameters
    ----------
    path : Path
        ``.nii.gz``.

    Returns
    -------
    Path
        ``path``.

    Raises
    ------
    OSError
        If it was cut off.

    """
    try:
        # The checksum stands at the end; ITK itself takes the image for whole without it.
        with gzip.open(path) as stream:
            # For Python, a file of nothing is whole.
            if not stream.read(_BLOCK):
                raise EOFError
            while stream.read(_BLOCK):
                pass
    except (OSError, EOFError, zlib.error) as error:
        raise _no_room(path) from error
    return path


def _is_close(written: np.ndarray, expected: np.ndarray) -> bool:
    if written.shape != expected.shape:
        return False
    largest = np.abs(expected).max(initial=1.0)
    return bool((np.abs(written - expected) <= _TOLERANCE * largest).all())


def _no_room(path: Path) -> OSError:
    reason = 'No space left on device, most likely: ITK wrote a part of it only'
    return OSError(errno.ENOSPC, reason, str(path))
