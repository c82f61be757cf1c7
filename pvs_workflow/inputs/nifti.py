"""NIfTI files that nobody has checked: opened and read, or refused in one sentence."""

import gzip
import math
import stat
import zlib
from pathlib import Path

import nibabel as nb
import numpy as np

from pvs_workflow.errors import ImageError
from pvs_workflow.science.checks import check_shape
from pvs_workflow.science.geometry import check_affine

UNREADABLE = (
    OSError,
    EOFError,
    ValueError,
    OverflowError,
    MemoryError,
    zlib.error,
    nb.filebasedimages.ImageFileError,
    nb.spatialimages.HeaderDataError,
)
"""What nibabel, gzip and numpy raise on files that they cannot read."""

_KINDS = {348: (nb.Nifti1Image, b'n+1\0'), 540: (nb.Nifti2Image, b'n+2\0')}
"""By the size of the header: the class, and how its magic begins."""

_MAX_BEFORE_DATA = 2**26
"""Maximum size of header and extensions, bytes: nibabel would read all that they claim to have."""

_MAX_AFTER_DATA = 2**26
"""Maximum number of bytes after the voxels of a compressed file; some programs add zeros."""

_BLOCK = 2**22


def open_nifti(path: Path | str) -> nb.Nifti1Image:
    """Open a NIfTI as the user stored it and check its header, without reading the voxels.

    The file may be anything, and is opened as ``.nii.gz`` or ``.nii`` as its name says. A
    Nifti2Image is a Nifti1Image, too.

    Raises
    ------
    ImageError
        If it is no NIfTI, or has an unusable shape, type or orientation.

    """
    try:
        image = _check_start(Path(path)).from_filename(path)
    except UNREADABLE as error:
        raise ImageError(
            f'it cannot be read, expected a NIfTI image, received: {_first_line(error)}'
        ) from error
    check_shape(image.shape)
    if image.get_data_dtype().kind not in 'iuf':
        raise ImageError(
            f'its voxels are {image.get_data_dtype()}, expected one real number per voxel'
        )
    header = image.header
    if not (header['sform_code'] > 0 or header['qform_code'] > 0):
        raise ImageError(
            'its header does not say where left and right are, expected an sform or qform with a '
            'code above 0'
        )
    check_affine(image.affine)
    return image


def read_voxels(image: nb.Nifti1Image, path: Path | str, dtype=None) -> np.ndarray:
    """Read the voxels of an image that :func:`open_nifti` opened, to the last byte of its file.

    Parameters
    ----------
    image : nibabel.Nifti1Image
    path : Path
        Its file; the checksum of a compressed one is checked.
    dtype : optional
        Of the array; without it whatever the file and its scale make.

    Returns
    -------
    (i, j, k) array

    Raises
    ------
    ImageError
        If the file is damaged.

    """
    shape, bytes_each = check_shape(image.shape), image.get_data_dtype().itemsize
    try:
        if Path(path).suffix == '.gz':
            _check_sum(Path(path), int(image.dataobj.offset) + math.prod(image.shape) * bytes_each)
        return np.asarray(image.dataobj, dtype=dtype).reshape(shape)
    except UNREADABLE as error:
        raise ImageError(
            f'it is damaged, expected {" × ".join(map(str, shape))} voxels, received: '
            f'{_first_line(error)}'
        ) from error


def read_nifti(path: Path | str, dtype=None) -> tuple[nb.Nifti1Image, np.ndarray]:
    """Open and read a NIfTI: :func:`open_nifti`, then :func:`read_voxels`."""
    image = open_nifti(path)
    return image, read_voxels(image, path, dtype)


def _check_start(path: Path) -> type[nb.Nifti1Image]:
    """Return the class of a file by its first bytes; nibabel would guess, mend, and go on."""
    if not stat.S_ISREG(path.stat().st_mode):
        raise ValueError('not a regular file')
    with (gzip.open if path.suffix == '.gz' else open)(path, 'rb') as stream:
        start = stream.read(540)
    sizes = [int.from_bytes(start[:4], order) for order in ('little', 'big')]
    size = next((size for size in sizes if size in _KINDS), None)
    if size is None or len(start) < size:
        raise ValueError(f'{len(start)} bytes that do not begin as a NIfTI header')
    kind, magic = _KINDS[size]
    header = kind.header_class(start[:size], check=False)
    if header.structarr['magic'].item().ljust(4, b'\0')[:4] != magic:
        raise ValueError(f'a magic of {header["magic"].item()!r}')
    offset = float(header['vox_offset'])
    if not (size + 4 <= offset <= _MAX_BEFORE_DATA and offset.is_integer()):
        raise ValueError(f'voxels from byte {offset:g}')
    if header['sform_code'] <= 0 and not np.all(header['pixdim'][1:4] != 0):
        raise ValueError('voxels of 0 mm')
    return kind


def _check_sum(path: Path, end: int) -> None:
    """Read a compressed file to its end, where its checksum stands: nibabel stops before it."""
    most = end + _MAX_AFTER_DATA
    with gzip.open(path) as stream:
        while len(stream.read(_BLOCK)):
            if stream.tell() > most:
                raise ValueError(f'more than {most} bytes, where its header has {end}')


def _first_line(error: BaseException) -> str:
    return (str(error) or type(error).__name__).splitlines()[0]
