"""Correction of the slow shading that receive coils leave in an image."""

import nibabel as nb
import numpy as np
from nibabel.processing import resample_from_to

from pvs_workflow.registration.engine import start_ants, to_ants
from pvs_workflow.science.resampling import coarse_image

GRID = 6.0
"""Voxel edge, in millimetres, on which N4 runs: the field is far smoother than this."""


def correct_bias(image: nb.Nifti1Image, seed: int) -> nb.Nifti1Image:
    """Divide a volume by its bias field as N4 finds it (Tustison et al. 2010).

    Parameters
    ----------
    image : nibabel image, 3D, values ≥ 0
    seed : int

    Returns
    -------
    nibabel image of float32
        On the same grid, with the mean of the head kept.

    """
    ants = start_ants(seed)
    low = coarse_image(image, GRID)
    head = np.asarray(low.dataobj) > 0.1 * np.percentile(np.asarray(low.dataobj), 99)
    field = ants.n4_bias_field_correction(
        to_ants(low),
        mask=to_ants(nb.Nifti1Image(head.astype(np.float32), low.affine)),
        shrink_factor=1,
        convergence={'iters': [30, 20, 10], 'tol': 1e-4},
        spline_param=100,
        return_bias_field=True,
    ).numpy()
    field = nb.Nifti1Image(field / field[head].mean(), low.affine)
    grid = image.shape, image.affine
    full = np.asarray(resample_from_to(field, grid, order=1, mode='nearest').dataobj)
    # In place: these are arrays of the full grid.
    np.clip(full, 0.1, 10, out=full)
    np.divide(np.asarray(image.dataobj, dtype=np.float32), full, out=full, dtype=np.float32)
    return nb.Nifti1Image(full, image.affine)
