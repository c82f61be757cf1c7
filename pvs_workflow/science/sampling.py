"""Cut the six images from a T2w, and paste images back into its volume."""

from collections.abc import Sequence

import numpy as np

from pvs_workflow.science.intensity import Preprocessing, prepare_image
from pvs_workflow.science.slabs import average_slabs, slab_affine, slab_labels, slices_per_slab
from pvs_workflow.science.slices import HEMISPHERES, View, cut_image, find_views, paste_image


def cut_six(
    t2w: np.ndarray, roi: np.ndarray, affine: np.ndarray, preprocessing: Preprocessing
) -> tuple[list[View], np.ndarray, np.ndarray]:
    """Cut and prepare the six images of a T2w.

    Parameters
    ----------
    t2w : (x, y, z) array
        Canonical T2w; thin slices are averaged to slabs here.
    roi : (x, y, z) array of int
        1 left, 2 right.
    affine : (4, 4) array
    preprocessing : Preprocessing
        From the cascade's card.

    Returns
    -------
    views : list of 6 View
        Left then right, from inferior to superior; slice indices count slabs.
    images : (6, 80, 96) array of float32, in [0, 1]
    rois : (6, 80, 96) array of bool

    Raises
    ------
    ImageError
        If the basal ganglia are outside the field of view or have no signal.

    """
    n = slices_per_slab(affine)
    slabs, labels = average_slabs(t2w, n), slab_labels(roi, n)
    thick = slab_affine(affine, n)
    views = find_views(labels)
    rois, images = [], []
    for view in views:
        mask = labels == HEMISPHERES[view.hemisphere]
        rois.append(cut_image(mask, thick, view, order=0) > 0)
        images.append(prepare_image(cut_image(slabs, thick, view), rois[-1], preprocessing))
    return views, np.stack(images), np.stack(rois)


def place_back(
    enhanced: np.ndarray,
    labels: np.ndarray,
    views: Sequence[View],
    shape: tuple[int, int, int],
    affine: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:
    """Paste enhanced images and instance labels into volumes on the canonical T2w's grid.

    Parameters
    ----------
    enhanced : (6, 80, 96) array, in [0, 1]
    labels : (6, 80, 96) array of int
    views : sequence of 6 View
    shape : tuple of 3 int
    affine : (4, 4) array
        Grid of the T2w.

    Returns
    -------
    enhanced : (x, y, z) array of float32
    instances : (x, y, z) array of int32

    """
    n = slices_per_slab(affine)
    volume = assemble(enhanced, views, shape, affine, n)
    instances = assemble(labels, views, shape, affine, n, order=0)
    return volume, np.round(instances).astype(np.int32)


def assemble(
    images: Sequence[np.ndarray],
    views: Sequence[View],
    shape: tuple[int, int, int],
    affine: np.ndarray,
    n: int = 1,
    order: int = 1,
) -> np.ndarray:
    """Paste images into a volume on the T2w's grid; 0 outside the images.

    Near the midline the fields of view of both hemispheres overlap; there a voxel belongs to the
    hemisphere with the nearer centre.

    Parameters
    ----------
    images : sequence of (80, 96) array
    views : sequence of View
    shape : tuple of 3 int
    affine : (4, 4) array
        Grid of the canonical T2w.
    n : int
        Slices per slab; the slab's image is pasted into each of them.
    order : {0, 1}
        1 bilinear; 0 nearest neighbour, for labels.

    Returns
    -------
    (x, y, z) array of float32

    """
    volume = np.zeros(shape, np.float32)
    middle = np.mean([view.centre[0] for view in views])
    columns = np.arange(shape[0])[:, np.newaxis]
    for image, view in zip(images, views, strict=True):
        values, inside = paste_image(image, shape[:2], affine, view, order)
        nearer = columns < middle if view.centre[0] < middle else columns >= middle
        for z in range(view.slice_index * n, (view.slice_index + 1) * n):
            volume[:, :, z] = np.where(inside & nearer, values, volume[:, :, z])
    return volume
