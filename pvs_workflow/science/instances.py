"""ePVS instances of the six images, at most as many as were counted."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from pvs_workflow.science.components import drop_borders, keep_strongest, label_candidates
from pvs_workflow.science.grading import round_count


@dataclass(frozen=True)
class Instances:
    """ePVS instances of a set of images.

    Attributes
    ----------
    labels : (n, 80, 96) array of int32
        0 background; instances are numbered from 1 across images, strongest first in each.
    strengths : (m,) array of float
        Maximum of the smoothed evidence of instances 1 to m, in [0, 1].

    """

    labels: np.ndarray
    strengths: np.ndarray

    @property
    def numbers(self) -> list[int]:
        """Number of instances in each image."""
        return [np.unique(image[image > 0]).size for image in self.labels]

    def image_indices(self) -> np.ndarray:
        """Return the index of each instance's image, (m,) array of int."""
        out = np.full(self.strengths.size, -1)
        for index, image in enumerate(self.labels):
            out[np.unique(image[image > 0]) - 1] = index
        return out


def find_instances(
    images: np.ndarray, evidence: np.ndarray, rois: np.ndarray, counts: Sequence[float]
) -> Instances:
    """Find the individual ePVS behind the counts.

    Each image keeps its strongest candidates (:func:`label_candidates`, :func:`drop_borders`), at
    most as many as its rounded count.

    Parameters
    ----------
    images, evidence : (n, 80, 96) arrays, in [0, 1]
        Inputs of the cascade, and the evidence that its enhancer added.
    rois : (n, 80, 96) array of bool
    counts : sequence of n float, ≥ 0

    Returns
    -------
    Instances

    """
    labels, strengths = np.zeros(np.shape(images), np.int32), np.zeros(0)
    for index, (image, added, roi, count) in enumerate(
        zip(images, evidence, rois, counts, strict=True)
    ):
        candidates = drop_borders(*label_candidates(added, roi), image, roi)
        strongest, maxima = keep_strongest(*candidates, int(round_count(count)))
        labels[index] = np.where(strongest > 0, strongest + strengths.size, 0)
        strengths = np.concatenate([strengths, maxima])
    return Instances(labels, strengths)


def drop_unplaced(instances: Instances, volume: np.ndarray) -> tuple[Instances, np.ndarray]:
    """Drop instances without a voxel in the label volume, and renumber the others.

    An instance can be smaller than the T2w's voxels.

    Parameters
    ----------
    instances : Instances
    volume : (x, y, z) array of int
        The same labels on the T2w's grid.

    Returns
    -------
    instances : Instances
    volume : (x, y, z) array of int32
        With the new labels.

    """
    placed = np.unique(volume[volume > 0])
    numbers = np.zeros(instances.strengths.size + 1, np.int32)
    numbers[placed] = np.arange(1, placed.size + 1)
    renumbered = Instances(numbers[instances.labels], instances.strengths[placed - 1])
    return renumbered, numbers[volume]
