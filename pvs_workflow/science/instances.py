"""The found ePVS of the six images: numbered, limited by the count, and measured."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from nibabel.affines import apply_affine, voxel_sizes
from skimage.measure import regionprops_table

from pvs_workflow.science.components import (
    drop_borders,
    keep_strongest,
    label_candidates,
)
from pvs_workflow.science.grading import round_count
from pvs_workflow.science.slabs import central_slice, slices_per_slab
from pvs_workflow.science.slices import View
from pvs_workflow.science.tsv import DECIMALS, describe_columns


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

    Returns
    -------
    Instances

    """
    labels, strengths = np.zeros(np.shape(images), np.int32), np.zeros(0)
    for index, (image, added, roi, count) in enumerate(
        zip(images, evidence, rois, counts, strict=True)
    ):
        candidates = label_candidates(added, roi)
        candidates = drop_borders(*candidates, image, roi)
        found, strong = keep_strongest(*candidates, int(round_count(count)))
        labels[index] = np.where(found > 0, found + strengths.size, 0)
        strengths = np.concatenate([strengths, strong])
    return Instances(labels, strengths)


def drop_unplaced(found: Instances, volume: np.ndarray) -> tuple[Instances, np.ndarray]:
    """Forget the instances that have no voxel in the volume, and close the gaps.

    A patch can be smaller than the T2w's voxels.

    Parameters
    ----------
    found : Instances
    volume : (x, y, z) array of int
        Their labels on the T2w's grid.

    Returns
    -------
    found : Instances
    volume : (x, y, z) array of int32

    """
    placed = np.unique(volume[volume > 0])
    numbers = np.zeros(found.strengths.size + 1, np.int32)
    numbers[placed] = np.arange(1, placed.size + 1)
    return Instances(numbers[found.labels], found.strengths[placed - 1]), numbers[volume]


def instance_table(
    found: Instances,
    volume: np.ndarray,
    affine: np.ndarray,
    views: Sequence[View],
    slices: Sequence[int],
) -> pd.DataFrame:
    """Make the table of one T2w's found ePVS, as they are in its label image.

    The area is that of the voxels; the volume is the area times the thickness of the slice or
    slab; the length is the largest distance of two points of the outline in the image plane
    (maximum Feret diameter). How an ePVS runs through the slices is not seen: it is at least as
    long as the length says, and may fill less than the whole thickness.

    Parameters
    ----------
    found : Instances
        All of them are in ``volume``.
    volume : (x, y, z) array of int
        Canonical; thin slices of a slab hold the same labels.
    affine : (4, 4) array
        Its columns are at right angles.
    views : sequence of View
        Of ``found.labels``.
    slices : sequence of int
        Each image's slice index in the input file as stored, from 0.

    Returns
    -------
    DataFrame
        One row per instance, sorted by hemisphere (left first), slice and label; without
        instances it has its columns only.

    """
    n = slices_per_slab(affine)
    *pixel, thickness = voxel_sizes(affine) * [1, 1, n]
    rows = []
    for index, label in zip(found.owners(), range(1, found.strengths.size + 1), strict=True):
        view = views[index]
        u, v, area, length = _measure(
            volume[:, :, central_slice(view.slice_index, n)], label, pixel
        )
        centre = apply_affine(affine, [u, v, view.slice_index * n + (n - 1) / 2])
        values = (*centre, area, area * thickness, length, found.strengths[label - 1])
        rows.append(
            (
                view.hemisphere,
                int(slices[index]),
                view.rank,
                label,
                *(round(float(value), DECIMALS) for value in values),
            )
        )
    frame = pd.DataFrame(rows, columns=list(describe_columns('epvs_instances')))
    return frame.sort_values(['hemisphere', 'slice', 'label'], ignore_index=True)


def _measure(plane: np.ndarray, label: int, pixel: Sequence[float]) -> tuple[float, ...]:
    """Return a label's centroid in voxels, area in mm² and length in mm."""
    names = ('centroid', 'area', 'feret_diameter_max')
    found = regionprops_table((plane == label).astype(np.uint8), spacing=pixel, properties=names)
    u, v, area, length = (float(values[0]) for values in found.values())
    return u / pixel[0], v / pixel[1], area, length
