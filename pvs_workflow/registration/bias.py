"""Correction of the bias field of receive coils."""

import nibabel as nb
import numpy as np
from nibabel.processing import resample_from_to

from pvs_workflow.registration.engine import start_ants, to_ants
from pvs_workflow.science.resampling import coarse_image

GRID = 6.0
"""Voxel size at which N4 runs, mm; the field is much smoother."""


def correct_bias(image: nb.Nifti1Image, seed: int) -> nb.Nifti1Image:
    """Divide a volume by its bias field, estimated by N4 (Tustison et al. 2010).

    Parameters
    ----------
    image : nibabel image, 3D, values ≥ 0
    seed : int
        Random seed of ANTs, > 0.

    Returns
    -------
    nibabel image of float32
        Corrected volume on the same grid, scaled to keep the mean of the head.

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
    # In place, since the arrays are large.
    np.clip(full, 0.1, 10, out=full)
    np.divide(np.asarray(image.dataobj, dtype=np.float32), full, out=full, dtype=np.float32)
    return nb.Nifti1Image(full, image.affine)
