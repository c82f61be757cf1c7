"""Coarse cubic grids: where registrations look for an alignment."""

import nibabel as nb
import numpy as np
from nibabel.affines import voxel_sizes
from scipy.ndimage import affine_transform, gaussian_filter

from pvs_workflow.science.geometry import isotropic_grid

COARSE = 2.0
"""Voxel edge, in millimetres, on which transforms are estimated."""

_FWHM_TO_SIGMA = 1 / np.sqrt(8 * np.log(2))


def coarse_image(
    image: nb.Nifti1Image, size: float = COARSE, margin: float = 0.0
) -> nb.Nifti1Image:
    """Resample a volume to cubic voxels along its own axes, without aliasing.

    Axes finer than the new voxels are first smoothed to their width; along thicker slices the
    volume is interpolated. Values outside the volume repeat its border, so that a thick first
    slice is not darkened.

    Parameters
    ----------
    image : nibabel image, 3D
    size : float
        New voxel edge, mm.
    margin : float
        Room added on every side, mm.

    Returns
    -------
    nibabel image of float32

    """
    data = np.asarray(image.dataobj, dtype=np.float32)
    sizes = voxel_sizes(image.affine)
    width = np.sqrt(np.clip(size**2 - sizes**2, 0, None))
    smooth = gaussian_filter(data, width / sizes * _FWHM_TO_SIGMA, mode='nearest')
    shape, affine = isotropic_grid(image.shape, image.affine, size, margin)
    mapping = np.linalg.inv(image.affine) @ affine
    resampled = affine_transform(smooth, mapping, output_shape=shape, order=1, mode='nearest')
    return nb.Nifti1Image(resampled, affine)
