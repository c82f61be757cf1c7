"""Screen the T2w of a session: which can be read, and which are to be graded."""

import errno
import os
import stat
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pvs_workflow.errors import ImageError
from pvs_workflow.inputs.metadata import Sidecars, echo_time
from pvs_workflow.inputs.query import BIDSImage

MIN_ECHO_TIME = 0.04
"""Minimum echo time of a T2w, s. Proton density is acquired at less than 30 ms; T2w at 80 to 120
ms, and at 40 to 60 ms where signal is scarce (Nitz and Reimer, Eur Radiol 1999;9:1032–1046)."""

_POINTERS = {
    b'/annex/objects/': 'a pointer of git-annex to a file that was not fetched',
    b'version https://git-lfs': 'a pointer of Git LFS to a file that was not fetched',
}
"""First bytes of files that stand for others, and descriptions."""
_DENIED = 'unreadable'
_MAX_POINTER = 1024  # bytes
_BROKEN = {errno.ENOENT, errno.ELOOP, errno.ENOTDIR, errno.ENAMETOOLONG}


@dataclass(frozen=True)
class Screened:
    """The T2w of a session.

    Attributes
    ----------
    usable : tuple of BIDSImage
        The images to grade.
    lost : tuple of str
        Sentences about images that should have been graded.
    left_out : tuple of str
        Sentences about images that are not to be graded, next to usable ones.

    """

    usable: tuple[BIDSImage, ...]
    lost: tuple[str, ...]
    left_out: tuple[str, ...]


def screen_t2ws(images: Sequence[BIDSImage], sidecars: Sidecars) -> Screened:
    """Leave out the images of a session that cannot be read or are no T2w of the basal ganglia.

    Images of another contrast are never graded. Images whose grid cannot show the basal ganglia
    are left out only if others remain; otherwise the step that reads them reports the error.
    """
    lost, readable, others = [], [], {}
    for image in images:
        if fault := find_fault(image.path):
            is_denied = fault.startswith(_DENIED)
            cure = 'ask its owner for access' if is_denied else 'fetch or replace it'
            lost += [f'{image.path} is {fault}; {cure}']
        elif fault := _find_contrast_fault(image.path, sidecars):
            others[image] = fault
        else:
            readable.append(image)
    coarse = _find_grid_faults(readable)
    usable = [image for image in readable if image not in coarse]
    if not usable:
        lost += [
            f'{image.path} cannot be used: {fault}; give a T2w or correct its JSON file'
            for image, fault in others.items()
        ]
        return Screened(tuple(readable), tuple(lost), ())
    left_out = [
        f'{image.path} was left out: {fault}' for image, fault in (others | coarse).items()
    ]
    return Screened(tuple(usable), tuple(lost), tuple(left_out))


def find_fault(path: Path) -> str:
    """Return why a file cannot be read, as the end of a sentence; empty if it can be."""
    try:
        status = path.stat()
        if stat.S_ISDIR(status.st_mode):
            return 'a folder instead of a file'
        # Opening a pipe or device may block or have side effects.
        if not stat.S_ISREG(status.st_mode):
            return 'a pipe or device instead of a file'
        if not os.access(path, os.R_OK, effective_ids=os.access in os.supports_effective_ids):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
        start = path.read_bytes() if 0 < status.st_size < _MAX_POINTER else b''
    except OSError as error:
        if error.errno in _BROKEN:
            return 'a broken link' if _is_link(path) else 'missing'
        return f'{_DENIED}: {error.strerror}'
    return next((text for begin, text in _POINTERS.items() if start.startswith(begin)), '')


def _is_link(path: Path) -> bool:
    try:
        return path.is_symlink()
    except OSError:
        return False


def _find_contrast_fault(path: Path, sidecars: Sidecars) -> str:
    """Return why an image is no T2w according to its echo time; empty if it may be one."""
    seconds = echo_time(sidecars.read(path))
    if seconds is None or seconds >= MIN_ECHO_TIME:
        return ''
    return f'its echo time, {seconds * 1000:g} ms, is not that of a T2w'


def _find_grid_faults(images: Sequence[BIDSImage]) -> dict[BIDSImage, str]:
    """Return the images whose grid cannot show the basal ganglia, with their faults.

    Images whose header cannot be read are kept.
    """
    if len(images) < 2:
        return {}
    # NumPy and nibabel are loaded only for sessions with several T2w.
    import numpy as np

    from pvs_workflow.inputs.nifti import open_nifti
    from pvs_workflow.science.checks import check_shape, check_t2w_grid
    from pvs_workflow.science.geometry import to_canonical

    faults = {}
    for image in images:
        try:
            header = open_nifti(image.path)
        except ImageError:
            continue
        stored = np.broadcast_to(np.uint8(0), check_shape(header.shape))
        grid, affine, _ = to_canonical(stored, header.affine)
        try:
            check_t2w_grid(grid.shape, affine)
        except ImageError as error:
            faults[image] = str(error).partition(';')[0]
    return faults
