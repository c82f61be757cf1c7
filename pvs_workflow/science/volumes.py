"""The six images, put back in their place in the T2w volume."""

from collections.abc import Sequence

import numpy as np

from pvs_workflow.science.slabs import slab_slices
from pvs_workflow.science.slices import View, paste_image


def assemble(
    images: Sequence[np.ndarray],
    views: Sequence[View],
    shape: tuple[int, int, int],
    affine: np.ndarray,
    n: int = 1,
    order: int = 1,
) -> np.ndarray:
    """Lay images back into a volume of the T2w's grid; 0 where there is none.

    Where the fields of view of both hemispheres overlap, near the midline, a voxel belongs to
    the hemisphere whose centre is nearer.

    Parameters
    ----------
    images : sequence of (80, 96) array
    views : sequence of View
    shape : (x, y, z)
        Of the canonical T2w.
    affine : (4, 4) array
        Of the canonical T2w.
    n : int
        Slices per slab; every slice of a slab gets the slab's image.
    order : {0, 1}
        1 bilinear; 0 nearest neighbour, for labels.

    Returns
    -------
    ``shape`` array of float32

    """
    volume = np.zeros(shape, np.float32)
    middle = np.mean([view.centre[0] for view in views])
    columns = np.arange(shape[0])[:, np.newaxis]
    for image, view in zip(images, views, strict=True):
        values, inside = paste_image(image, shape[:2], affine, view, order)
        own = columns < middle if view.centre[0] < middle else columns >= middle
        for z in slab_slices(view.slice_index, n):
            volume[:, :, z] = np.where(inside & own, values, volume[:, :, z])
    return volume
