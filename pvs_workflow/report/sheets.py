"""The six hemisphere images as one sheet: raw, enhanced, evidence.

Rows are hemispheres, columns the three slices from the bottom up. All sheets share one layout,
so that a page can swap one for the other in place.
"""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import PathPatch
from matplotlib.path import Path as Line

from pvs_workflow.report.canvas import (
    CONVENTION,
    EVIDENCE_COLOUR,
    SIDE_COLOURS,
    WHITE,
    add_panel,
    head,
    house_style,
    mark_edges,
    new_figure,
    outline,
    show_plane,
    write,
)
from pvs_workflow.science.slices import FIELD_OF_VIEW, IMAGE_SHAPE, View

PIXEL = np.array(FIELD_OF_VIEW) / IMAGE_SHAPE
"""Millimetres, left–right and back–front."""
_RATIO = FIELD_OF_VIEW[1] / FIELD_OF_VIEW[0]
_WIDTH = 3.2
_GAP, _HEADROOM, _FOOT = 0.12, 0.3, 0.3
_SIDES = {'L': 'Left', 'R': 'Right'}
_NUMBER_OFFSET = 0.2  # millimetres, so that a number does not hide what it counts
_RAW_WINDOW = (0.0, 1.0)
_ENHANCED_WINDOW = (0.0, 0.7)
"""Enhanced tissue has at most half of its raw grey; what was taken for an ePVS ends over 0.6."""


@house_style()
def images_figure(images: np.ndarray, views: Sequence[View], slices: Sequence[int]) -> Figure:
    """Show the six images as the cascade gets them.

    Parameters
    ----------
    images : (6, 80, 96) array, in [0, 1]
        Left then right hemisphere, each from the bottom up, as :func:`find_views` gives them.
    views : sequence of 6 View
        Where each image comes from.
    slices : sequence of 6 int
        Each image's slice index in the input file as stored.

    """
    return _sheet(images, [_title(view, n) for view, n in zip(views, slices, strict=True)])


@house_style()
def enhanced_figure(enhanced: np.ndarray, views: Sequence[View], slices: Sequence[int]) -> Figure:
    """Show the six images as the enhancer returns them; parameters as :func:`images_figure`."""
    titles = [_title(view, n) for view, n in zip(views, slices, strict=True)]
    return _sheet(enhanced, titles, _ENHANCED_WINDOW)


@house_style()
def evidence_figure(
    images: np.ndarray,
    instances: np.ndarray,
    views: Sequence[View],
    slices: Sequence[int],
    counts: Sequence[float],
    lows: Sequence[float],
    highs: Sequence[float],
    rois: np.ndarray | None = None,
) -> Figure:
    """Show the six images with every found ePVS outlined and numbered.

    Parameters
    ----------
    images, views, slices
        As in :func:`images_figure`.
    instances : (6, 80, 96) array of int
        0 background, each found ePVS its own number.
    counts, lows, highs : sequences of 6 float
        The predicted counts and their 90 % intervals; the titles show them.
    rois : (6, 80, 96) array of bool, optional
        Each image's ROI, to be outlined in its hemisphere's colour.

    """
    titles = [
        _title(view, n, f'count {_span(*numbers)}')
        for view, n, *numbers in zip(views, slices, counts, lows, highs, strict=True)
    ]
    figure = _sheet(images, titles)
    for index, (axes, labels) in enumerate(zip(figure.axes, instances, strict=True)):
        if rois is not None:
            outline(axes, rois[index], PIXEL, SIDE_COLOURS[views[index].hemisphere], 0.6)
        draw_instances(axes, labels)
    return figure


@house_style()
def cascade_figure(
    images: np.ndarray,
    enhanced: np.ndarray,
    instances: np.ndarray,
    views: Sequence[View],
    slices: Sequence[int],
    counts: Sequence[float],
    lows: Sequence[float],
    highs: Sequence[float],
) -> Figure:
    """Show raw, enhanced and evidence as three rows of six; parameters as in the single sheets."""
    width = 2.0
    height = width * _RATIO
    rows = (
        (images, 'Raw', _RAW_WINDOW),
        (enhanced, 'Enhanced', _ENHANCED_WINDOW),
        (images, 'Evidence', _RAW_WINDOW),
    )
    figure = new_figure(6 * (width + _GAP) + _GAP, 3 * (height + _GAP) + _HEADROOM + _FOOT + 0.2)
    for row, (stack, name, window) in enumerate(rows):
        for column, image in enumerate(stack):
            left = _GAP + column * (width + _GAP)
            top = _HEADROOM + 0.2 + row * (height + _GAP)
            axes = add_panel(figure, left, top, width, height)
            show_plane(axes, image, PIXEL, window)
            mark_edges(axes, size=7)
            if column == 0:
                write(axes, 0.03, 0.97, name, 8, va='top')
            if name == 'Evidence':
                draw_instances(axes, instances[column], size=5)
            if row == 0:
                numbers = _span(counts[column], lows[column], highs[column])
                head(axes, f'{_title(views[column], slices[column])}\ncount {numbers}', 8)
    _footnote(figure)
    return figure


