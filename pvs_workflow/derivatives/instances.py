"""Measure the detected ePVS: position, area, volume, length and strength."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from nibabel.affines import apply_affine, voxel_sizes
from skimage.measure import regionprops

from pvs_workflow.derivatives.columns import column_names
from pvs_workflow.science.instances import Instances
from pvs_workflow.science.slabs import central_slice, slices_per_slab
from pvs_workflow.science.slices import View
from pvs_workflow.tsv import DECIMALS


def instance_table(
    instances: Instances,
    volume: np.ndarray,
    affine: np.ndarray,
    views: Sequence[View],
    slices: Sequence[int],
) -> pd.DataFrame:
    """Make the table of a T2w's detected ePVS, measured in its label image.

    The area is that of the voxels. The volume is the area times the thickness of the slice or
    slab. The length is the largest distance between two points of the outline in the image plane
    (maximum Feret diameter). The course of an ePVS through the slices is not seen, so the volume
    is an upper limit and the length a lower limit.

    Parameters
    ----------
    instances : Instances
        Instances that are all in ``volume``.
    volume : (x, y, z) array of int
        Canonical label image; all thin slices of a slab have the same labels.
    affine : (4, 4) array
        Affine with orthogonal columns.
    views : sequence of View
        The images of ``instances.labels``.
    slices : sequence of int
        Slice index of each image in the input file as stored, from 0.

    Returns
    -------
    DataFrame
        One row per instance, possibly none, sorted by hemisphere (left first), slice and label.

    """
    n = slices_per_slab(affine)
    *pixel, thickness = voxel_sizes(affine) * [1, 1, n]
    rows = []
    for label, index in enumerate(instances.image_indices(), start=1):
        view = views[index]
        plane = volume[:, :, central_slice(view.slice_index, n)]
        (region,) = regionprops((plane == label).astype(np.uint8), spacing=pixel)
        area, length = region.area, region.feret_diameter_max
        in_plane = np.divide(region.centroid, pixel)
        centre = apply_affine(affine, [*in_plane, view.slice_index * n + (n - 1) / 2])
        values = (*centre, area, area * thickness, length, instances.strengths[label - 1])
        numbers = (round(float(value), DECIMALS) for value in values)
        rows.append((view.hemisphere, int(slices[index]), view.rank, label, *numbers))
    frame = pd.DataFrame(rows, columns=column_names('epvs_instances'))
    return frame.sort_values(['hemisphere', 'slice', 'label'], ignore_index=True)
