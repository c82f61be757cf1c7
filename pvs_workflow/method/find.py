"""Step 7: find the individual ePVS behind the counts."""

from dataclasses import dataclass

import nibabel as nb
import numpy as np

from pvs_workflow.method.conform import Conformed
from pvs_workflow.method.count import ImageCounts
from pvs_workflow.method.cut import SixImages
from pvs_workflow.method.saved import Saved
from pvs_workflow.science.instances import Instances, drop_unplaced, find_instances
from pvs_workflow.science.sampling import place_back


@dataclass(frozen=True)
class FoundEPVS(Saved):
    """Detected ePVS on the six images and on the T2w's grid.

    Attributes
    ----------
    labels : (6, 80, 96) array of int32
        A number for each ePVS, from 1.
    strengths : (n,) array of float, in [0, 1]
        Strengths of ePVS 1 to n.
    instances : nibabel image of int32
        The same numbers on the T2w's grid.
    enhanced : nibabel image of float32
        The enhanced images on the T2w's grid.

    """

    labels: np.ndarray
    strengths: np.ndarray
    instances: nb.Nifti1Image
    enhanced: nb.Nifti1Image

    @property
    def on_images(self) -> Instances:
        """The ePVS on the six images."""
        return Instances(self.labels, self.strengths)


def find(t2w: Conformed, six: SixImages, counted: ImageCounts) -> FoundEPVS:
    """Label the ePVS on the enhanced images, at most the rounded count of each image.

    Parameters
    ----------
    t2w : Conformed
        The T2w that the images were cut from.
    six : SixImages
    counted : ImageCounts
        Predictions for the six images.

    Returns
    -------
    FoundEPVS

    """
    affine = t2w.image.affine
    instances = find_instances(six.images, counted.evidence, six.rois, counted.counts)
    enhanced, volume = place_back(
        counted.enhanced, instances.labels, six.views, t2w.image.shape, affine
    )
    instances, volume = drop_unplaced(instances, volume)
    images = (nb.Nifti1Image(array, affine) for array in (volume, enhanced))
    return FoundEPVS(instances.labels, instances.strengths, *images)
