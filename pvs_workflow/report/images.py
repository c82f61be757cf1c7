"""Figures of the six hemisphere images: raw, enhanced, and with the evidence.

The rows of a sheet are hemispheres, the columns are the three slices from the bottom up. All
sheets have the same layout, so that a page can swap them in place.
"""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import PathPatch
from matplotlib.path import Path as Line

from pvs_workflow.report.canvas import (
    CONVENTION,
    EVIDENCE_COLOUR,
    SIDE_COLOURS,
    add_panel,
    figure_style,
    mark_edges,
    new_figure,
    outline,
    show_plane,
    write,
)
from pvs_workflow.report.rendering import SIDE_WORDS
from pvs_workflow.report.saving import Sheet, Tile
from pvs_workflow.science.slices import FIELD_OF_VIEW, IMAGE_SHAPE, N_SLICES, View

PIXEL = np.array(FIELD_OF_VIEW) / IMAGE_SHAPE
"""Pixel size, mm: left–right and back–front."""
RAW_WINDOW = (0.0, 1.0)
ENHANCED_WINDOW = (0.0, 0.7)
"""Grey window: enhanced tissue has at most half its raw intensity, detected ePVS exceed 0.6."""

_WIDTH = 3.2  # inches
_NUMBER_OFFSET = 0.2  # millimetres, so that a number does not cover its ePVS
_NOTE = f'{CONVENTION} Each image is {FIELD_OF_VIEW[0]} × {FIELD_OF_VIEW[1]} mm.'


@figure_style()
def images_figure(
    images: np.ndarray,
    views: Sequence[View],
    slices: Sequence[int],
    window: tuple[float, float] = RAW_WINDOW,
    suffixes: Sequence[str] = ('',) * 6,
) -> Sheet:
    """Draw the six input images of the cascade, or the enhanced images.

    Parameters
    ----------
    images : (6, 80, 96) array, in [0, 1]
        Left then right hemisphere, each from the bottom up, in the order of :func:`find_views`.
    views : sequence of 6 View
        Position of each image.
    slices : sequence of 6 int
        Slice index of each image in the input file.
    window : (float, float)
        Intensities shown black and white; :data:`ENHANCED_WINDOW` for enhanced images.
    suffixes : sequence of 6 str
        Text appended to each title.

    Returns
    -------
    Sheet
        Tiles are named by hemisphere and rank, such as ``L1``.

    """
    tiles = []
    height = _WIDTH * FIELD_OF_VIEW[1] / FIELD_OF_VIEW[0]
    for image, view, stored, suffix in zip(images, views, slices, suffixes, strict=True):
        figure = new_figure(_WIDTH, height)
        axes = add_panel(figure, 0, 0, _WIDTH, height)
        show_plane(axes, image, PIXEL, window)
        mark_edges(axes)
        title = image_title(view, stored) + suffix
        tiles.append(Tile(f'{view.hemisphere}{view.rank}', figure, title))
    return Sheet(tuple(tiles), columns=N_SLICES, note=_NOTE)


@figure_style()
def evidence_figure(
    images: np.ndarray,
    instances: np.ndarray,
    views: Sequence[View],
    slices: Sequence[int],
    counts: Sequence[float],
    lows: Sequence[float],
    highs: Sequence[float],
    rois: np.ndarray,
) -> Sheet:
    """Draw the six images with every detected ePVS outlined and numbered.

    Parameters
    ----------
    images, views, slices
        As in :func:`images_figure`.
    instances : (6, 80, 96) array of int
        0 background; a number for each detected ePVS.
    counts, lows, highs : sequences of 6 float
        The predicted counts and their 90 % intervals, shown in the titles.
    rois : (6, 80, 96) array of bool
        ROI of each image, outlined in the colour of its hemisphere.

    """
    suffixes = [f' · count {span(*numbers)}' for numbers in zip(counts, lows, highs, strict=True)]
    sheet = images_figure(images, views, slices, suffixes=suffixes)
    for tile, view, roi, labels in zip(sheet.tiles, views, rois, instances, strict=True):
        (axes,) = tile.figure.axes
        outline(axes, roi, PIXEL, SIDE_COLOURS[view.hemisphere], 0.6)
        draw_instances(axes, labels)
    return sheet


def image_title(view: View, stored: int) -> str:
    """Return the title of an image: its side, its slice in the input file, and its rank."""
    return (
        f'{SIDE_WORDS[view.hemisphere].capitalize()} · slice {stored} · {view.rank} of {N_SLICES}'
    )


def span(count: float, low: float, high: float) -> str:
    """Format a count with its interval.

    Examples
    --------
    >>> span(12.34, 9, 15.06)
    '12.3 [9.0–15.1]'

    """
    return f'{count:.1f} [{low:.1f}–{high:.1f}]'


def draw_instances(axes: Axes, labels: np.ndarray, size: float = 6.5) -> None:
    """Outline the pixels of every instance and write its number next to it."""
    if not labels.any():
        return
    axes.add_patch(
        PathPatch(pixel_edges(labels, PIXEL), fill=False, edgecolor=EVIDENCE_COLOUR, linewidth=0.9)
    )
    for value in np.unique(labels[labels > 0]):
        pixels = np.argwhere(labels == value)
        u, v = (pixels[pixels.sum(axis=1).argmax()] + 1) * PIXEL  # its upper right corner
        x, y = (u + _NUMBER_OFFSET) / FIELD_OF_VIEW[0], v / FIELD_OF_VIEW[1]
        write(axes, x, y, str(int(value)), size, va='bottom', ha='left')


def pixel_edges(labels: np.ndarray, spacing: Sequence[float]) -> Line:
    """Return the borders between pixels of different labels, along pixel edges.

    They are separate line segments, in millimetres from the corner of pixel (0, 0).
    """
    padded = np.pad(labels, 1)
    vertical = np.argwhere(padded[1:, 1:-1] != padded[:-1, 1:-1])
    horizontal = np.argwhere(padded[1:-1, 1:] != padded[1:-1, :-1])
    starts = np.concatenate([vertical, horizontal])
    ends = np.concatenate([np.add(vertical, (0, 1)), np.add(horizontal, (1, 0))])
    segments = np.stack([starts, ends], axis=1).reshape(-1, 2)
    codes = np.tile([Line.MOVETO, Line.LINETO], len(segments) // 2)
    return Line(segments * spacing, codes)
