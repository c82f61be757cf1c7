"""Cuts through a head with outlines of the ROI, drawn by nilearn."""

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
"""Fraction of the window's upper end above which a voxel belongs to the head, for cropping."""
_MARGIN = 3  # voxels around the head


def draw_cuts(
    figure: Figure,
    box: tuple[float, float, float, float],
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

    nilearn receives the voxel sizes without the rotation to scanner space, so that a cut is a
    slice as acquired and is not resampled. It reads the whole volume for each outline, and
    therefore receives only the cuts.

    Parameters
    ----------
    figure : Figure
    box : (left, top, width, height)
        In inches from the figure's top left corner.
    volume, roi : (x, y, z) arrays, canonical order
        Grey values, and labels (1 left, 2 right hemisphere).
    spacing : (float, float, float)
        Voxel sizes, mm.
    axis : {0, 1, 2}
        Axis perpendicular to the cuts.
    indices : sequence of int
        Indices of the cuts along ``axis``, in the order of the picture from left to right.
    window : (float, float)
        Intensities shown black and white.
    line, letters : float
        Width of the outline and size of the direction letters, in points.

    Returns
    -------
    list of Axes
        Axes of each cut, in millimetres from its lower left corner.

    """
    from nilearn.plotting import plot_anat

    # nilearn's pictures extend from the centre of the first voxel to that of the last, so voxel
    # sizes are stretched to the full extent. The cuts are passed as slices 1 mm apart.
    sizes = [step * n / max(n - 1, 1) for step, n in zip(spacing, volume.shape, strict=True)]
    sizes[axis] = 1.0
    affine = np.diag([*sizes, 1.0])
    display = plot_anat(
        nb.Nifti1Image(_take(volume, axis, indices).astype(np.float32), affine),
        display_mode=_DIRECTIONS[axis],
        cut_coords=list(range(len(indices))),
        figure=figure,
        axes=panel_box(figure, *box),
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
        # Raised for cuts outside the region.
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
    """Return the in-plane bounding box of the head and the ROI, with a small margin."""
    level = _HEAD_LEVEL * intensity_window(volume)[1]
    inside = ((volume > level).mean(axis=2) > 0.1) | (roi > 0).any(axis=2)
    if not inside.any():
        return tuple(slice(0, n) for n in volume.shape)
    (box,) = find_objects(inside.astype(np.uint8))
    x, y = (slice(max(side.start - _MARGIN, 0), side.stop + _MARGIN) for side in box)
    return x, y, slice(0, volume.shape[2])


def _take(volume: np.ndarray, axis: int, indices: Sequence[int]) -> np.ndarray:
    """Return the given cuts; ``numpy.take`` would first copy the whole volume if it is a view."""
    return volume[(slice(None),) * axis + (list(indices),)]
