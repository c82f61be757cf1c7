"""The six hemisphere images: raw, enhanced, and with the evidence.

Rows of a sheet are hemispheres, columns the three slices from the bottom up. All sheets have one
layout, so that a page can swap one for the other in place.
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
    house_style,
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
"""Millimetres, left–right and back–front."""
RAW_WINDOW = (0.0, 1.0)
ENHANCED_WINDOW = (0.0, 0.7)
"""Enhanced tissue has at most half of its raw grey; what was taken for an ePVS ends over 0.6."""

_WIDTH = 3.2  # inches
_NUMBER_OFFSET = 0.2  # millimetres, so that a number does not hide what it counts
_NOTE = f'{CONVENTION} Each image is {FIELD_OF_VIEW[0]} × {FIELD_OF_VIEW[1]} mm.'


@house_style()
def images_figure(
    images: np.ndarray,
    views: Sequence[View],
    slices: Sequence[int],
    window: tuple[float, float] = RAW_WINDOW,
    more: Sequence[str] = ('',) * 6,
) -> Sheet:
    """Show the six images as the cascade gets them, or as the enhancer returns them.

    Parameters
    ----------
    images : (6, 80, 96) array, in [0, 1]
        Left then right hemisphere, each from the bottom up, as :func:`find_views` gives them.
    views : sequence of 6 View
        Where each image comes from.
    slices : sequence of 6 int
        Each image's slice index in the input file as stored.
    window : (float, float)
        Intensities shown black and white; :data:`ENHANCED_WINDOW` for enhanced images.
    more : sequence of 6 str
        What follows each title.

    Returns
    -------
    Sheet
        Its tiles are named by hemisphere and rank, as ``L1``.

    """
    tiles = []
    height = _WIDTH * FIELD_OF_VIEW[1] / FIELD_OF_VIEW[0]
    for image, view, stored, words in zip(images, views, slices, more, strict=True):
        figure = new_figure(_WIDTH, height)
        axes = add_panel(figure, 0, 0, _WIDTH, height)
        show_plane(axes, image, PIXEL, window)
        mark_edges(axes)
        title = image_title(view, stored) + words
        tiles.append(Tile(f'{view.hemisphere}{view.rank}', figure, title))
    return Sheet(tuple(tiles), columns=N_SLICES, note=_NOTE)


@house_style()
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
    """Show the six images with every found ePVS outlined and numbered.

    Parameters
    ----------
    images, views, slices
        As in :func:`images_figure`.
    instances : (6, 80, 96) array of int
        0 background, each found ePVS its own number.
    counts, lows, highs : sequences of 6 float
        The predicted counts and their 90 % intervals; the titles show them.
    rois : (6, 80, 96) array of bool
        Each image's ROI, outlined in its hemisphere's colour.

    """
    more = [f' · count {span(*numbers)}' for numbers in zip(counts, lows, highs, strict=True)]
    sheet = images_figure(images, views, slices, more=more)
    for tile, view, roi, labels in zip(sheet.tiles, views, rois, instances, strict=True):
        (axes,) = tile.figure.axes
        outline(axes, roi, PIXEL, SIDE_COLOURS[view.hemisphere], 0.6)
        draw_instances(axes, labels)
    return sheet


def image_title(view: View, stored: int) -> str:
    """Name an image's side, its slice as stored, and its rank."""
    return (
        f'{SIDE_WORDS[view.hemisphere].capitalize()} · slice {stored} · {view.rank} of {N_SLICES}'
    )


def span(count: float, low: float, high: float) -> str:
    """Write a count with its interval.

    Examples
    --------
    >>> span(12.34, 9, 15.06)
    '12.3 [9.0–15.1]'

    """
    return f'{count:.1f} [{low:.1f}–{high:.1f}]'


def draw_instances(axes: Axes, labels: np.ndarray, size: float = 6.5) -> None:
    """Outline the pixels of every instance and put its number next to it."""
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
    """Return the borders between pixels of different labels, along the pixels' own sides.

    They are separate straight pieces, in millimetres from the corner of pixel (0, 0).
    """
    padded = np.pad(labels, 1)
    upright = np.argwhere(padded[1:, 1:-1] != padded[:-1, 1:-1])
    level = np.argwhere(padded[1:-1, 1:] != padded[1:-1, :-1])
    starts = np.concatenate([upright, level])
    ends = np.concatenate([np.add(upright, (0, 1)), np.add(level, (1, 0))])
    pieces = np.stack([starts, ends], axis=1).reshape(-1, 2)
    codes = np.tile([Line.MOVETO, Line.LINETO], len(pieces) // 2)
    return Line(pieces * spacing, codes)
