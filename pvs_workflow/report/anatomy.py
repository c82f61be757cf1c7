"""Figure of the three slices with the region of interest."""

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
    figure_style,
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
_POSITIONS = ('lowest', 'middle', 'highest')


@figure_style()
def roi_figure(
    t2w: np.ndarray,
    affine: np.ndarray,
    roi: np.ndarray,
    views: Sequence[View],
    slices: Sequence[int],
    structures: np.ndarray,
) -> Figure:
    """Draw the three axial slices: whole, with the ROI, and enlarged, with the structures.

    Parameters
    ----------
    t2w : (x, y, z) array
        The T2w volume in canonical order; thin slices are averaged to slabs.
    affine : (4, 4) array
        Voxel-to-millimetre affine of the volume.
    roi : (x, y, z) array of int
        1 left, 2 right hemisphere.
    views : sequence of 6 View
        The six images, left then right; their fields of view are drawn as dotted frames.
    slices : sequence of 6 int
        Slice index of each image in the input file.
    structures : (x, y, z) array of int
        FreeSurfer's label numbers, including the capsule.

    """
    spacing = voxel_sizes(affine)
    box = head_box(t2w, roi)
    zoom = _zoom_box(views, spacing, t2w.shape)
    extents = [[side.stop - side.start for side in b[:2]] * spacing[:2] for b in (box, zoom)]
    height, zoom_height = (_WIDTH * extent[1] / extent[0] for extent in extents)
    total = _HEADROOM + height + _GAP + zoom_height + _FOOT
    figure = new_figure(3 * (_WIDTH + _GAP) + _GAP, total)
    window = grey_window(t2w, roi)
    stored = dict(zip([view.slice_index for view in views], slices, strict=True))
    for column, z in enumerate(stored):
        left = _GAP + column * (_WIDTH + _GAP)
        panel = (left, _HEADROOM, _WIDTH, height)
        (whole,) = draw_cuts(figure, panel, t2w[box], roi[box], spacing, 2, [z], window, 1.3, 10)
        for view in views:
            if view.slice_index == z:
                _frame(whole, view, box, spacing)
        title = f'Slice {stored[z]} · {column + 1} of 3, {_POSITIONS[column]}'
        whole.text(0, 1.015, title, transform=whole.transAxes, color=WHITE, va='bottom')
        enlarged = add_panel(figure, left, _HEADROOM + height + _GAP, _WIDTH, zoom_height)
        show_plane(enlarged, t2w[:, :, z][zoom], spacing[:2], window)
        for side, value in HEMISPHERES.items():
            region = roi[:, :, z][zoom] == value
            outline(enlarged, region, spacing[:2], SIDE_COLOURS[side], 0.9)
        for structure in STRUCTURES:
            if colour := NUCLEUS_COLOURS.get(structure.name):
                region = structures[:, :, z][zoom] == structure.index
                outline(enlarged, region, spacing[:2], colour, 0.7)
        mark_edges(enlarged, size=8)
    _legend(figure)
    return figure


def grey_window(t2w: np.ndarray, roi: np.ndarray) -> tuple[float, float]:
    """Return the window that shows the basal ganglia at 40 % grey, the cascade's default.

    Fluid is then white, and perivascular spaces contrast with the nuclei.
    """
    inside = t2w[roi > 0]
    median = float(np.median(inside)) if inside.size else 0.0
    return (0.0, 2.5 * median) if median > 0 else intensity_window(t2w)


def _zoom_box(views: Sequence[View], spacing: np.ndarray, shape: Sequence[int]) -> tuple:
    """Return the in-plane box around all fields of view."""
    half = np.array(FIELD_OF_VIEW) / 2 / spacing[:2]
    centres = np.array([view.centre for view in views])
    low = np.maximum(np.floor(centres.min(axis=0) - half), 0).astype(int)
    high = np.minimum(np.ceil(centres.max(axis=0) + half) + 1, shape[:2]).astype(int)
    return slice(low[0], high[0]), slice(low[1], high[1])


def _frame(axes: Axes, view: View, box: Sequence[slice], spacing: np.ndarray) -> None:
    """Draw the field of view of an image, in millimetres from the corner of the box."""
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
    write_note(figure, 'Dotted: fields of view of the six images.')
