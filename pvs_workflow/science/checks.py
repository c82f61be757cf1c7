"""Whether an image can be used at all."""

import numpy as np
from nibabel.affines import voxel_sizes

from pvs_workflow.errors import ImageError
from pvs_workflow.science.slabs import slices_per_slab
from pvs_workflow.science.slices import N_SLICES

MOST_VOXELS = 2**27
"""Largest image that is read, 512³: a head at 0.5 mm. With float64 on its way in it takes 2 GB."""

STRONGEST = 1e12
"""Largest voxel value. The squares of 512³ such still have a sum in single precision."""

FAINTEST = 1e-12
"""Smallest range of voxel values; products of much smaller ones vanish in single precision."""

COARSEST_IN_PLANE = 2.0
"""Widest axial voxel, in millimetres, in which ePVS of 3 mm could still be told apart."""


def check_shape(shape: tuple[int, ...]) -> tuple[int, int, int]:
    """Return the three dimensions of a stored image, or raise `ImageError`.

    Trailing dimensions of length 1 are dropped.

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
    """Raise `ImageError` for voxels that are not finite, all alike, or too large or small."""
    bad = data.size - int(np.count_nonzero(np.isfinite(data)))
    if bad:
        raise ImageError(
            f'it has voxels that are not numbers, expected finite values, received {bad} that '
            'are NaN or infinite'
        )
    low, high = float(data.min()), float(data.max())
    if low == high:
        raise ImageError(
            f'it is empty, expected a picture of a head, received the value {low:g} in every voxel'
        )
    if max(-low, high) > STRONGEST or high - low < FAINTEST:
        raise ImageError(
            'it has values that cannot be calculated with, expected magnitudes of at most '
            f'{STRONGEST:g} and a range of at least {FAINTEST:g}, received {low:g} to {high:g}'
        )


def check_t2w_grid(shape: tuple[int, int, int], affine: np.ndarray) -> None:
    """Raise `ImageError` for a canonical T2w whose axial slices are too few or too coarse."""
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
