"""The table of found ePVS: place, area, volume, length and strength of each."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from nibabel.affines import apply_affine, voxel_sizes
from skimage.measure import regionprops_table

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
    frame = pd.DataFrame(rows, columns=column_names('epvs_instances'))
    return frame.sort_values(['hemisphere', 'slice', 'label'], ignore_index=True)


def _measure(plane: np.ndarray, label: int, pixel: Sequence[float]) -> tuple[float, ...]:
    """Return a label's centroid in voxels, area in mm² and length in mm."""
    names = ('centroid', 'area', 'feret_diameter_max')
    found = regionprops_table((plane == label).astype(np.uint8), spacing=pixel, properties=names)
    u, v, area, length = (float(values[0]) for values in found.values())
    return u / pixel[0], v / pixel[1], area, length
