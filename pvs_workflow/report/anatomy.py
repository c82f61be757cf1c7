"""The three slices with the region of interest on them."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from nibabel.affines import voxel_sizes

from pvs_workflow.report.canvas import (
    CONVENTION,
    SIDE_COLOURS,
    WHITE,
    add_panel,
    head,
    house_style,
    intensity_window,
    mark_edges,
    new_figure,
    outline,
    show_plane,
)
from pvs_workflow.science.roi import STRUCTURES
from pvs_workflow.science.slices import FIELD_OF_VIEW, HEMISPHERES, View

NUCLEUS_COLOURS = {
    'caudate': '#009E73',
    'putamen': '#CC79A7',
    'pallidum': '#F0E442',
    'accumbens': '#D55E00',
}
_WIDTH = 3.6
_GAP, _HEADROOM, _FOOT = 0.1, 0.3, 0.5
_HEAD_LEVEL = 0.12
"""Part of the window's upper end above which a voxel counts as head, when a picture is cropped."""


@house_style()
def roi_figure(
    t2w: np.ndarray,
    affine: np.ndarray,
    roi: np.ndarray,
    views: Sequence[View],
    slices: Sequence[int],
    structures: np.ndarray | None = None,
) -> Figure:
    """Show the three axial slices: whole, with the ROI; and close, with the structures.

    Parameters
    ----------
    t2w : (x, y, z) array
        The T2w volume (slabs, where thin slices were averaged), canonical order.
    affine : (4, 4) array
        Its voxel-to-millimetre affine.
    roi : (x, y, z) array of int
        1 left, 2 right hemisphere.
    views : sequence of 6 View
        The six images, left then right; their fields of view are drawn as dotted frames.
    slices : sequence of 6 int
        Each image's slice index in the input file as stored.
    structures : (x, y, z) array of int, optional
        FreeSurfer numbers, with the capsule.

    """
    spacing = voxel_sizes(affine)[:2]
    planes = dict(zip([view.slice_index for view in views], slices, strict=True))
    box = head_box(t2w, roi)
    close = _close_box(views, spacing, t2w.shape)
    height = _WIDTH * _extent(box, spacing)
    close_height = _WIDTH * _extent(close, spacing)
    figure = new_figure(
        3 * (_WIDTH + _GAP) + _GAP,
        _HEADROOM + height + _GAP + close_height + _FOOT,
    )
    window = grey_window(t2w, roi)
    for column, (z, stored) in enumerate(planes.items()):
        left = _GAP + column * (_WIDTH + _GAP)
        whole = add_panel(figure, left, _HEADROOM, _WIDTH, height)
        show_plane(whole, t2w[:, :, z][box], spacing, window)
        for side, value in HEMISPHERES.items():
            outline(whole, roi[:, :, z][box] == value, spacing, SIDE_COLOURS[side], 1.3)
        for view in views:
            if view.slice_index == z:
                _frame(whole, view, box, spacing)
        mark_edges(whole)
        place = ('lowest', 'middle', 'highest')[column]
        head(whole, f'Slice {stored} · {column + 1} of 3, {place}')
        near = add_panel(figure, left, _HEADROOM + height + _GAP, _WIDTH, close_height)
        show_plane(near, t2w[:, :, z][close], spacing, window)
        for side, value in HEMISPHERES.items():
            outline(near, roi[:, :, z][close] == value, spacing, SIDE_COLOURS[side], 0.9)
        if structures is not None:
            _outline_nuclei(near, structures[:, :, z][close], spacing)
        mark_edges(near, size=8)
    _legend(figure, structures is not None)
    return figure


def grey_window(t2w: np.ndarray, roi: np.ndarray) -> tuple[float, float]:
    """Return the window that puts the basal ganglia at 40 % grey, as the cascade's default does.

    Fluid is then white, and a perivascular space stands out from the nuclei.
    """
    inside = t2w[roi > 0]
    median = float(np.median(inside)) if inside.size else 0.0
    return (0.0, 2.5 * median) if median > 0 else intensity_window(t2w)


def head_box(volume: np.ndarray, roi: np.ndarray) -> tuple[slice, slice]:
    """Return the in-plane box that holds the head, or at least the ROI, with a small margin."""
    level = _HEAD_LEVEL * intensity_window(volume)[1]
    some = (volume > level).mean(axis=2) > 0.1
    some |= (roi > 0).any(axis=2)
    return tuple(_bounds(some.any(axis=axis), 3) for axis in (1, 0))


def _bounds(line: np.ndarray, margin: int) -> slice:
    found = np.flatnonzero(line)
    if found.size == 0:
        return slice(0, line.size)
    return slice(max(int(found[0]) - margin, 0), min(int(found[-1]) + margin + 1, line.size))


def _close_box(
    views: Sequence[View], spacing: np.ndarray, shape: tuple[int, ...]
) -> tuple[slice, slice]:
    """Return the in-plane box around all fields of view."""
    sides = []
    for axis in range(2):
        half = FIELD_OF_VIEW[axis] / 2 / spacing[axis]
        centres = [view.centre[axis] for view in views]
        low = max(int(np.floor(min(centres) - half)), 0)
        high = min(int(np.ceil(max(centres) + half)) + 1, shape[axis])
        sides.append(slice(low, high))
    return tuple(sides)


def _extent(box: tuple[slice, slice], spacing: np.ndarray) -> float:
    """Return a box's height over its width, both in millimetres."""
    width, height = (
        (side.stop - side.start) * step for side, step in zip(box, spacing, strict=True)
    )
    return height / width


def _frame(axes: Axes, view: View, box: tuple[slice, slice], spacing: np.ndarray) -> None:
    corner = [
        (centre + 0.5 - side.start) * step - extent / 2
        for centre, side, step, extent in zip(
            view.centre, box, spacing, FIELD_OF_VIEW, strict=True
        )
    ]
    axes.add_patch(
        Rectangle(
            corner,
            *FIELD_OF_VIEW,
            fill=False,
            edgecolor=SIDE_COLOURS[view.hemisphere],
            linewidth=0.7,
            linestyle=':',
        )
    )


def _outline_nuclei(axes: Axes, plane: np.ndarray, spacing: np.ndarray) -> None:
    for structure in STRUCTURES:
        if structure.name in NUCLEUS_COLOURS:
            colour = NUCLEUS_COLOURS[structure.name]
            outline(axes, plane == structure.index, spacing, colour, 0.7)


def _legend(figure: Figure, named: bool) -> None:
    height = figure.get_size_inches()[1]
    entries = {'ROI, left': SIDE_COLOURS['L'], 'ROI, right': SIDE_COLOURS['R']}
    if named:
        entries |= NUCLEUS_COLOURS
    for index, (name, colour) in enumerate(entries.items()):
        x = 0.01 + index * 0.125
        figure.text(x, 0.3 / height, f'— {name}', color=colour, fontsize=9, va='bottom')
    note = f'{CONVENTION} Dotted: the fields of view of the six images.'
    figure.text(0.01, 0.08 / height, note, color=WHITE, fontsize=8, va='bottom')
