"""Step 5: cut the six input images of the cascade."""

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
        Input of the cascade.
    rois : (6, 80, 96) array of bool
        Region of interest on each image.
    shown : (6, 80, 96) array of float32, in [0, 1]
        The images including the surroundings of the ROI, for figures.
    views : tuple of 6 View
        Positions of the images.
    slices : tuple of 6 int
        Slice index of each image in the T2w file, from 0; the central slice of a slab.

    """

    images: np.ndarray
    rois: np.ndarray
    shown: np.ndarray
    views: tuple[View, ...]
    slices: tuple[int, ...]


def cut(t2w: Conformed, located: BasalGanglia, model: Path) -> SixImages:
    """Choose the three slices with the largest ROI, and cut the images of both hemispheres.

    Parameters
    ----------
    t2w : Conformed
        The bias-corrected T2w.
    located : BasalGanglia
    model : Path
        Cascade bundle, whose card defines the preprocessing.

    Returns
    -------
    SixImages

    Raises
    ------
    ImageError
        If the basal ganglia are outside the field of view or have no signal.
    BundleError
        If the model cannot be used.

    """
    volume, affine = np.asarray(t2w.image.dataobj), t2w.image.affine
    roi = np.asarray(located.roi.dataobj)
    preprocessing = verify_bundle(model).preprocessing
    with prefix_errors(t2w.name):
        views, images, rois = cut_six(volume, roi, affine, preprocessing)
        _, unmasked, _ = cut_six(volume, roi, affine, replace(preprocessing, outside='keep'))
    n = slices_per_slab(affine)
    slices = [t2w.storage.slice_index(central_slice(view.slice_index, n)) for view in views]
    return SixImages(images, rois, unmasked, tuple(views), tuple(slices))
