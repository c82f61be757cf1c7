"""Cuts through a head with outlines, drawn by nilearn."""

import warnings
from collections.abc import Sequence

import nibabel as nb
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from scipy.ndimage import find_objects

from pvs_workflow.report.canvas import SIDE_COLOURS, intensity_window, mark_edges, panel_box
from pvs_workflow.science.slices import HEMISPHERES

_DIRECTIONS = 'xyz'
_EDGES = ('PAIS', 'LRIS', 'LRPA')
"""Letters at the left, right, lower and upper edge of a cut across x, y and z."""

_HEAD_LEVEL = 0.12
"""Part of the window's upper end above which a voxel counts as head, when a picture is cropped."""
_MARGIN = 3  # voxels around the head


def draw_cuts(
    figure: Figure,
    place: tuple[float, float, float, float],
    volume: np.ndarray,
    roi: np.ndarray,
    spacing: Sequence[float],
    axis: int,
    indices: Sequence[int],
    window: tuple[float, float],
    line: float = 0.9,
    letters: float = 8,
) -> list[Axes]:
    """Draw cuts across one axis side by side, with the outline of the ROI.

    nilearn draws in the grid of the volume: it is given voxel sizes without the rotation to the
    scanner, so that a cut is a slice as acquired and nothing is resampled. It reads a whole volume
    for each outline, and is therefore given only the cuts.

    Parameters
    ----------
    figure : Figure
    place : (left, top, width, height)
        Inches from the figure's top left corner.
    volume, roi : (x, y, z) arrays, canonical order
        Grey values, and labels (1 left, 2 right hemisphere).
    spacing : (float, float, float)
        Voxel sizes, mm.
    axis : {0, 1, 2}
        What the cuts are perpendicular to.
    indices : sequence of int
        The cuts along ``axis``, from left to right of the picture.
    window : (float, float)
        Intensities shown black and white.
    line, letters : float
        Width of the outline and size of the direction letters, in points.

    Returns
    -------
    list of Axes
        One for each cut, in millimetres from its lower left corner.

    """
    from nilearn.plotting import plot_anat

    # nilearn draws from the centre of the first voxel to that of the last, over which the whole
    # extent is stretched here. For it, the cuts are one millimetre apart, in the order shown.
    sizes = [step * n / max(n - 1, 1) for step, n in zip(spacing, volume.shape, strict=True)]
    sizes[axis] = 1.0
    affine = np.diag([*sizes, 1.0])
    display = plot_anat(
        nb.Nifti1Image(_take(volume, axis, indices).astype(np.float32), affine),
        display_mode=_DIRECTIONS[axis],
        cut_coords=list(range(len(indices))),
        figure=figure,
        axes=panel_box(figure, *place),
        interpolation='bilinear',
        vmin=window[0],
        vmax=window[1],
        dim=0,
        black_bg=False,
        colorbar=False,
        draw_cross=False,
        annotate=False,
    )
    labels = _take(roi, axis, indices)
    with warnings.catch_warnings():
        # Of cuts that do not meet the region.
        warnings.filterwarnings('ignore', 'No contour levels were found')
        for side, value in HEMISPHERES.items():
            region = (labels == value).astype(np.uint8)
            if region.any():
                style = {'colors': [SIDE_COLOURS[side]], 'linewidths': line}
                display.add_contours(nb.Nifti1Image(region, affine), levels=[0.5], **style)
    panels = [cut.ax for cut in display.axes.values()]
    for axes in panels:
        mark_edges(axes, _EDGES[axis], letters)
    return panels


def head_box(volume: np.ndarray, roi: np.ndarray) -> tuple[slice, slice, slice]:
    """Return the box that holds the head in plane, or at least the ROI, with a small margin."""
    level = _HEAD_LEVEL * intensity_window(volume)[1]
    inside = ((volume > level).mean(axis=2) > 0.1) | (roi > 0).any(axis=2)
    if not inside.any():
        return tuple(slice(0, n) for n in volume.shape)
    (box,) = find_objects(inside.astype(np.uint8))
    x, y = (slice(max(one.start - _MARGIN, 0), one.stop + _MARGIN) for one in box)
    return x, y, slice(0, volume.shape[2])


def _take(volume: np.ndarray, axis: int, indices: Sequence[int]) -> np.ndarray:
    """Return some cuts; numpy's ``take`` would first copy all of a volume that is a view."""
    return volume[(slice(None),) * axis + (list(indices),)]
