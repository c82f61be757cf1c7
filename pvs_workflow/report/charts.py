"""Plain charts: grade probabilities, and the group's grades and counts."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from pvs_workflow.report.canvas import INK, PAPER, house_style, new_figure
from pvs_workflow.science.grading import GRADES, UPPER_COUNTS

GRADE_WORDS = ('none', '1–10', '11–20', '21–40', 'over 40')
BAR, CHOSEN, LINE, GRID = '#9AA5B1', '#0072B2', '#5B6673', '#D5DAE0'
MANY = 1000
"""More points or lines than this are drawn as pixels: each as an element would be megabytes."""

_MOST_BINS = 60


@house_style()
def grade_figure(probabilities: Sequence[float], grade: int) -> Figure:
    """Show the probability of each Potter grade as bars, the predicted one marked.

    Parameters
    ----------
    probabilities : sequence of 5 float
        Grades 0 to 4; they sum to 1.
    grade : int
        The predicted one.

    """
    figure = new_figure(7.2, 2.4, PAPER)
    axes = new_chart(figure, (0.26, 0.2, 0.7, 0.74))
    colours = [CHOSEN if value == grade else BAR for value in GRADES]
    axes.barh(GRADES, probabilities, color=colours, height=0.7)
    for value, probability in zip(GRADES, probabilities, strict=True):
        weight = 'bold' if value == grade else 'normal'
        axes.text(
            probability + 0.01,
            value,
            f'{100 * probability:.0f} %',
            va='center',
            color=INK,
            fontsize=9,
            fontweight=weight,
        )
    labels = [
        f'{"▸ " if value == grade else ""}grade {value} ({word})'
        for value, word in zip(GRADES, GRADE_WORDS, strict=True)
    ]
    axes.set_yticks(GRADES, labels)
    axes.set_ylim(4.6, -0.6)
    axes.set_xlim(0, 1.1)
    axes.set_xticks([0, 0.25, 0.5, 0.75, 1], ['0', '25 %', '50 %', '75 %', '100 %'])
    axes.set_xlabel('probability', fontsize=9, color=INK)
    return figure


@house_style()
def distribution_figure(grades: Sequence[int]) -> Figure:
    """Show how many scans have each Potter grade.

    Parameters
    ----------
    grades : sequence of int
        One per scan; may be empty.

    """
    figure = new_figure(5.2, 4.2, PAPER)
    axes = new_chart(figure, (0.12, 0.14, 0.84, 0.8))
    numbers = [int(np.count_nonzero(np.asarray(grades) == value)) for value in GRADES]
    axes.bar(GRADES, numbers, color=CHOSEN, width=0.7)
    for value, number in zip(GRADES, numbers, strict=True):
        axes.text(value, number, str(number), ha='center', va='bottom', color=INK, fontsize=10)
    names = [f'{value}\n{word}' for value, word in zip(GRADES, GRADE_WORDS, strict=True)]
    axes.set_xticks(GRADES, names)
    axes.set_ylim(0, max(1, *numbers) * 1.15)
    axes.yaxis.get_major_locator().set_params(integer=True)
    axes.set_xlabel('Potter grade (count)', fontsize=9, color=INK)
    axes.set_ylabel('scans', fontsize=9, color=INK)
    return figure


@house_style()
def sides_figure(left: Sequence[float], right: Sequence[float]) -> Figure:
    """Show each scan's highest count on the left against that on the right.

    Parameters
    ----------
    left, right : sequences of float
        Of equal length, one value per scan; pairs that are not finite are left out.

    """
    pairs = np.stack([np.asarray(left, float), np.asarray(right, float)])
    pairs = pairs[:, np.isfinite(pairs).all(axis=0)]
    figure = new_figure(5.2, 4.2, PAPER)
    axes = new_chart(figure, (0.14, 0.14, 0.82, 0.8))
    top = 1.08 * float(max(UPPER_COUNTS[1], pairs.max(initial=0)))
    for bound in UPPER_COUNTS[1:]:
        if bound < top:
            axes.axhline(bound + 0.5, color=GRID, linewidth=0.8)
            axes.axvline(bound + 0.5, color=GRID, linewidth=0.8)
    axes.plot([0, top], [0, top], color=LINE, linewidth=0.9, linestyle='--')
    draw_points(axes, *pairs)
    axes.set_xlim(-0.02 * top, top)
    axes.set_ylim(-0.02 * top, top)
    axes.set_aspect('equal')
    axes.set_xlabel('highest count, left', fontsize=9, color=INK)
    axes.set_ylabel('highest count, right', fontsize=9, color=INK)
    return figure


@house_style()
def counts_figure(counts: Sequence[float], of: str) -> Figure:
    """Show how many images or scans have each predicted count, Potter's bounds marked.

    Parameters
    ----------
    counts : sequence of float
        At least 0; values that are not finite are left out; may be empty.
    of : str
        What is counted: images, or scans.

    """
    values = np.asarray(counts, float)
    values = values[np.isfinite(values)]
    top = float(max(UPPER_COUNTS[1], values.max(initial=0)))
    # Bins start at halves, as grades do, so that none holds two grades.
    width = int(np.ceil(top / _MOST_BINS))
    width = next(w for w in (1, 2, 5, 10, max(10, width)) if w >= width)
    edges = np.arange(0.5, top + 0.5 + width, width)
    edges = np.concatenate([[-0.5], edges])
    figure = new_figure(5.2, 4.2, PAPER)
    axes = new_chart(figure, (0.14, 0.14, 0.82, 0.8))
    for bound in UPPER_COUNTS:
        if bound < edges[-1]:
            axes.axvline(bound + 0.5, color=GRID, linewidth=0.8, zorder=0)
    axes.hist(values, bins=edges, color=CHOSEN, edgecolor=PAPER, linewidth=0.4)
    axes.set_xlim(-0.5, edges[-1])
    axes.yaxis.get_major_locator().set_params(integer=True)
    axes.set_xlabel('predicted count', fontsize=9, color=INK)
    axes.set_ylabel(of, fontsize=9, color=INK)
    return figure


def draw_points(axes: Axes, x: np.ndarray, y: np.ndarray, colour: str = CHOSEN) -> None:
    """Scatter points, the fainter the more there are."""
    alpha = 0.8 if len(x) < 200 else 0.25
    axes.scatter(x, y, s=26, color=colour, alpha=alpha, linewidths=0, rasterized=len(x) > MANY)


def new_chart(figure: Figure, box: tuple[float, float, float, float]) -> Axes:
    """Return axes with two spines and dark ink."""
    axes = figure.add_axes(box)
    axes.set_facecolor(PAPER)
    for name in ('top', 'right'):
        axes.spines[name].set_visible(False)
    for name in ('left', 'bottom'):
        axes.spines[name].set_color(LINE)
    axes.tick_params(colors=INK, labelsize=9, length=3)
    return axes
