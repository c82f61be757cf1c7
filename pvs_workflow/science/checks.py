"""Checks of images before they are used."""

import numpy as np
from nibabel.affines import voxel_sizes

from pvs_workflow.errors import ImageError
from pvs_workflow.science.slabs import slices_per_slab
from pvs_workflow.science.slices import N_SLICES

MAX_VOXELS = 2**27
"""Maximum number of voxels, 512³: a head at 0.5 mm. Reading one as float64 takes 2 GB."""

MAX_VALUE = 1e12
"""Maximum magnitude of voxel values: the sum of 512³ squares stays finite in single precision."""

MIN_RANGE = 1e-12
"""Minimum range of voxel values: products of much smaller values underflow in single precision."""

MAX_IN_PLANE = 2.0
"""Maximum in-plane voxel size of a T2w, mm: larger voxels cannot separate ePVS of 3 mm."""


def check_shape(shape: tuple[int, ...]) -> tuple[int, int, int]:
    """Return the three dimensions of a stored image.

    Parameters
    ----------
    shape : tuple of int
        Shape in the header; trailing dimensions of length 1 are dropped.

    Returns
    -------
    tuple of 3 int

    Raises
    ------
    ImageError
        If the image is not 3D, has an axis with a single voxel, or more than `MAX_VOXELS` voxels.

    Examples
    --------
    >>> check_shape((4, 5, 6, 1))
    (4, 5, 6)

    """
    voxels = ' × '.join(str(n) for n in shape)
    volume = tuple(int(n) for n in shape)
    while len(volume) > 3 and volume[-1] == 1:
        volume = volume[:-1]
    if len(volume) != 3:
        raise ImageError(f'it is {len(volume)}D ({voxels} voxels); give a 3D image')
    if min(volume) < 2 or np.prod(volume, dtype=float) > MAX_VOXELS:
        raise ImageError(
            f'it has an unusable shape ({voxels} voxels); give at least 2 along each axis and at '
            f'most {MAX_VOXELS} in all'
        )
    return volume


def check_voxels(data: np.ndarray) -> None:
    """Check the voxel values of an image.

    Parameters
    ----------
    data : array

    Raises
    ------
    ImageError
        If values are NaN or infinite, all equal, above `MAX_VALUE` in magnitude, or within a range
        below `MIN_RANGE`.

    """
    bad = data.size - int(np.count_nonzero(np.isfinite(data)))
    if bad:
        raise ImageError(
            f'it has NaN or infinite values in {bad} of {data.size} voxels; replace them with '
            'finite values'
        )
    low, high = float(data.min()), float(data.max())
    if low == high:
        raise ImageError(f'it is empty (every voxel has the value {low:g}); give a scan of a head')
    if max(-low, high) > MAX_VALUE or high - low < MIN_RANGE:
        raise ImageError(
            f'its values, {low:g} to {high:g}, exceed {MAX_VALUE:g} or span less than '
            f'{MIN_RANGE:g}; rescale them'
        )


def check_t2w_grid(shape: tuple[int, int, int], affine: np.ndarray) -> None:
    """Check the resolution and the number of slices of a T2w.

    Parameters
    ----------
    shape : tuple of 3 int
    affine : (4, 4) array
        Canonical grid of the T2w.

    Raises
    ------
    ImageError
        If in-plane voxels are larger than `MAX_IN_PLANE`, or there are fewer than three slabs.

    """
    sizes = voxel_sizes(affine)
    if max(sizes[:2]) > MAX_IN_PLANE:
        raise ImageError(
            f'its axial slices are too coarse ({sizes[0]:.2f} × {sizes[1]:.2f} mm); give voxels '
            f'of at most {MAX_IN_PLANE:g} mm in plane'
        )
    slabs = shape[2] // slices_per_slab(affine)
    if slabs < N_SLICES:
        raise ImageError(
            f'it has too few axial slices ({shape[2]} of {sizes[2]:.2f} mm); give at least '
            f'{N_SLICES} of about 5 mm'
        )