def draw_instances(axes: Axes, labels: np.ndarray, size: float = 6.5) -> None:
    """Outline the pixels of every instance and put its number beside it."""
    if not labels.any():
        return
    axes.add_patch(
        PathPatch(pixel_edges(labels, PIXEL), fill=False, edgecolor=EVIDENCE_COLOUR, linewidth=0.9)
    )
    for value in np.unique(labels[labels > 0]):
        pixels = np.argwhere(labels == value)
        u, v = (pixels[pixels.sum(axis=1).argmax()] + 1) * PIXEL  # its upper right corner
        place = (u + _NUMBER_OFFSET) / FIELD_OF_VIEW[0], v / FIELD_OF_VIEW[1]
        write(axes, *place, str(int(value)), size, va='bottom', ha='left', color=WHITE)


def pixel_edges(labels: np.ndarray, spacing: Sequence[float]) -> Line:
    """Return the borders between pixels of different labels, along the pixels' own sides.

    Parameters
    ----------
    labels : (u, v) array of int
    spacing : (float, float)
        Millimetres per pixel.

    Returns
    -------
    matplotlib.path.Path
        Separate straight pieces, in millimetres from the corner of pixel (0, 0).

    Examples
    --------
    >>> len(pixel_edges(np.array([[0, 0], [0, 1]]), (1, 1)).vertices) // 2
    4

    """
    padded = np.pad(labels, 1)
    u, v = np.nonzero(padded[1:, 1:-1] != padded[:-1, 1:-1])
    upright = np.stack([np.stack([u, v], -1), np.stack([u, v + 1], -1)], 1)
    u, v = np.nonzero(padded[1:-1, 1:] != padded[1:-1, :-1])
    level = np.stack([np.stack([u, v], -1), np.stack([u + 1, v], -1)], 1)
    pieces = np.concatenate([upright, level]).reshape(-1, 2)
    codes = np.tile([Line.MOVETO, Line.LINETO], len(pieces) // 2)
    return Line(pieces * spacing, codes)


def image_box(index: int) -> tuple[float, float, float, float]:
    """Return where a single sheet has one of its six images, in inches.

    Returns
    -------
    left, top, width, height : float
        From the sheet's top left corner; without the title over the image.

    """
    row, column = divmod(index, 3)
    height = _WIDTH * _RATIO
    left = _GAP + column * (_WIDTH + _GAP)
    return left, _HEADROOM + row * (height + _HEADROOM + _GAP), _WIDTH, height


def _sheet(
    images: np.ndarray, titles: Sequence[str], window: tuple[float, float] = _RAW_WINDOW
) -> Figure:
    """Lay six images out, two rows of three, with titles and direction letters."""
    _, _, width, height = image_box(0)
    figure = new_figure(3 * (width + _GAP) + _GAP, 2 * (height + _HEADROOM + _GAP) + _FOOT - _GAP)
    for index, (image, title) in enumerate(zip(images, titles, strict=True)):
        axes = add_panel(figure, *image_box(index))
        show_plane(axes, image, PIXEL, window)
        mark_edges(axes)
        head(axes, title, 9, colour=SIDE_COLOURS['LR'[index // 3]])
    _footnote(figure)
    return figure


def _footnote(figure: Figure) -> None:
    height = figure.get_size_inches()[1]
    size = f'Each image is {FIELD_OF_VIEW[0]} × {FIELD_OF_VIEW[1]} mm.'
    figure.text(0.01, 0.1 / height, f'{CONVENTION} {size}', color=WHITE, fontsize=8, va='bottom')


def _title(view: View, stored: int, more: str = '') -> str:
    parts = [_SIDES[view.hemisphere], f'slice {stored}', f'{view.rank} of 3']
    return ' · '.join(parts + [more] * bool(more))


def _span(count: float, low: float, high: float) -> str:
    """Write a count with its interval.

    Examples
    --------
    >>> _span(12.34, 9, 15.06)
    '12.3 [9.0–15.1]'

    """
    return f'{count:.1f} [{low:.1f}–{high:.1f}]'
