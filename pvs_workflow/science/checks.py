"""Whether an image can be used at all."""

import numpy as np
from nibabel.affines import voxel_sizes

from pvs_workflow.errors import ImageError
from pvs_workflow.science.slabs import slices_per_slab
from pvs_workflow.science.slices import N_SLICES

MOST_VOXELS = 2**29
"""Largest image that is read: 2 GiB as float32; a 512³ head has a quarter of it."""

COARSEST_IN_PLANE = 2.0
"""Widest axial voxel, in millimetres, in which ePVS of 3 mm could still be told apart."""


def check_shape(shape: tuple[int, ...]) -> tuple[int, int, int]:
    """Return the three dimensions of an image, or refuse it.

    Parameters
    ----------
    shape : tuple of int
        As stored; trailing dimensions of length 1 are dropped.

    Raises
    ------
    ImageError

    Examples
    --------
    >>> check_shape((4, 5, 6, 1))
    (4, 5, 6)

    """
    received = ' × '.join(str(n) for n in shape)
    kept = tuple(int(n) for n in shape)
    while len(kept) > 3 and kept[-1] == 1:
        kept = kept[:-1]
    if len(kept) != 3:
        raise ImageError(f'it is {len(kept)}D, expected a 3D volume, received {received} voxels')
    if min(kept) < 2 or np.prod(kept, dtype=float) > MOST_VOXELS:
        raise ImageError(
            f'it has an unusable shape, expected 2 voxels or more along each axis and at most '
            f'{MOST_VOXELS} in all, received {received}'
        )
    return kept


def check_voxels(data: np.ndarray) -> None:
    """Refuse voxels that are not finite, or all alike.

    Parameters
    ----------
    data : (x, y, z) array of float

    Raises
    ------
    ImageError

    """
    bad = data.size - int(np.count_nonzero(np.isfinite(data)))
    if bad:
        raise ImageError(
            f'it has voxels that are not numbers, expected finite values, received {bad} that '
            'are NaN or infinite'
        )
    if data.min() == data.max():
        raise ImageError(
            'it is empty, expected a picture of a head, received the value '
            f'{float(data.min()):g} in every voxel'
        )


def check_t2w_grid(shape: tuple[int, int, int], affine: np.ndarray) -> None:
    """Refuse a T2w whose axial slices are too few or too coarse.

    Parameters
    ----------
    shape : (x, y, z)
        Canonical.
    affine : (4, 4) array
        Canonical.

    Raises
    ------
    ImageError

    """
    sizes = voxel_sizes(affine)
    if max(sizes[:2]) > COARSEST_IN_PLANE:
        raise ImageError(
            'its axial slices are too coarse, expected voxels of at most '
            f'{COARSEST_IN_PLANE:g} mm in the axial plane, received '
            f'{sizes[0]:.2f} × {sizes[1]:.2f} mm'
        )
    slabs = shape[2] // slices_per_slab(affine)
    if slabs < N_SLICES:
        raise ImageError(
            f'it has too few axial slices, expected at least {N_SLICES} of about 5 mm, received '
            f'{shape[2]} of {sizes[2]:.2f} mm'
        )
