"""The table of found ePVS: place, area, volume, length and strength of each."""

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
    for label, index in enumerate(found.owners(), start=1):
        view = views[index]
        plane = volume[:, :, central_slice(view.slice_index, n)]
        (region,) = regionprops((plane == label).astype(np.uint8), spacing=pixel)
        area, length = region.area, region.feret_diameter_max
        in_plane = np.divide(region.centroid, pixel)
        centre = apply_affine(affine, [*in_plane, view.slice_index * n + (n - 1) / 2])
        values = (*centre, area, area * thickness, length, found.strengths[label - 1])
        numbers = (round(float(value), DECIMALS) for value in values)
        rows.append((view.hemisphere, int(slices[index]), view.rank, label, *numbers))
    frame = pd.DataFrame(rows, columns=column_names('epvs_instances'))
    return frame.sort_values(['hemisphere', 'slice', 'label'], ignore_index=True)
