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

MAX_IN_PLANE = 1.75
"""Maximum in-plane voxel size of a T2w, mm: larger voxels cannot separate ePVS of 3 mm.

Scanners' usual sizes, such as 1.5 and 2 mm, are far from this limit.
"""

OBLONG = 1.2
"""Minimum ratio of slice spacing to in-plane size; voxels of a smaller ratio have no slices."""

MIN_FIELD = (55.0, 45.0)
"""Minimum field of view of a T2w, left–right and back–front, mm.

The template's basal ganglia extend over 69 × 56 mm.
"""

_PLANES = ('sagittal', 'coronal')


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
    """Check that axial slices of a T2w can show the ePVS of the basal ganglia.

    Parameters
    ----------
    shape : tuple of 3 int
    affine : (4, 4) array
        Canonical grid of the T2w.

    Raises
    ------
    ImageError
        If in-plane voxels are larger than `MAX_IN_PLANE`, for example because the slices are
        coronal or sagittal; if the field of view is smaller than `MIN_FIELD`, or there are fewer
        than three slabs.

    """
    sizes = voxel_sizes(affine)
    thickest = int(np.argmax(sizes))
    if max(sizes[:2]) > MAX_IN_PLANE:
        if thickest < 2 and sizes[thickest] > OBLONG * sizes[2]:
            raise ImageError(
                f'its slices of {sizes[thickest]:.3g} mm are {_PLANES[thickest]}; give a T2w with '
                'axial slices, or a 3D one'
            )
        raise ImageError(
            f'its axial slices are too coarse ({sizes[0]:.2f} × {sizes[1]:.2f} mm); give voxels '
            f'of at most {MAX_IN_PLANE:g} mm in plane'
        )
    field = shape[:2] * sizes[:2]
    if np.any(field < MIN_FIELD):
        raise ImageError(
            f'its field of view is too small ({field[0]:.0f} × {field[1]:.0f} mm) for the basal '
            f'ganglia; give at least {MIN_FIELD[0]:g} × {MIN_FIELD[1]:g} mm in axial slices'
        )
    slabs = shape[2] // slices_per_slab(affine)
    if slabs < N_SLICES:
        raise ImageError(
            f'it has too few axial slices ({shape[2]} of {sizes[2]:.2f} mm); give at least '
            f'{N_SLICES} of about 5 mm'
        )
