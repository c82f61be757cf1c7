"""Step 1: check an image and reorder its voxels to canonical (RAS+) order."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import nibabel as nb
import numpy as np

from pvs_workflow.errors import PVSError
from pvs_workflow.inputs.nifti import compare_forms, open_nifti, read_voxels
from pvs_workflow.method.saved import Saved
from pvs_workflow.science.checks import check_t2w_grid, check_voxels
from pvs_workflow.science.geometry import Storage, to_canonical
from pvs_workflow.science.values import fill_missing, subtract_background, unwrap_integers


@dataclass(frozen=True)
class Conformed(Saved):
    """An image in canonical order.

    Attributes
    ----------
    name : str
        File name, for messages.
    image : nibabel image of float32
        Its voxel axes are closest to left→right, back→front and bottom→top (RAS+).
    storage : Storage
        Voxel order of the file.
    problems : tuple of str
        Reasons why the header needs review.

    """

    name: str
    image: nb.Nifti1Image
    storage: Storage
    problems: tuple[str, ...] = ()


def conform(source: Path, is_t2w: bool = False) -> Conformed:
    """Check an image and permute its voxels to canonical order.

    Voxels are not interpolated. The affine defines left and right. Values change only if the
    background is not 0: NaN outside the head become background, integers that wrapped around are
    restored, and offsets are subtracted.

    Parameters
    ----------
    source : Path
        The user's NIfTI file.
    is_t2w : bool
        Whether to check that the voxels are small enough to show ePVS.

    Returns
    -------
    Conformed

    Raises
    ------
    ImageError
        If the image cannot be used; the message names the file.

    """
    with prefix_errors(source):
        stored = open_nifti(source)
        # Overflows become infinite, and check_voxels rejects these.
        with np.errstate(over='ignore', invalid='ignore'):
            data = fill_missing(read_voxels(stored, source, np.float32))
        check_voxels(data)
        dtype = stored.get_data_dtype()
        if dtype.kind == 'i' and dtype.itemsize < 4:
            slope, zero = stored.dataobj.slope, stored.dataobj.inter
            data = unwrap_integers(data, zero, slope * 2 ** (8 * dtype.itemsize))
        data, affine, storage = to_canonical(subtract_background(data), stored.affine)
        if is_t2w:
            check_t2w_grid(data.shape, affine)
    # NIfTI stores affines as float32: steps that load the saved image must get the same grid.
    affine = affine.astype(np.float32).astype(float)
    image = nb.Nifti1Image(np.ascontiguousarray(data), affine)
    return Conformed(source.name, image, storage, compare_forms(stored))


@contextmanager
def prefix_errors(path: Path | str) -> Iterator[None]:
    """Prefix the message of each :class:`PVSError` raised in the block with the file's name."""
    try:
        yield
    except PVSError as error:
        raise type(error)(f'{Path(path).name} cannot be used: {error}') from error
