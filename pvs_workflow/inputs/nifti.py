"""Read NIfTI files from untrusted sources."""

import gzip
import math
import stat
import zlib
from pathlib import Path

import nibabel as nb
import numpy as np

from pvs_workflow.errors import ImageError
from pvs_workflow.science.checks import check_shape
from pvs_workflow.science.geometry import are_opposed, check_affine, check_sizes

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
"""Exceptions that nibabel, gzip and NumPy raise for unreadable files."""

_KINDS = {348: (nb.Nifti1Image, b'n+1\0'), 540: (nb.Nifti2Image, b'n+2\0')}
"""Image class and magic string, by the size of the header in bytes."""

_MAX_BEFORE_DATA = 2**26
"""Maximum size of header and extensions, bytes; nibabel reads as much as the header claims."""

_MAX_AFTER_DATA = 2**26
"""Maximum size of what follows the voxels in a compressed file, bytes; some programs add zeros."""

_BLOCK = 2**22
"""Size of the blocks in which a compressed file is read, bytes."""


def open_nifti(path: Path | str) -> nb.Nifti1Image:
    """Open a NIfTI file and check its header, without reading the voxels.

    The suffix decides whether the file is read as compressed (``.nii.gz``) or not (``.nii``).

    Returns
    -------
    nibabel.Nifti1Image
        The image as stored; its class may be Nifti2Image, a subclass.

    Raises
    ------
    ImageError
        If the file is not a NIfTI image, or its shape, type or orientation is unusable.

    """
    try:
        kind, sizes = _check_start(Path(path))
        image = kind.from_filename(path)
    except UNREADABLE as error:
        raise ImageError(f'it is not a readable NIfTI image: {_first_line(error)}') from error
    check_shape(image.shape)
    if image.get_data_dtype().kind not in 'iuf':
        raise ImageError(
            f'its voxels are {image.get_data_dtype()}; give one real number per voxel'
        )
    header = image.header
    if not (header['sform_code'] > 0 or header['qform_code'] > 0):
        raise ImageError(
            'its header does not say where left and right are; set the code of its sform or qform'
        )
    check_affine(image.affine)
    if header['sform_code'] > 0:
        check_sizes(image.affine, sizes)
    return image


def compare_forms(image: nb.Nifti1Image) -> tuple[str, ...]:
    """Return the reasons why the position of an image needs review.

    Parameters
    ----------
    image : nibabel.Nifti1Image
        From :func:`open_nifti`, which uses the sform if both forms are set.

    Returns
    -------
    tuple of str
        Empty unless sform and qform are set and point in opposite directions.

    """
    sform = image.get_sform(coded=True)[0]
    try:
        qform = image.get_qform(coded=True)[0]
    except UNREADABLE:
        return ()
    if sform is None or qform is None or not are_opposed(sform, qform):
        return ()
    return ('sform and qform point in opposite directions, so left may be right',)


def read_voxels(image: nb.Nifti1Image, path: Path | str, dtype=None) -> np.ndarray:
    """Read the voxels of an image that :func:`open_nifti` opened.

    A compressed file is read to its end, so that its checksum is verified.

    Parameters
    ----------
    image : nibabel.Nifti1Image
    path : Path
        The file of the image.
    dtype : optional
        Type of the array; by default it follows from the type and scale of the file.

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
            f'it is damaged, its {" × ".join(map(str, shape))} voxels cannot be read: '
            f'{_first_line(error)}'
        ) from error


def read_nifti(path: Path | str, dtype=None) -> tuple[nb.Nifti1Image, np.ndarray]:
    """Open a NIfTI file and read its voxels (:func:`open_nifti`, :func:`read_voxels`)."""
    image = open_nifti(path)
    return image, read_voxels(image, path, dtype)


def _check_start(path: Path) -> tuple[type[nb.Nifti1Image], np.ndarray]:
    """Return the image class and the stored voxel sizes; nibabel would guess and repair them."""
    if not stat.S_ISREG(path.stat().st_mode):
        raise ValueError('not a regular file')
    with (gzip.open if path.suffix == '.gz' else open)(path, 'rb') as stream:
        start = stream.read(540)
    sizes = [int.from_bytes(start[:4], order) for order in ('little', 'big')]
    size = next((size for size in sizes if size in _KINDS), None)
    if size is None or len(start) < size:
        raise ValueError(f'no NIfTI header in its first {len(start)} bytes')
    kind, magic = _KINDS[size]
    header = kind.header_class(start[:size], check=False)
    if header.structarr['magic'].item().ljust(4, b'\0')[:4] != magic:
        raise ValueError(f'unknown magic {header["magic"].item()!r}')
    offset = float(header['vox_offset'])
    if not (size + 4 <= offset <= _MAX_BEFORE_DATA and offset.is_integer()):
        raise ValueError(f'its voxels start at byte {offset:g}')
    if header['sform_code'] <= 0 and not np.all(header['pixdim'][1:4] != 0):
        raise ValueError('its voxels have a size of 0 mm')
    return kind, np.abs(header['pixdim'][1:4].astype(float))


def _check_sum(path: Path, end: int) -> None:
    """Read a compressed file to its end to verify the checksum there; nibabel stops before it."""
    limit = end + _MAX_AFTER_DATA
    with gzip.open(path) as stream:
        while len(stream.read(_BLOCK)):
            if stream.tell() > limit:
                raise ValueError(f'it has more than {limit} bytes, its header claims {end}')


def _first_line(error: BaseException) -> str:
    return (str(error) or type(error).__name__).splitlines()[0]
