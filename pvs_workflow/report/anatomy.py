"""The three slices with the region of interest on them."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from nibabel.affines import voxel_sizes

from pvs_workflow.report.canvas import (
    SIDE_COLOURS,
    WHITE,
    add_panel,
    house_style,
    intensity_window,
    mark_edges,
    new_figure,
    outline,
    show_plane,
    write_note,
)
from pvs_workflow.report.cuts import draw_cuts, head_box
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
_PLACES = ('lowest', 'middle', 'highest')


@house_style()
def roi_figure(
    t2w: np.ndarray,
    affine: np.ndarray,
    roi: np.ndarray,
    views: Sequence[View],
    slices: Sequence[int],
    structures: np.ndarray,
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
    structures : (x, y, z) array of int
        FreeSurfer numbers, with the capsule.

    """
    spacing = voxel_sizes(affine)
    box = head_box(t2w, roi)
    close = _close_box(views, spacing, t2w.shape)
    extents = [[one.stop - one.start for one in part[:2]] * spacing[:2] for part in (box, close)]
    height, close_height = (_WIDTH * extent[1] / extent[0] for extent in extents)
    total = _HEADROOM + height + _GAP + close_height + _FOOT
    figure = new_figure(3 * (_WIDTH + _GAP) + _GAP, total)
    window = grey_window(t2w, roi)
    stored = dict(zip([view.slice_index for view in views], slices, strict=True))
    for column, z in enumerate(stored):
        left = _GAP + column * (_WIDTH + _GAP)
        place = (left, _HEADROOM, _WIDTH, height)
        (whole,) = draw_cuts(figure, place, t2w[box], roi[box], spacing, 2, [z], window, 1.3, 10)
        for view in views:
            if view.slice_index == z:
                _frame(whole, view, box, spacing)
        title = f'Slice {stored[z]} · {column + 1} of 3, {_PLACES[column]}'
        whole.text(0, 1.015, title, transform=whole.transAxes, color=WHITE, va='bottom')
        near = add_panel(figure, left, _HEADROOM + height + _GAP, _WIDTH, close_height)
        show_plane(near, t2w[:, :, z][close], spacing[:2], window)
        for side, value in HEMISPHERES.items():
            region = roi[:, :, z][close] == value
            outline(near, region, spacing[:2], SIDE_COLOURS[side], 0.9)
        for structure in STRUCTURES:
            if colour := NUCLEUS_COLOURS.get(structure.name):
                region = structures[:, :, z][close] == structure.index
                outline(near, region, spacing[:2], colour, 0.7)
        mark_edges(near, size=8)
    _legend(figure)
    return figure


def grey_window(t2w: np.ndarray, roi: np.ndarray) -> tuple[float, float]:
    """Return the window that puts the basal ganglia at 40 % grey, as the cascade's default does.

    Fluid is then white, and a perivascular space stands out from the nuclei.
    """
    inside = t2w[roi > 0]
    median = float(np.median(inside)) if inside.size else 0.0
    return (0.0, 2.5 * median) if median > 0 else intensity_window(t2w)


def _close_box(views: Sequence[View], spacing: np.ndarray, shape: Sequence[int]) -> tuple:
    """Return the slices in plane around all fields of view."""
    half = np.array(FIELD_OF_VIEW) / 2 / spacing[:2]
    centres = np.array([view.centre for view in views])
    low = np.maximum(np.floor(centres.min(axis=0) - half), 0).astype(int)
    high = np.minimum(np.ceil(centres.max(axis=0) + half) + 1, shape[:2]).astype(int)
    return slice(low[0], high[0]), slice(low[1], high[1])


def _frame(axes: Axes, view: View, box: Sequence[slice], spacing: np.ndarray) -> None:
    """Draw the field of view of an image, in millimetres from the box's corner."""
    start = np.array([box[0].start, box[1].start])
    corner = (np.add(view.centre, 0.5) - start) * spacing[:2] - np.divide(FIELD_OF_VIEW, 2)
    style = {'fill': False, 'linewidth': 0.7, 'linestyle': ':'}
    colour = SIDE_COLOURS[view.hemisphere]
    axes.add_patch(Rectangle(corner, *FIELD_OF_VIEW, edgecolor=colour, **style))


def _legend(figure: Figure) -> None:
    entries = {'ROI, left': SIDE_COLOURS['L'], 'ROI, right': SIDE_COLOURS['R'], **NUCLEUS_COLOURS}
    y = 0.3 / figure.get_size_inches()[1]
    for index, (name, colour) in enumerate(entries.items()):
        figure.text(0.01 + index * 0.125, y, f'— {name}', color=colour, fontsize=9, va='bottom')
    write_note(figure, 'Dotted: the fields of view of the six images.')
