"""Resampling to coarser grids without aliasing."""

import nibabel as nb
import numpy as np
from nibabel.affines import voxel_sizes
from nibabel.processing import resample_from_to, smooth_image

from pvs_workflow.science.geometry import isotropic_grid


def resample(
    image: nb.Nifti1Image, shape: tuple[int, int, int], affine: np.ndarray, mode: str = 'nearest'
) -> nb.Nifti1Image:
    """Resample an image to a grid by linear interpolation, without aliasing, as float32.

    Axes with finer voxels than the grid's are first smoothed to the width of those; along
    coarser ones the image is interpolated as it is.

    Parameters
    ----------
    image : nibabel image, 3D
    shape : (x, y, z)
        Of the grid.
    affine : (4, 4) array
        Of the grid, in the image's world.
    mode : {'nearest', 'constant'}
        Outside the image: its border repeated, so that a thick first slice is not darkened; or 0.

    """
    sizes = voxel_sizes(image.affine)
    # How many of the image's voxels one of the grid's covers, along each axis of the image.
    steps = np.linalg.norm((np.linalg.inv(image.affine) @ affine)[:3, :3], axis=1)
    width = np.sqrt(np.clip(steps**2 - 1, 0, None)) * sizes
    source = nb.Nifti1Image(np.asarray(image.dataobj, dtype=np.float32), image.affine)
    if width.any():
        source = smooth_image(source, width, mode='nearest')
    return resample_from_to(source, (shape, affine), order=1, mode=mode)


def coarse_image(image: nb.Nifti1Image, size: float, margin: float = 0.0) -> nb.Nifti1Image:
    """Resample an image to cubic voxels along its own axes: to its :func:`isotropic_grid`."""
    return resample(image, *isotropic_grid(image.shape, image.affine, size, margin))
