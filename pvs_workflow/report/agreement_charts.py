"""Two who rated the same: confusion matrices of grades, differences of counts."""

from collections.abc import Callable, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from pvs_workflow.report.canvas import PAPER, house_style, new_figure
from pvs_workflow.science.agreement import confusion_matrix, limits_of_agreement
from pvs_workflow.science.grading import GRADES

_POINT, _LINE = '#0072B2', '#5B6673'
_SIZE = 3.5
_MANY = 1000
"""More points than these are drawn as pixels: as shapes, each would take 100 bytes."""


def draw_differences(
    axes: Axes,
    first: np.ndarray,
    second: np.ndarray,
    largest: float,
    what: str = 'predicted − true',
) -> None:
    """Draw Bland and Altman's plot of counts: differences over means, with bias and limits.

    Parameters
    ----------
    axes : Axes
    first, second : (n,) arrays
    largest : float
        Difference up to which, in either direction, the plot goes.
    what : str
        The difference: first − second.

    """
    limits = limits_of_agreement(first, second)
    axes.scatter(
        (first + second) / 2,
        first - second,
        s=8,
        alpha=0.5,
        color=_POINT,
        linewidths=0,
        rasterized=len(first) > _MANY,
    )
    for value, style in ((limits.bias, '-'), (limits.low, '--'), (limits.high, '--')):
        axes.axhline(value, color=_LINE, linestyle=style, linewidth=0.9)
    axes.set(xlabel='mean of both counts', ylabel=what, ylim=(-largest, largest))


def draw_confusion(
    axes: Axes,
    first: np.ndarray,
    second: np.ndarray,
    names: tuple[str, str] = ('predicted grade', 'true grade'),
) -> None:
    """Draw how often each of the second's grades was which of the first's.

    Parameters
    ----------
    axes : Axes
    first, second : (n,) arrays of int, 0 to 4
    names : (str, str)
        What the columns (first) and the rows (second) are.

    """
    matrix = confusion_matrix(first, second)
    shares = matrix / np.maximum(matrix.sum(axis=1, keepdims=True), 1)
    axes.imshow(shares, cmap='Blues', vmin=0, vmax=1)
    for (row, column), number in np.ndenumerate(matrix):
        colour = 'white' if shares[row, column] > 0.6 else 'black'
        axes.text(column, row, str(number), ha='center', va='center', color=colour)
    axes.set(xticks=GRADES, yticks=GRADES, xlabel=names[0], ylabel=names[1])


@house_style()
def confusion_figure(panels: Sequence[tuple[str, np.ndarray]], names: tuple[str, str]) -> Figure:
    """Show confusion matrices side by side.

    Parameters
    ----------
    panels : sequence of (str, (n, 2) array)
        Title, and the grades of the first and the second.
    names : (str, str)
        What columns and rows are.

    """

    def draw(axes: Axes, numbers: np.ndarray) -> None:
        draw_confusion(axes, *numbers.T.astype(int), names)

    return _panels(panels, draw)


@house_style()
def differences_figure(panels: Sequence[tuple[str, np.ndarray]], what: str) -> Figure:
    """Show Bland and Altman's plots side by side, on one scale.

    Parameters
    ----------
    panels : sequence of (str, (n, 2) array)
        Title, and the counts of the first and the second.
    what : str
        The difference.

    """
    largest = 1 + 1.1 * max(_reach(*numbers.T) for _, numbers in panels)

    def draw(axes: Axes, numbers: np.ndarray) -> None:
        draw_differences(axes, *numbers.T, largest, what)

    return _panels(panels, draw)


def _reach(first: np.ndarray, second: np.ndarray) -> float:
    """Return the largest difference or limit."""
    limits = limits_of_agreement(first, second)
    return float(np.nanmax(np.abs([*(first - second), limits.low, limits.high])))


def _panels(
    panels: Sequence[tuple[str, np.ndarray]], draw: Callable[[Axes, np.ndarray], None]
) -> Figure:
    figure = new_figure(_SIZE * len(panels), _SIZE, PAPER)
    # Places in inches: a layout engine would take as long as all the drawing.
    width, height = 1 / (_SIZE * len(panels)), 1 / _SIZE
    for place, (title, numbers) in enumerate(panels):
        box = (place * _SIZE + 0.75) * width, 0.55 * height, 2.6 * width, 2.6 * height
        axes = figure.add_axes(box)
        draw(axes, numbers)
        axes.set_title(title, fontsize=10)
    return figure
