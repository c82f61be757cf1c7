"""From canonical order back to the way the user stored the T2w."""

from collections.abc import Sequence
from pathlib import Path

import nibabel as nb
import numpy as np

from pvs_workflow.files import atomic_path
from pvs_workflow.inputs.nifti import open_nifti
from pvs_workflow.science.geometry import Storage, to_canonical, to_stored
from pvs_workflow.science.roi import STRUCTURES
from pvs_workflow.science.slabs import central_slice, slices_per_slab
from pvs_workflow.science.slices import View
from pvs_workflow.tsv import write_tsv


def storage_of(image: nb.Nifti1Image, shape: tuple[int, int, int]) -> tuple[Storage, np.ndarray]:
    """Return how an image is stored, and its canonical affine."""
    _, affine, storage = to_canonical(np.broadcast_to(np.uint8(0), shape), image.affine)
    return storage, affine


def restore(
    image: nb.Nifti1Image, original: nb.Nifti1Image, shape: tuple[int, int, int]
) -> nb.Nifti1Image:
    """Put a canonical volume into the original's voxel order, with the original's affine.

    Labels keep whole numbers (int16); intensities are stored as scaled int16, which keeps 1 part
    in 65,000 of their range.

    Parameters
    ----------
    image : nibabel image
        Canonical, on the original's grid.
    original : nibabel image
        The T2w as the user stored it.
    shape : tuple of int
        The original's three dimensions.

    """
    storage, _ = storage_of(original, shape)
    data = np.asarray(image.dataobj)
    labels = data.dtype.kind in 'iu'
    stored = to_stored(data.astype(np.int16 if labels else np.float32), storage)
    out = nb.Nifti1Image(stored, original.affine)
    out.set_data_dtype(np.int16)
    out.set_sform(original.affine, int(original.header['sform_code']) or 1)
    out.set_qform(original.affine, int(original.header['qform_code']) or 1)
    out.header.set_xyzt_units('mm', 'sec')
    return out


def save_stored(image: nb.Nifti1Image, target: Path) -> None:
    """Write an image in one step."""
    with atomic_path(target) as path:
        nb.save(image, path)


def stored_voxel_size(image: nb.Nifti1Image) -> list[float]:
    """Return the edges of a voxel along the three axes as stored, in mm, to a micrometre."""
    return [round(float(edge), 3) for edge in nb.affines.voxel_sizes(image.affine)]


def stored_slices(views: Sequence[View], t2w_file: Path | str) -> list[int]:
    """Return the index of each image's slice in the file as stored, from 0.

    Of averaged slices it is the central one.
    """
    image, shape = open_nifti(Path(t2w_file))
    storage, affine = storage_of(image, shape)
    n = slices_per_slab(affine)
    return [storage.slice_index(central_slice(view.slice_index, n)) for view in views]


def write_lookup(which: str, target: Path) -> None:
    """Write the TSV that explains a label image's values.

    Parameters
    ----------
    which : {'roi', 'structures'}
    target : Path

    """
    if which == 'roi':
        rows = [(1, 'left basal ganglia'), (2, 'right basal ganglia')]
    else:
        rows = [(s.index, f'{_side(s.hemisphere)} {s.name}') for s in STRUCTURES]
    indices, texts = zip(*rows, strict=True)
    write_tsv(target, {'index': indices, 'name': texts})


def _side(hemisphere: str) -> str:
    return {'L': 'left', 'R': 'right'}[hemisphere]
