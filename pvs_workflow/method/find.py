"""Step 7: find the single ePVS that the counts rest on."""

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
    """The ePVS that were found, on the six images and on the T2w's grid.

    Attributes
    ----------
    labels : (6, 80, 96) array of int32
        Each ePVS its own number, from 1.
    strengths : (n,) array of float, in [0, 1]
        Of ePVS 1 to n.
    instances : nibabel image of int32
        The same numbers in the volume.
    enhanced : nibabel image of float32
        The enhanced images in the volume.

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
    """Find the ePVS that the enhancement shows, as many as were counted or fewer."""
    affine = t2w.image.affine
    found = find_instances(six.images, counted.evidence, six.rois, counted.counts)
    enhanced, volume = place_back(
        counted.enhanced, found.labels, six.views, t2w.image.shape, affine
    )
    found, volume = drop_unplaced(found, volume)
    images = (nb.Nifti1Image(array, affine) for array in (volume, enhanced))
    return FoundEPVS(found.labels, found.strengths, *images)
