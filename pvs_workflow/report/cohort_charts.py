"""Charts of a group by what is known of people and scanners."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from pvs_workflow.report.canvas import INK, PAPER, house_style
from pvs_workflow.report.charts import (
    BAND,
    CHOSEN,
    LINE,
    SIZE,
    count_limit,
    draw_bounds,
    draw_points,
    new_chart,
)
from pvs_workflow.report.labels import chart_labels
from pvs_workflow.report.rendering import GRADE_WORDS
from pvs_workflow.science.grading import GRADES, UPPER_COUNTS

# One hue from light to dark, so that grades keep their order also in grey (ColorBrewer, Blues).
_SHADES = ('#DEEBF7', '#9ECAE1', '#6BAED6', '#3182BD', '#08519C')
_MAX_POINTS = 300
_SMOOTHED_FROM = 20
_LABEL_WIDTH, _WIDTH, _FOOT = 1.7, SIZE[0], 0.6  # inches


@house_style()
def strata_figure(counts: Mapping[str, Sequence[float]]) -> Figure:
    """Show the highest counts of several sets of people side by side: median, quartiles, people.

    The counts are finite.
    """
    figure, axes = _rows(counts, 'highest count of the six images', above=0.05)
    values = [np.asarray(own, float) for own in counts.values()]
    draw_bounds(axes.axvline, np.inf)
    axes.boxplot(
        values,
        positions=range(len(values)),
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
    for place, own in enumerate(values):
        shown = rng.choice(own, _MAX_POINTS, replace=False) if own.size > _MAX_POINTS else own
        spread = place + rng.uniform(-0.18, 0.18, shown.size)
        axes.scatter(shown, spread, s=12, color=CHOSEN, alpha=0.5, linewidths=0, zorder=3)
    top = max((own.max(initial=0) for own in values), default=0)
    axes.set_xlim(-0.5, 1.05 * max(top, UPPER_COUNTS[1]))
    return figure


@house_style()
def shares_figure(grades: Mapping[str, Sequence[int]]) -> Figure:
    """Show the shares of Potter grades in several sets of people, by their names."""
    figure, axes = _rows(grades, '% of people, by Potter grade (count)', above=0.4)
    sizes = [max(1, len(values)) for values in grades.values()]
    ends = np.zeros(len(grades))
    for grade, shade in zip(GRADES, _SHADES, strict=True):
        numbers = [np.count_nonzero(np.asarray(values) == grade) for values in grades.values()]
        shares = 100 * np.divide(numbers, sizes)
        style = {'color': shade, 'edgecolor': LINE, 'linewidth': 0.4, 'height': 0.65}
        name = f'{grade} ({GRADE_WORDS[grade]})'
        bars = axes.barh(range(len(grades)), shares, left=ends, label=name, **style)
        inside = [n if share >= 6 else '' for n, share in zip(numbers, shares, strict=True)]
        ink = PAPER if grade > 2 else INK
        axes.bar_label(bars, inside, label_type='center', color=ink, fontsize=8)
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


@house_style()
def age_figure(ages: Sequence[float], counts: Sequence[float]) -> Figure:
    """Show the highest count by age in years, with a smoothed course (LOWESS, Cleveland 1979).

    All values are finite, one of each person.
    """
    ages, counts = np.asarray(ages, float), np.asarray(counts, float)
    figure, axes = new_chart('age (years)', 'highest count of the six images')
    top = count_limit(counts)
    draw_bounds(axes.axhline, top)
    draw_points(axes, ages, counts)
    if len(ages) >= _SMOOTHED_FROM and np.unique(ages).size > 2:
        from statsmodels.nonparametric.smoothers_lowess import lowess

        course = lowess(counts, ages, frac=0.6, delta=0.01 * np.ptp(ages))
        axes.plot(*course.T, color=INK, linewidth=1.6)
    axes.set_ylim(-0.02 * top, top)
    return figure


def _rows(values: Mapping[str, Sequence], xlabel: str, above: float) -> tuple[Figure, Axes]:
    """Return a chart with a row for each set; ``above`` it, inches are left for a legend."""
    height = 0.95 + above + 0.55 * len(values)
    left, bottom = _LABEL_WIDTH / _WIDTH, _FOOT / height
    box = (left, bottom, 0.97 - left, 1 - above / height - bottom)
    figure, axes = new_chart(xlabel, size=(_WIDTH, height), box=box)
    names = chart_labels(list(values))
    labels = [f'{name}\nn = {len(own)}' for name, own in zip(names, values.values(), strict=True)]
    axes.set_yticks(range(len(values)), labels)
    axes.set_ylim(len(values) - 0.4, -0.6)
    return figure, axes
