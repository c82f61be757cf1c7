"""Images of results: in the T2w's own voxel order, each with a sidecar; names of their labels."""

from collections.abc import Mapping
from pathlib import Path

import nibabel as nb
import numpy as np

from pvs_workflow.files import atomic_path, write_json, write_text
from pvs_workflow.inputs.nifti import open_nifti
from pvs_workflow.science.checks import check_shape
from pvs_workflow.science.geometry import to_canonical, to_stored
from pvs_workflow.science.roi import STRUCTURES

_SIDES = {'L': 'left', 'R': 'right'}
_LABELS = {
    'roi': {1: 'left basal ganglia', 2: 'right basal ganglia'},
    'structures': {s.index: f'{_SIDES[s.hemisphere]} {s.name}' for s in STRUCTURES},
}


def save_derivative(
    image: nb.Nifti1Image, t2w_file: Path, stem: str, sidecar: Mapping, voxel_size: bool = False
) -> Path:
    """Write a canonical image in the T2w's voxel order, with a JSON next to it; return its path.

    Parameters
    ----------
    image : nibabel image
        On the T2w's canonical grid.
    t2w_file : Path
        The T2w as the user stored it.
    stem : str
        Path of both files without suffixes.
    sidecar : mapping
    voxel_size : bool
        Whether to add ``VoxelSize``, the edges of a voxel along the three axes as stored, in mm
        to a micrometre.

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
    """Put a canonical image into the original's voxel order, with the original's affine.

    Labels keep whole numbers (int16); intensities are stored as scaled int16, which keeps 1 part
    in 65,000 of their range.

    Parameters
    ----------
    image : nibabel image
        Canonical, on the original's grid.
    original : nibabel image
        The T2w as the user stored it.

    """
    stored_grid = np.broadcast_to(np.uint8(0), check_shape(original.shape))
    _, _, storage = to_canonical(stored_grid, original.affine)
    data = np.asarray(image.dataobj)
    labels = data.dtype.kind in 'iu'
    stored = to_stored(data.astype(np.int16 if labels else np.float32), storage)
    out = nb.Nifti1Image(stored, original.affine)
    out.set_data_dtype(np.int16)
    out.set_sform(original.affine, int(original.header['sform_code']) or 1)
    out.set_qform(original.affine, int(original.header['qform_code']) or 1)
    out.header.set_xyzt_units('mm', 'sec')
    return out


def write_lookup(which: str, target: Path) -> None:
    """Write the TSV that explains the values of a label image: ``roi`` or ``structures``."""
    rows = ['index\tname', *(f'{value}\t{name}' for value, name in _LABELS[which].items())]
    write_text(target, '\n'.join(rows) + '\n')
