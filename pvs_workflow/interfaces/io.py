"""Reading and writing what passes between nodes."""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

import nibabel as nb
import numpy as np

from pvs_workflow.errors import PVSError
from pvs_workflow.inputs.nifti import open_nifti, read_voxels
from pvs_workflow.science.checks import check_voxels
from pvs_workflow.science.geometry import Storage, to_canonical
from pvs_workflow.science.slices import View


@contextmanager
def about(path: Path | str) -> Iterator[None]:
    """Begin the message of an error that is raised in the block with the file's name."""
    try:
        yield
    except PVSError as error:
        raise type(error)(f'{Path(path).name} cannot be used: {error}') from error


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
    image, _ = open_nifti(path)
    # What overflows becomes infinite, which is refused.
    with np.errstate(over='ignore', invalid='ignore'):
        data = read_voxels(image, path, np.float32)
    check_voxels(data)
    return to_canonical(data, image.affine)


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
