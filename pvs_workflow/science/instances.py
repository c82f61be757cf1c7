"""The found ePVS of the six images: numbered, and limited by the count."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from pvs_workflow.science.components import drop_borders, keep_strongest, label_candidates
from pvs_workflow.science.grading import round_count


@dataclass(frozen=True)
class Instances:
    """The found ePVS of some images.

    Attributes
    ----------
    labels : (n, 80, 96) array of int32
        0 background; numbered from 1 through all images, on each by falling strength.
    strengths : (m,) array of float
        Of instance 1 to m: the maximum of its smoothed evidence, in [0, 1].

    """

    labels: np.ndarray
    strengths: np.ndarray

    @property
    def numbers(self) -> list[int]:
        """How many instances each image has."""
        return [np.unique(image[image > 0]).size for image in self.labels]

    def owners(self) -> np.ndarray:
        """Return the index of the image that each instance is on, as (m,) array of int."""
        out = np.full(self.strengths.size, -1)
        for index, image in enumerate(self.labels):
            out[np.unique(image[image > 0]) - 1] = index
        return out


def find_instances(
    images: np.ndarray, evidence: np.ndarray, rois: np.ndarray, counts: Sequence[float]
) -> Instances:
    """Find the ePVS on all images that the counts rest on.

    Of an image's candidates (:func:`label_candidates`, :func:`drop_borders`) the strongest are
    kept, as many as its rounded count. Where the evidence has fewer, there are fewer: nothing is
    added.

    Parameters
    ----------
    images, evidence : (n, 80, 96) arrays, in [0, 1]
        What the cascade got, and what its enhancer added.
    rois : (n, 80, 96) array of bool
    counts : sequence of n float, ≥ 0

    """
    labels, strengths = np.zeros(np.shape(images), np.int32), np.zeros(0)
    for index, (image, added, roi, count) in enumerate(
        zip(images, evidence, rois, counts, strict=True)
    ):
        candidates = drop_borders(*label_candidates(added, roi), image, roi)
        found, strong = keep_strongest(*candidates, int(round_count(count)))
        labels[index] = np.where(found > 0, found + strengths.size, 0)
        strengths = np.concatenate([strengths, strong])
    return Instances(labels, strengths)


def drop_unplaced(found: Instances, volume: np.ndarray) -> tuple[Instances, np.ndarray]:
    """Forget the instances without a voxel in the volume of the T2w's labels, and close the gaps.

    A patch can be smaller than the T2w's voxels.
    """
    placed = np.unique(volume[volume > 0])
    numbers = np.zeros(found.strengths.size + 1, np.int32)
    numbers[placed] = np.arange(1, placed.size + 1)
    return Instances(numbers[found.labels], found.strengths[placed - 1]), numbers[volume]
