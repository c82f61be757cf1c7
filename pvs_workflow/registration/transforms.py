"""Transforms applied: one interpolation, on the full grid."""

from collections.abc import Sequence
from pathlib import Path

import nibabel as nb
import numpy as np

from pvs_workflow.registration.coarse import COARSE
from pvs_workflow.registration.engine import start, to_ants
from pvs_workflow.registration.writing import check_whole
from pvs_workflow.science.geometry import isotropic_grid

FIELD_MARGIN = 10.0
"""Millimetres by which a composite field reaches beyond the volume it was made for."""


def apply_transforms(
    fixed: nb.Nifti1Image,
    moving: nb.Nifti1Image,
    transforms: Sequence[Path],
    seed: int,
) -> nb.Nifti1Image:
    """Resample ``moving`` to the grid of ``fixed``.

    Parameters
    ----------
    fixed, moving : nibabel images, 3D
    transforms : sequence of Path
        As ``antsApplyTransforms`` takes them: the last one is applied first.
    seed : int

    Returns
    -------
    nibabel image of float32
        Interpolated linearly.

    """
    ants = start(seed)
    out = ants.apply_transforms(
        to_ants(fixed),
        to_ants(moving),
        [str(path) for path in transforms],
        interpolator='linear',
        singleprecision=True,
    ).numpy()
    return nb.Nifti1Image(out.astype(np.float32, copy=False), fixed.affine)


def compose(
    target: nb.Nifti1Image,
    moving: nb.Nifti1Image,
    transforms: Sequence[Path],
    field: Path,
    seed: int,
) -> None:
    """Write a chain of transforms as one displacement field over ``target``'s field of view.

    The field is as coarse as the grid that the transforms were found on: smooth as it is, a finer
    one would only be larger.

    Parameters
    ----------
    target, moving : nibabel images, 3D
    transforms : sequence of Path
    field : Path
        ``.nii.gz`` to write.
    seed : int

    Raises
    ------
    OSError
        If there is no room for it.

    """
    ants = start(seed)
    shape, affine = isotropic_grid(target.shape, target.affine, COARSE, FIELD_MARGIN)
    name = ants.apply_transforms(
        to_ants(nb.Nifti1Image(np.zeros(shape, np.float32), affine)),
        to_ants(moving),
        [str(path) for path in transforms],
        compose=str(field.parent / 'chain_'),
        singleprecision=True,
    )
    check_whole(Path(name)).replace(field)
