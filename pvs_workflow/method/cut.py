"""Step 5: cut the six images that the cascade gets."""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from pvs_workflow.method.conform import Conformed, prefix_errors
from pvs_workflow.method.locate import BasalGanglia
from pvs_workflow.method.saved import Saved
from pvs_workflow.networks.bundle import verify_bundle
from pvs_workflow.science.sampling import cut_six
from pvs_workflow.science.slabs import central_slice, slices_per_slab
from pvs_workflow.science.slices import View


@dataclass(frozen=True)
class SixImages(Saved):
    """Three slices of each hemisphere, left then right, from the bottom up.

    Attributes
    ----------
    images : (6, 80, 96) array of float32, in [0, 1]
        As the cascade gets them.
    rois : (6, 80, 96) array of bool
    shown : (6, 80, 96) array of float32, in [0, 1]
        The images with what lies outside the ROI, for figures.
    views : tuple of 6 View
        Where they lie.
    slices : tuple of 6 int
        Their slices in the T2w as stored, from 0; of a slab, the central one.

    """

    images: np.ndarray
    rois: np.ndarray
    shown: np.ndarray
    views: tuple[View, ...]
    slices: tuple[int, ...]


def cut(t2w: Conformed, located: BasalGanglia, model: Path) -> SixImages:
    """Choose the three slices with most ROI, and cut both hemispheres' images from them.

    ``t2w`` is without shading; the card of ``model``, the cascade bundle, says how the images are
    prepared.

    Raises
    ------
    ImageError
        If the basal ganglia are not in the field of view, or hold no signal.
    BundleError
        If the model cannot be used.

    """
    volume, affine = np.asarray(t2w.image.dataobj), t2w.image.affine
    roi = np.asarray(located.roi.dataobj)
    how = verify_bundle(model).preprocessing
    with prefix_errors(t2w.name):
        views, images, rois = cut_six(volume, roi, affine, how)
        _, shown, _ = cut_six(volume, roi, affine, replace(how, outside='keep'))
    n = slices_per_slab(affine)
    slices = [t2w.storage.slice_index(central_slice(view.slice_index, n)) for view in views]
    return SixImages(images, rois, shown, tuple(views), tuple(slices))
