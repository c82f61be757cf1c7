"""Style, panels, grey windows and direction letters of the figures.

Pictures follow the canonical array order (RAS+): x runs from left to right on the page. This is
the *neurological* convention: the person's left is on the left of the picture. Every panel has
direction letters at its edges.
"""

from collections.abc import Sequence
from functools import partial

import numpy as np
from matplotlib import style
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patheffects import withStroke

CONVENTION = 'Neurological convention: the person’s left is on the left of the picture.'

# Okabe and Ito's palette: distinguishable with all common colour vision deficiencies, and on grey.
SIDE_COLOURS = {'L': '#E69F00', 'R': '#56B4E9'}
EVIDENCE_COLOUR = '#F0E442'
BLACK, WHITE, INK, PAPER = '#000000', '#FFFFFF', '#1A1A1A', '#FFFFFF'

_HALO = [withStroke(linewidth=2.2, foreground=BLACK)]
_RULES = {
    'svg.hashsalt': 'pvs_workflow',
    'svg.fonttype': 'path',
    'font.family': 'DejaVu Sans',
    'path.simplify': True,
    'text.parse_math': False,
}

figure_style = partial(style.context, _RULES, after_reset=True)
"""Context manager: Matplotlib's defaults and the rules above, independent of user settings."""


def new_figure(width: float, height: float, background: str = BLACK) -> Figure:
    """Return an empty figure; width and height are in inches."""
    return Figure(figsize=(width, height), facecolor=background)


def panel_box(
    figure: Figure, left: float, top: float, width: float, height: float
) -> tuple[float, float, float, float]:
    """Convert a box in inches from the figure's top left corner to figure fractions."""
    total_width, total_height = figure.get_size_inches()
    bottom = 1 - (top + height) / total_height
    return left / total_width, bottom, width / total_width, height / total_height


def add_panel(figure: Figure, left: float, top: float, width: float, height: float) -> Axes:
    """Add axes without frame or ticks, placed in inches from the figure's top left corner."""
    axes = figure.add_axes(panel_box(figure, left, top, width, height))
    axes.set_axis_off()
    return axes


def write(axes: Axes, x: float, y: float, text: str, size: float = 9, **kwargs) -> None:
    """Write on a panel, in axes fractions; white with a dark outline by default."""
    options = {'color': WHITE, 'path_effects': _HALO, **kwargs}
    axes.text(x, y, text, transform=axes.transAxes, fontsize=size, **options)


def write_note(figure: Figure, note: str) -> None:
    """Write the convention and a note at the figure's lower edge."""
    x, y = 0.08 / figure.get_size_inches()
    figure.text(x, y, f'{CONVENTION} {note}', color=WHITE, fontsize=8, va='bottom')


def show_plane(
    axes: Axes, plane: np.ndarray, spacing: Sequence[float], window: tuple[float, float]
) -> None:
    """Draw a plane in grey at its true aspect ratio, in millimetres from its corner.

    The first axis runs to the right, the second upwards. ``spacing`` is in millimetres per pixel;
    ``window`` holds the intensities shown black and white.
    """
    width, height = np.array(plane.shape) * spacing
    axes.imshow(
        np.asarray(plane, dtype=np.float32).T,
        origin='lower',
        extent=(0, width, 0, height),
        cmap='gray',
        vmin=window[0],
        vmax=window[1],
        interpolation='bicubic',
    )


def mark_edges(axes: Axes, edges: str = 'LRPA', size: float = 10) -> None:
    """Write the direction letters at the left, right, lower and upper edge of a panel."""
    positions = ((0.02, 0.5), (0.98, 0.5), (0.5, 0.02), (0.5, 0.98))
    aligns = (('left', 'center'), ('right', 'center'), ('center', 'bottom'), ('center', 'top'))
    for letter, (x, y), (ha, va) in zip(edges, positions, aligns, strict=True):
        options, letter_size = {'fontweight': 'normal'}, size - 1
        if letter in SIDE_COLOURS:
            options = {'color': SIDE_COLOURS[letter], 'fontweight': 'bold'}
            letter_size = size + 2
        write(axes, x, y, letter, letter_size, ha=ha, va=va, **options)


def outline(
    axes: Axes, mask: np.ndarray, spacing: Sequence[float], colour: str, width: float = 1.0
) -> None:
    """Draw the border of a region as a smooth line; draw nothing if it has no border."""
    if not mask.any() or mask.all():
        return
    u, v = ((np.arange(n) + 0.5) * step for n, step in zip(mask.shape, spacing, strict=True))
    axes.contour(u, v, mask.T.astype(float), levels=[0.5], colors=[colour], linewidths=width)


def intensity_window(values: np.ndarray, upper: float = 99.5) -> tuple[float, float]:
    """Return the grey window of a volume, from zero (or its minimum) to a high percentile."""
    finite = values[np.isfinite(values)]
    positive = finite[finite > 0]
    if positive.size == 0:
        return 0.0, 1.0
    return min(0.0, float(finite.min())), float(np.percentile(positive, upper))
