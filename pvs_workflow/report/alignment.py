"""Two registered volumes, to be flicked between: what moved and what it was moved to."""

from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from nibabel.affines import voxel_sizes

from pvs_workflow.report.anatomy import head_box
from pvs_workflow.report.canvas import (
    CONVENTION,
    SIDE_COLOURS,
    WHITE,
    add_panel,
    house_style,
    intensity_window,
    mark_edges,
    new_figure,
    outline,
    show_plane,
    write,
)
from pvs_workflow.report.saving import FIXED, MOVING
from pvs_workflow.science.slices import HEMISPHERES

_EDGES = ('PAIS', 'LRIS', 'LRPA')
"""Letters at the left, right, lower and upper edge of a cut across x, y and z."""

_WIDTH = 12.0
_GAP, _FOOT = 0.06, 0.3
_AXIAL = (0.1, 0.5, 0.9)  # of the ROI's height: from the anterior commissure to the caudate body
_CORONAL = (0.3, 0.7)  # of the ROI's length
_ABOVE = 25.0  # millimetres over the ROI, where the ventricles and the cortex show the fit


@dataclass(frozen=True)
class Cut:
    """One plane of the picture: across ``axis`` at voxel ``index``."""

    axis: int
    index: int


@house_style()
def registration_figure(
    fixed: np.ndarray,
    moving: np.ndarray,
    affine: np.ndarray,
    roi: np.ndarray | None = None,
    fixed_name: str = 'T2w',
    moving_name: str = 'T1w',
) -> Figure:
    """Show two volumes on one grid as two layers, in axial, coronal and sagittal cuts.

    Both layers carry the same outline of the ROI. Saved as SVG, the picture flickers between
    them on hover; in the subject page a control does it; a PNG shows the moving layer.

    Parameters
    ----------
    fixed : (x, y, z) array
        The T2w, canonical order.
    moving : (x, y, z) array
        The registered volume on the same grid.
    affine : (4, 4) array
        Voxel-to-millimetre affine: gives the true aspect ratio of every cut.
    roi : (x, y, z) array of int, optional
        1 left, 2 right hemisphere; without it the cuts are placed by the head.
    fixed_name, moving_name : str
        Written on the layers.

    Raises
    ------
    ValueError
        If the arrays are not on one grid.

    """
    if fixed.shape != moving.shape or (roi is not None and roi.shape != fixed.shape):
        raise ValueError(
            'expected volumes on one grid, received shapes '
            f'{fixed.shape}, {moving.shape} and {None if roi is None else roi.shape}'
        )
    marks = np.zeros(fixed.shape, np.uint8) if roi is None else roi
    spacing = voxel_sizes(affine)
    box = (*head_box(fixed, marks), slice(0, fixed.shape[2]))
    extents = [(side.stop - side.start) * step for side, step in zip(box, spacing, strict=True)]
    places, height = _layout(choose_cuts(marks, box, spacing), extents)
    figure = new_figure(_WIDTH, height)
    layers = ((FIXED, fixed, fixed_name), (MOVING, moving, moving_name))
    for layer, volume, name in layers:
        window = _brain_window(volume[box])
        for number, (cut, place) in enumerate(places):
            axes = add_panel(figure, *place)
            axes.set_gid(f'{layer}-{number}')
            _draw(axes, volume[box], marks[box], cut, spacing, window)
            if number == 0:
                write(axes, 0.02, 0.98, name, 12, va='top', fontweight='bold')
    note = f'{CONVENTION} The outlines are the ROI in the T2w’s space (left orange, right blue).'
    figure.text(0.005, 0.08 / height, note, color=WHITE, fontsize=8, va='bottom')
    return figure


def choose_cuts(roi: np.ndarray, box: tuple[slice, ...], spacing: np.ndarray) -> list[Cut]:
    """Place four axial, two coronal and two sagittal cuts, by the ROI or else by the box.

    Returns
    -------
    list of Cut
        Indices count from the box's corner.

    """
    inner = roi[box]
    sizes = np.array(inner.shape)
    if inner.any():
        x, y, z = (np.flatnonzero(inner.any(axis=other)) for other in ((1, 2), (0, 2), (0, 1)))
        sides = [np.flatnonzero((inner == value).any(axis=(1, 2))) for value in (1, 2)]
        centres = [_part(side if side.size else x, 0.5) for side in sides]
    else:
        x, y, z = (np.arange(n // 3, n - n // 3) for n in sizes)
        centres = [_part(x, 0.2), _part(x, 0.8)]
    above = min(_part(z, 1.0) + round(_ABOVE / spacing[2]), sizes[2] - 1)
    axial = [Cut(2, _part(z, part)) for part in _AXIAL] + [Cut(2, int(above))]
    coronal = [Cut(1, _part(y, part)) for part in _CORONAL]
    return [*axial, *coronal, *(Cut(0, centre) for centre in centres)]


def _brain_window(head: np.ndarray) -> tuple[float, float]:
    """Return a grey window from the middle of the head, so that fat does not darken the brain."""
    core = tuple(slice(n // 4, n - n // 4) for n in head.shape[:2])
    return intensity_window(head[core], 99.7)


def _part(indices: np.ndarray, part: float) -> int:
    return int(np.round(indices[0] + part * (indices[-1] - indices[0])))


def _layout(
    cuts: list[Cut], extents: list[float]
) -> tuple[list[tuple[Cut, tuple[float, float, float, float]]], float]:
    """Place axial cuts in one row and the others in a second, each row as wide as the figure."""
    places, top = [], _GAP
    for row in ([c for c in cuts if c.axis == 2], [c for c in cuts if c.axis != 2]):
        sizes = [tuple(e for axis, e in enumerate(extents) if axis != cut.axis) for cut in row]
        # One height per row, so that all of its cuts have one scale.
        height = (_WIDTH - (len(row) + 1) * _GAP) / sum(width / tall for width, tall in sizes)
        left = _GAP
        for cut, (width, tall) in zip(row, sizes, strict=True):
            places.append((cut, (left, top, height * width / tall, height)))
            left += height * width / tall + _GAP
        top += height + _GAP
    return places, top + _FOOT


def _draw(
    axes: Axes,
    volume: np.ndarray,
    roi: np.ndarray,
    cut: Cut,
    spacing: np.ndarray,
    window: tuple[float, float],
) -> None:
    inside = np.delete(spacing, cut.axis)
    # Views: numpy's take would copy the whole volume, which is a part of a larger one.
    plane, labels = (np.moveaxis(array, cut.axis, 0)[cut.index] for array in (volume, roi))
    show_plane(axes, plane, inside, window, 'bilinear')
    for side, value in HEMISPHERES.items():
        outline(axes, labels == value, inside, SIDE_COLOURS[side], 0.9)
    mark_edges(axes, _EDGES[cut.axis], size=8)
