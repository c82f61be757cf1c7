"""Detecting files that ITK wrote only in part: it reports no error when the disk is full."""

import errno
import gzip
import zlib
from pathlib import Path

_BLOCK = 2**22


def check_whole(path: Path) -> Path:
    """Read a compressed image that ITK wrote to its end.

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
        reason = 'No space left on device, most likely: ITK wrote a part of it only'
        raise OSError(errno.ENOSPC, reason, str(path)) from error
    return path
