"""Figure of two registered volumes in the same cuts, one over the other."""

import numpy as np
from matplotlib.figure import Figure
from nibabel.affines import voxel_sizes

from pvs_workflow.report.canvas import (
    figure_style,
    intensity_window,
    new_figure,
    write,
    write_note,
)
from pvs_workflow.report.cuts import draw_cuts, head_box
from pvs_workflow.report.saving import Sheet, Tile

_WIDTH, _FOOT = 12.0, 0.3  # inches
_AXIAL, _CORONAL = (5, 50, 95), (30, 70)  # percentiles of the ROI's voxels
_ABOVE = 25.0  # millimetres above the ROI, where ventricles and cortex show the alignment


@figure_style()
def registration_figure(
    fixed: np.ndarray,
    moving: np.ndarray,
    affine: np.ndarray,
    roi: np.ndarray,
    moving_name: str = 'T1w',
) -> Sheet:
    """Draw two volumes on one grid in the same axial, coronal and sagittal cuts.

    Both have the same outline of the ROI. The saved sheet alternates between them while the
    pointer hovers over it; the participant's page has a control instead.

    Parameters
    ----------
    fixed : (x, y, z) array
        The T2w, canonical order.
    moving : (x, y, z) array
        The registered volume on the same grid.
    affine : (4, 4) array
        Voxel-to-millimetre affine.
    roi : (x, y, z) array of int
        1 left, 2 right hemisphere; if it is empty, the cuts are spread over the head.
    moving_name : str
        Title of the moving volume; that of the fixed one is T2w.

    Raises
    ------
    ValueError
        If the arrays are not on one grid.

    """
    if not fixed.shape == moving.shape == roi.shape:
        raise ValueError(
            'volumes are not on one grid: their shapes are '
            f'{fixed.shape}, {moving.shape} and {roi.shape}'
        )
    box = head_box(fixed, roi)
    geometry = roi[box], voxel_sizes(affine)
    cuts = choose_cuts(*geometry)
    volumes = (('fixed', fixed, 'T2w'), ('moving', moving, moving_name))
    tiles = [Tile(name, _draw(data[box], *geometry, cuts, title)) for name, data, title in volumes]
    return Sheet(tuple(tiles))


def choose_cuts(roi: np.ndarray, spacing: np.ndarray) -> dict[int, list[int]]:
    """Choose four axial, two coronal and two sagittal cuts through the ROI.

    Without an ROI, they are spread over the volume. Returns the indices of the cuts by the axis
    that they are perpendicular to.
    """
    if not roi.any():
        halves = np.arange(roi.shape[0]) < roi.shape[0] / 2
        roi = np.broadcast_to(np.where(halves, 1, 2)[:, None, None], roi.shape)
    _, y, z = np.nonzero(roi)
    above = min(z.max() + round(_ABOVE / spacing[2]), roi.shape[2] - 1)
    middles = [np.median(np.nonzero(roi == side)[0]) for side in np.unique(roi[roi > 0])]
    return {
        2: [*np.percentile(z, _AXIAL, method='nearest'), above],
        1: list(np.percentile(y, _CORONAL, method='nearest')),
        0: [int(middle) for middle in middles],
    }


def _draw(
    volume: np.ndarray, roi: np.ndarray, spacing: np.ndarray, cuts: dict[int, list], title: str
) -> Figure:
    """Draw the axial cuts in one row and the others below, each row as wide as the figure."""
    # All cuts of a row have the same height, and therefore the same scale.
    extents = {axis: np.delete(volume.shape * spacing, axis) for axis in cuts}
    ratios = {axis: len(cuts[axis]) * extents[axis][0] / extents[axis][1] for axis in cuts}
    upper, lower = _WIDTH / ratios[2], _WIDTH / (ratios[1] + ratios[0])
    boxes = {
        2: (0, 0, _WIDTH, upper),
        1: (0, upper, lower * ratios[1], lower),
        0: (lower * ratios[1], upper, lower * ratios[0], lower),
    }
    figure = new_figure(_WIDTH, upper + lower + _FOOT)
    # The centre of the head, so that fat does not darken the brain.
    core = tuple(slice(n // 4, n - n // 4) for n in volume.shape[:2])
    window = intensity_window(volume[core], 99.7)
    panels = [
        draw_cuts(figure, boxes[axis], volume, roi, spacing, axis, cuts[axis], window)
        for axis in cuts
    ]
    write(panels[0][0], 0.02, 0.98, title, 12, va='top', fontweight='bold')
    write_note(figure, 'Outlines: the ROI in T2w space (left orange, right blue).')
    return figure
