"""Reading and writing what passes between nodes."""

import gzip
import json
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

import nibabel as nb
import numpy as np

from pvs_workflow.errors import ImageError, PVSError
from pvs_workflow.science.checks import MOST_VOXELS, check_shape, check_voxels
from pvs_workflow.science.geometry import Storage, check_affine, to_canonical
from pvs_workflow.science.slices import View

_UNREADABLE = (
    OSError,
    EOFError,
    ValueError,
    OverflowError,
    MemoryError,
    zlib.error,
    nb.filebasedimages.ImageFileError,
    nb.spatialimages.HeaderDataError,
)


_BLOCK = 2**22
_MOST_BLOCKS = 8 * MOST_VOXELS // _BLOCK


@contextmanager
def about(path: Path | str) -> Iterator[None]:
    """Begin the message of an error that is raised in the block with the file's name."""
    try:
        yield
    except PVSError as error:
        raise type(error)(f'{Path(path).name} cannot be used: {error}') from error


def read_raw(path: Path) -> tuple[nb.Nifti1Image, tuple[int, int, int]]:
    """Open a NIfTI as the user stored it and check its header, without reading the voxels.

    Raises
    ------
    ImageError
        If it is no NIfTI, or has an unusable shape, type or orientation.

    """
    try:
        image = nb.load(path)
    except _UNREADABLE as error:
        raise ImageError(
            f'it cannot be read, expected a NIfTI image, received: {_first_line(error)}'
        ) from error
    if not isinstance(image, nb.Nifti1Image | nb.Nifti2Image):
        raise ImageError(f'expected a NIfTI image, received {type(image).__name__}')
    shape = check_shape(image.shape)
    if image.get_data_dtype().kind not in 'iuf':
        raise ImageError(
            f'its voxels are {image.get_data_dtype()}, expected one real number per voxel'
        )
    if not (image.header['sform_code'] > 0 or image.header['qform_code'] > 0):
        raise ImageError(
            'its header does not say where left and right are, expected an sform or qform with a '
            'code above 0'
        )
    check_affine(image.affine)
    return image, shape


def read_canonical(path: Path) -> tuple[np.ndarray, np.ndarray, Storage]:
    """Read a user's NIfTI into canonical order, checking everything.

    Returns
    -------
    data : (x, y, z) array of float32
    affine : (4, 4) array
    storage : Storage

    Raises
    ------
    ImageError

    """
    image, shape = read_raw(path)
    try:
        if Path(path).suffix == '.gz':
            _check_sum(path)
        data = np.asarray(image.dataobj, dtype=np.float32).reshape(shape)
    except _UNREADABLE as error:
        raise ImageError(
            f'it is damaged, expected {" × ".join(map(str, shape))} voxels, received: '
            f'{_first_line(error)}'
        ) from error
    check_voxels(data)
    return to_canonical(data, image.affine)


def _check_sum(path: Path) -> None:
    """Read a compressed file to its end, where its checksum stands: nibabel stops before it."""
    with gzip.open(path) as stream:
        for _ in range(_MOST_BLOCKS):
            if not stream.read(_BLOCK):
                return
    raise ValueError('more data than any image has')


def load_image(path: Path | str) -> nb.Nifti1Image:
    """Load a volume that another node saved."""
    return nb.load(path)


def load_array(path: Path | str, dtype=np.float32) -> np.ndarray:
    """Load the voxels that another node saved."""
    return np.asarray(nb.load(path).dataobj, dtype=dtype)


def save_image(data: np.ndarray, affine: np.ndarray, path: Path) -> str:
    """Save a canonical volume for the next node, with sform and qform alike.

    ITK reads the one and nibabel the other.
    """
    image = nb.Nifti1Image(data, affine)
    image.set_sform(affine, 1)
    image.set_qform(affine, 1)
    image.header.set_xyzt_units('mm', 'sec')
    nb.save(image, path)
    return str(path)


def save_views(views: Sequence[View], path: Path) -> str:
    """Save where the six images lie."""
    path.write_text(json.dumps([asdict(view) for view in views]))
    return str(path)


def load_views(path: Path | str) -> list[View]:
    """Load what :func:`save_views` saved."""
    return [
        View(**values | {'centre': tuple(values['centre'])})
        for values in json.loads(Path(path).read_text())
    ]


def _first_line(error: BaseException) -> str:
    return (str(error) or type(error).__name__).splitlines()[0]
