"""Charts of grades and counts, for a participant and for a group."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from pvs_workflow.report.canvas import INK, PAPER, figure_style, new_figure
from pvs_workflow.report.labels import chart_labels
from pvs_workflow.report.rendering import GRADE_WORDS
from pvs_workflow.science.grading import GRADES, UPPER_COUNTS

BAR, CHOSEN, LINE, GRID, BAND = '#9AA5B1', '#0072B2', '#5B6673', '#D5DAE0', '#E8EEF4'
MAX_VECTOR_ELEMENTS = 1000
"""Maximum number of points or lines drawn as vectors; more are rasterised to save megabytes."""

SIZE = (5.2, 4.2)  # inches
_BOX = (0.14, 0.14, 0.82, 0.8)
_MAX_BINS = 60

# One hue from light to dark, so that the order of grades is visible in grey (ColorBrewer, Blues).
_SHADES = ('#DEEBF7', '#9ECAE1', '#6BAED6', '#3182BD', '#08519C')
_MAX_POINTS = 300
_MIN_SMOOTHED = 20
_LABEL_WIDTH, _FOOT = 1.7, 0.6  # inches


@figure_style()
def grade_figure(probabilities: Sequence[float], grade: int) -> Figure:
    """Draw the probability of each Potter grade as a bar; the predicted grade is marked.

    Parameters
    ----------
    probabilities : sequence of 5 float
        Probabilities of grades 0 to 4; they sum to 1.
    grade : int
        The predicted grade.

    """
    figure, axes = new_chart('probability', size=(7.2, 2.4), box=(0.26, 0.2, 0.7, 0.74))
    colours = [CHOSEN if value == grade else BAR for value in GRADES]
    axes.barh(GRADES, probabilities, color=colours, height=0.7)
    for value, probability in zip(GRADES, probabilities, strict=True):
        style = {'va': 'center', 'color': INK, 'fontsize': 9}
        style['fontweight'] = 'bold' if value == grade else 'normal'
        axes.text(probability + 0.01, value, f'{100 * probability:.0f} %', **style)
    marks = ['▸ ' if value == grade else '' for value in GRADES]
    axes.set_yticks(GRADES, [f'{marks[g]}grade {g} ({GRADE_WORDS[g]})' for g in GRADES])
    axes.set_ylim(4.6, -0.6)
    axes.set_xlim(0, 1.1)
    axes.set_xticks([0, 0.25, 0.5, 0.75, 1], ['0', '25 %', '50 %', '75 %', '100 %'])
    return figure


@figure_style()
def distribution_figure(grades: Sequence[int]) -> Figure:
    """Draw the number of scans with each Potter grade; ``grades`` has one grade per scan."""
    figure, axes = new_chart('Potter grade (count)', 'scans', box=(0.12, 0.14, 0.84, 0.8))
    numbers = [int(np.count_nonzero(np.asarray(grades) == value)) for value in GRADES]
    axes.bar(GRADES, numbers, color=CHOSEN, width=0.7)
    for value, number in zip(GRADES, numbers, strict=True):
        axes.text(value, number, str(number), ha='center', va='bottom', color=INK, fontsize=10)
    axes.set_xticks(GRADES, [f'{value}\n{GRADE_WORDS[value]}' for value in GRADES])
    axes.set_ylim(0, max(1, *numbers) * 1.15)
    axes.yaxis.get_major_locator().set_params(integer=True)
    return figure


@figure_style()
def sides_figure(left: Sequence[float], right: Sequence[float]) -> Figure:
    """Draw the highest count on the left against that on the right, one point for each scan.

    Pairs that are not finite are omitted.
    """
    pairs = np.stack([np.asarray(left, float), np.asarray(right, float)])
    pairs = pairs[:, np.isfinite(pairs).all(axis=0)]
    figure, axes = new_chart('highest count, left', 'highest count, right')
    top = count_limit(pairs)
    draw_bounds(axes.axhline, top, lowest=1)
    draw_bounds(axes.axvline, top, lowest=1)
    axes.plot([0, top], [0, top], color=LINE, linewidth=0.9, linestyle='--')
    draw_points(axes, *pairs)
    axes.set(xlim=(-0.02 * top, top), ylim=(-0.02 * top, top), aspect='equal')
    return figure


@figure_style()
def counts_figure(counts: Sequence[float], unit: str) -> Figure:
    """Draw a histogram of predicted counts, with the bounds of Potter grades.

    ``unit`` is 'images' or 'T2w'; values that are not finite are omitted.
    """
    values = np.asarray(counts, float)
    values = values[np.isfinite(values)]
    top = float(max(UPPER_COUNTS[1], values.max(initial=0)))
    # Bins start at halves, like grades, so that no bin contains two grades.
    width = int(np.ceil(top / _MAX_BINS))
    width = next(w for w in (1, 2, 5, 10, max(10, width)) if w >= width)
    edges = np.concatenate([[-0.5], np.arange(0.5, top + 0.5 + width, width)])
    figure, axes = new_chart('predicted count', unit)
    draw_bounds(axes.axvline, edges[-1])
    axes.hist(values, bins=edges, color=CHOSEN, edgecolor=PAPER, linewidth=0.4)
    axes.set_xlim(-0.5, edges[-1])
    axes.yaxis.get_major_locator().set_params(integer=True)
    return figure


@figure_style()
def strata_figure(counts: Mapping[str, Sequence[float]]) -> Figure:
    """Draw box plots of the highest counts of several groups, with a point for each count.

    The counts must be finite.
    """
    figure, axes = _rows(counts, 'highest count of the six images', above=0.05)
    groups = [np.asarray(values, float) for values in counts.values()]
    draw_bounds(axes.axvline, np.inf)
    axes.boxplot(
        groups,
        positions=range(len(groups)),
        manage_ticks=False,
        orientation='horizontal',
        widths=0.5,
        showfliers=False,
        patch_artist=True,
        boxprops={'facecolor': BAND, 'edgecolor': LINE},
        medianprops={'color': INK, 'linewidth': 1.6},
        whiskerprops={'color': LINE},
        capprops={'color': LINE},
    )
    rng = np.random.default_rng(0)
    for row, values in enumerate(groups):
        many = values.size > _MAX_POINTS
        points = rng.choice(values, _MAX_POINTS, replace=False) if many else values
        spread = row + rng.uniform(-0.18, 0.18, points.size)
        axes.scatter(points, spread, s=12, color=CHOSEN, alpha=0.5, linewidths=0, zorder=3)
    top = max((values.max(initial=0) for values in groups), default=0)
    axes.set_xlim(-0.5, 1.05 * max(top, UPPER_COUNTS[1]))
    return figure


@figure_style()
def shares_figure(grades: Mapping[str, Sequence[int]]) -> Figure:
    """Draw the proportions of Potter grades in several groups of participants as stacked bars."""
    figure, axes = _rows(grades, '% of participants, by Potter grade (count)', above=0.4)
    sizes = [max(1, len(values)) for values in grades.values()]
    ends = np.zeros(len(grades))
    for grade, shade in zip(GRADES, _SHADES, strict=True):
        numbers = [np.count_nonzero(np.asarray(values) == grade) for values in grades.values()]
        shares = 100 * np.divide(numbers, sizes)
        style = {'color': shade, 'edgecolor': LINE, 'linewidth': 0.4, 'height': 0.65}
        name = f'{grade} ({GRADE_WORDS[grade]})'
        bars = axes.barh(range(len(grades)), shares, left=ends, label=name, **style)
        labels = [n if share >= 6 else '' for n, share in zip(numbers, shares, strict=True)]
        ink = PAPER if grade > 2 else INK
        axes.bar_label(bars, labels, label_type='center', color=ink, fontsize=8)
        ends = ends + shares
    axes.set_xlim(0, 100)
    figure.legend(
        loc='upper left',
        bbox_to_anchor=(0.01, 1),
        ncols=5,
        columnspacing=0.8,
        handlelength=1.2,
        handletextpad=0.4,
        frameon=False,
        fontsize=7.5,
        labelcolor=INK,
    )
    return figure


@figure_style()
def age_figure(ages: Sequence[float], counts: Sequence[float]) -> Figure:
    """Draw the highest count by age in years, with a smoothed curve (LOWESS, Cleveland 1979).

    All values must be finite, one for each person.
    """
    ages, counts = np.asarray(ages, float), np.asarray(counts, float)
    figure, axes = new_chart('age (years)', 'highest count of the six images')
    top = count_limit(counts)
    draw_bounds(axes.axhline, top)
    draw_points(axes, ages, counts)
    if len(ages) >= _MIN_SMOOTHED and np.unique(ages).size > 2:
        from statsmodels.nonparametric.smoothers_lowess import lowess

        curve = lowess(counts, ages, frac=0.6, delta=0.01 * np.ptp(ages))
        axes.plot(*curve.T, color=INK, linewidth=1.6)
    axes.set_ylim(-0.02 * top, top)
    return figure


def new_chart(
    xlabel: str = '',
    ylabel: str = '',
    size: tuple[float, float] = SIZE,
    box: tuple[float, float, float, float] = _BOX,
) -> tuple[Figure, Axes]:
    """Return a figure (size in inches) and its axes, with two spines and dark text."""
    figure = new_figure(*size, PAPER)
    axes = figure.add_axes(box)
    axes.set_facecolor(PAPER)
    for name in ('top', 'right'):
        axes.spines[name].set_visible(False)
    for name in ('left', 'bottom'):
        axes.spines[name].set_color(LINE)
    axes.tick_params(colors=INK, labelsize=9, length=3)
    axes.set_xlabel(xlabel, fontsize=9, color=INK)
    axes.set_ylabel(ylabel, fontsize=9, color=INK)
    return figure, axes


def count_limit(*counts: np.ndarray) -> float:
    """Return the upper limit of an axis of counts: above all counts and above grade 1."""
    return 1.08 * max(float(UPPER_COUNTS[1]), *(values.max(initial=0) for values in counts))


def draw_bounds(line: Callable, top: float, lowest: int = 0) -> None:
    """Mark the bounds of Potter grades below ``top`` with ``axhline`` or ``axvline``."""
    for bound in UPPER_COUNTS[lowest:]:
        if bound < top:
            line(bound + 0.5, color=GRID, linewidth=0.8, zorder=0)


def draw_points(axes: Axes, x: np.ndarray, y: np.ndarray, **style) -> None:
    """Draw a scatter plot; many points are drawn more transparent."""
    alpha = 0.8 if len(x) < 200 else 0.25
    options = {'s': 26, 'color': CHOSEN, 'alpha': alpha, 'linewidths': 0, **style}
    axes.scatter(x, y, rasterized=len(x) > MAX_VECTOR_ELEMENTS, **options)


def _rows(groups: Mapping[str, Sequence], xlabel: str, above: float) -> tuple[Figure, Axes]:
    """Return a chart with a row for each group, and ``above`` inches for a legend on top."""
    height = 0.95 + above + 0.55 * len(groups)
    left, bottom = _LABEL_WIDTH / SIZE[0], _FOOT / height
    box = (left, bottom, 0.97 - left, 1 - above / height - bottom)
    figure, axes = new_chart(xlabel, size=(SIZE[0], height), box=box)
    names, sizes = chart_labels(list(groups)), map(len, groups.values())
    labels = [f'{name}\nn = {n}' for name, n in zip(names, sizes, strict=True)]
    axes.set_yticks(range(len(groups)), labels)
    axes.set_ylim(len(groups) - 0.4, -0.6)
    return figure, axes
