"""Two who rated the same: confusion matrices of grades, differences of counts."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from pvs_workflow.report.canvas import PAPER, house_style, new_figure, panel_box
from pvs_workflow.report.charts import LINE, draw_points
from pvs_workflow.science.agreement import confusion_matrix, limits_of_agreement
from pvs_workflow.science.grading import GRADES

_SIZE = 3.5  # inches


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
    draw_points(axes, (first + second) / 2, first - second, s=8, alpha=0.5)
    for value, style in ((limits.bias, '-'), (limits.low, '--'), (limits.high, '--')):
        axes.axhline(value, color=LINE, linestyle=style, linewidth=0.9)
    axes.set(xlabel='mean of both counts', ylabel=what, ylim=(-largest, largest))


def draw_confusion(
    axes: Axes,
    first: np.ndarray,
    second: np.ndarray,
    names: tuple[str, str] = ('predicted grade', 'true grade'),
) -> None:
    """Draw how often each of the second's grades (rows) was which of the first's (columns)."""
    matrix = confusion_matrix(first, second)
    shares = matrix / np.maximum(matrix.sum(axis=1, keepdims=True), 1)
    axes.imshow(shares, cmap='Blues', vmin=0, vmax=1)
    for (row, column), number in np.ndenumerate(matrix):
        colour = 'white' if shares[row, column] > 0.6 else 'black'
        axes.text(column, row, str(number), ha='center', va='center', color=colour)
    axes.set(xticks=GRADES, yticks=GRADES, xlabel=names[0], ylabel=names[1])


@house_style()
def confusion_figure(panels: Sequence[tuple[str, np.ndarray]], names: tuple[str, str]) -> Figure:
    """Show confusion matrices side by side; panels are titles and (n, 2) arrays of grades."""
    figure = _side_by_side(panels)
    for axes, (_, grades) in zip(figure.axes, panels, strict=True):
        draw_confusion(axes, *grades.T.astype(int), names)
    return figure


@house_style()
def differences_figure(panels: Sequence[tuple[str, np.ndarray]], what: str) -> Figure:
    """Show Bland and Altman's plots side by side, on one scale.

    Panels are titles and (n, 2) arrays of counts.
    """
    figure = _side_by_side(panels)
    largest = 1 + 1.1 * max(_reach(*counts.T) for _, counts in panels)
    for axes, (_, counts) in zip(figure.axes, panels, strict=True):
        draw_differences(axes, *counts.T, largest, what)
    return figure


def _reach(first: np.ndarray, second: np.ndarray) -> float:
    """Return the largest difference or limit."""
    limits = limits_of_agreement(first, second)
    return float(np.nanmax(np.abs([*(first - second), limits.low, limits.high])))


def _side_by_side(panels: Sequence[tuple[str, np.ndarray]]) -> Figure:
    """Place axes in inches: a layout engine would take as long as all the drawing."""
    figure = new_figure(_SIZE * len(panels), _SIZE, PAPER)
    for n, (title, _) in enumerate(panels):
        axes = figure.add_axes(panel_box(figure, _SIZE * n + 0.75, 0.35, 2.6, 2.6))
        axes.set_title(title, fontsize=10)
    return figure
