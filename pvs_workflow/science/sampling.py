"""The six images of a T2w, out of the volume and back into it."""

from collections.abc import Sequence

import numpy as np

from pvs_workflow.science.intensity import Preprocessing, prepare_image
from pvs_workflow.science.slabs import average_slabs, slab_affine, slab_labels, slices_per_slab
from pvs_workflow.science.slices import HEMISPHERES, View, cut_image, find_views
from pvs_workflow.science.volumes import assemble


def cut_six(
    t2w: np.ndarray, roi: np.ndarray, affine: np.ndarray, how: Preprocessing
) -> tuple[list[View], np.ndarray, np.ndarray]:
    """Cut and prepare the six images of a T2w.

    Parameters
    ----------
    t2w : (x, y, z) array
        Canonical; thin slices are averaged to slabs here.
    roi : (x, y, z) array of int
        1 left, 2 right.
    affine : (4, 4) array
    how : Preprocessing
        From the cascade's card.

    Returns
    -------
    views : list of 6 View
        Left then right, from the bottom up; slice indices are of slabs.
    images : (6, 80, 96) array of float32, in [0, 1]
    rois : (6, 80, 96) array of bool

    Raises
    ------
    ImageError
        If the basal ganglia are not in the field of view, or hold no signal.

    """
    n = slices_per_slab(affine)
    slabs, labels = average_slabs(t2w, n), slab_labels(roi, n)
    thick = slab_affine(affine, n)
    views = find_views(labels)
    rois = np.stack(
        [
            cut_image(labels == HEMISPHERES[view.hemisphere], thick, view, order=0) > 0
            for view in views
        ]
    )
    images = np.stack(
        [
            prepare_image(cut_image(slabs, thick, view), mask, how)
            for view, mask in zip(views, rois, strict=True)
        ]
    )
    return views, images, rois


def place_back(
    enhanced: np.ndarray,
    labels: np.ndarray,
    views: Sequence[View],
    shape: tuple[int, int, int],
    affine: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:
    """Put enhanced images and instance labels back into the T2w's grid.

    Parameters
    ----------
    enhanced : (6, 80, 96) array
    labels : (6, 80, 96) array of int
    views : sequence of 6 View
    shape, affine
        Of the canonical T2w.

    Returns
    -------
    enhanced : ``shape`` array of float32
    labels : ``shape`` array of int32

    """
    n = slices_per_slab(affine)
    volume = assemble(enhanced, views, shape, affine, n)
    instances = assemble(labels, views, shape, affine, n, order=0)
    return volume, np.round(instances).astype(np.int32)
