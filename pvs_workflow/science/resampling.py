"""Resampling of images without aliasing."""

import nibabel as nb
import numpy as np
from nibabel.affines import voxel_sizes
from nibabel.processing import resample_from_to, smooth_image

from pvs_workflow.science.geometry import isotropic_grid


def resample(
    image: nb.Nifti1Image, shape: tuple[int, int, int], affine: np.ndarray, mode: str = 'nearest'
) -> nb.Nifti1Image:
    """Resample an image to a grid by linear interpolation, without aliasing, as float32.

    The image is first smoothed along axes where its voxels are finer than the grid's.

    Parameters
    ----------
    image : nibabel image, 3D
    shape : (x, y, z)
        Shape of the grid.
    affine : (4, 4) array
        Affine of the grid, in the world space of the image.
    mode : {'nearest', 'constant'}
        Values outside the image: the border repeated, which keeps a thick first slice from
        darkening, or 0.

    Returns
    -------
    nibabel image of float32

    """
    sizes = voxel_sizes(image.affine)
    # Image voxels per grid voxel, along each axis of the image.
    steps = np.linalg.norm((np.linalg.inv(image.affine) @ affine)[:3, :3], axis=1)
    width = np.sqrt(np.clip(steps**2 - 1, 0, None)) * sizes
    source = nb.Nifti1Image(np.asarray(image.dataobj, dtype=np.float32), image.affine)
    if width.any():
        source = smooth_image(source, width, mode='nearest')
    return resample_from_to(source, (shape, affine), order=1, mode=mode)


def coarse_image(image: nb.Nifti1Image, size: float, margin: float = 0.0) -> nb.Nifti1Image:
    """Resample an image to cubic voxels, see :func:`isotropic_grid`.

    Parameters
    ----------
    image : nibabel image, 3D
    size : float
        Edge length of the voxels, mm.
    margin : float
        Space to add on each side, mm.

    Returns
    -------
    nibabel image of float32

    """
    return resample(image, *isotropic_grid(image.shape, image.affine, size, margin))
