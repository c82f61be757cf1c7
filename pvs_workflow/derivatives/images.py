"""Save result images in the voxel order of the T2w, with sidecars and label names."""

from collections.abc import Mapping
from pathlib import Path

import nibabel as nb
import numpy as np

from pvs_workflow.files import atomic_path, write_json, write_text
from pvs_workflow.inputs.nifti import open_nifti
from pvs_workflow.science.checks import check_shape
from pvs_workflow.science.geometry import SIZE_TOLERANCE, to_canonical, to_stored
from pvs_workflow.science.roi import STRUCTURES

_FORMS = (
    *('sform_code', 'srow_x', 'srow_y', 'srow_z', 'qform_code'),
    *('quatern_b', 'quatern_c', 'quatern_d', 'qoffset_x', 'qoffset_y', 'qoffset_z'),
)
"""Fields of a NIfTI header that hold sform and qform; the qform also needs ``pixdim``."""

_SIDES = {'L': 'left', 'R': 'right'}
_LABELS = {
    'roi': {1: 'left basal ganglia', 2: 'right basal ganglia'},
    'structures': {s.index: f'{_SIDES[s.hemisphere]} {s.name}' for s in STRUCTURES},
}


def save_derivative(
    image: nb.Nifti1Image, t2w_file: Path, stem: str, sidecar: Mapping, voxel_size: bool = False
) -> Path:
    """Save a canonical image in the voxel order of the T2w, with a JSON sidecar.

    Parameters
    ----------
    image : nibabel image
        An image on the canonical grid of the T2w.
    t2w_file : Path
        The T2w as stored by the user.
    stem : str
        Path of both files without suffixes.
    sidecar : mapping
        Content of the JSON file.
    voxel_size : bool
        Whether to add ``VoxelSize``, the voxel size along the three stored axes, mm, rounded to a
        micrometre.

    Returns
    -------
    Path
        The image file.

    """
    original = open_nifti(t2w_file)
    target = Path(f'{stem}.nii.gz')
    with atomic_path(target) as path:
        nb.save(restore(image, original), path)
    content = dict(sidecar)
    if voxel_size:
        sizes = nb.affines.voxel_sizes(original.affine)
        content['VoxelSize'] = [round(float(edge), 3) for edge in sizes]
    write_json(Path(f'{stem}.json'), content)
    return target


def restore(image: nb.Nifti1Image, original: nb.Nifti1Image) -> nb.Nifti1Image:
    """Reorder a canonical image to the voxel order of the original, with its sform and qform.

    Labels are stored as int16, intensities as scaled int16, with a precision of 1/65,000 of their
    range.

    Parameters
    ----------
    image : nibabel image
        A canonical image on the grid of the original.
    original : nibabel image
        The T2w as stored by the user.

    Returns
    -------
    nibabel.Nifti1Image

    """
    stored_grid = np.broadcast_to(np.uint8(0), check_shape(original.shape))
    _, _, storage = to_canonical(stored_grid, original.affine)
    data = np.asarray(image.dataobj)
    is_labels = data.dtype.kind in 'iu'
    voxels = to_stored(data.astype(np.int16 if is_labels else np.float32), storage)
    restored = nb.Nifti1Image(voxels, original.affine)
    restored.set_data_dtype(np.int16)
    for field in _FORMS:
        restored.header[field] = original.header[field]
    pixdim, stored = restored.header['pixdim'], original.header['pixdim']
    # Sizes that are not set in the file are those of the affine.
    is_set = np.isclose(stored[1:4], pixdim[1:4], rtol=SIZE_TOLERANCE)
    pixdim[:4] = [stored[0], *np.where(is_set, stored[1:4], pixdim[1:4])]
    restored.header.set_xyzt_units('mm', 'sec')
    return restored


def write_lookup(which: str, target: Path) -> None:
    """Write the TSV that names the labels of an image, ``roi`` or ``structures``."""
    rows = ['index\tname', *(f'{value}\t{name}' for value, name in _LABELS[which].items())]
    write_text(target, '\n'.join(rows) + '\n')
