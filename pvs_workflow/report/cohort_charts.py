"""Charts of a group by what is known of people and scanners."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from pvs_workflow.report.canvas import INK, PAPER, house_style, new_figure
from pvs_workflow.report.charts import CHOSEN, GRADE_WORDS, GRID, LINE, draw_points, new_chart
from pvs_workflow.report.labels import chart_labels
from pvs_workflow.science.grading import GRADES, UPPER_COUNTS

# One hue from light to dark, so that grades keep their order also in grey (ColorBrewer, Blues).
_SHADES = ('#DEEBF7', '#9ECAE1', '#6BAED6', '#3182BD', '#08519C')
_MOST_POINTS = 300
_SMOOTHED_FROM = 20
_LABEL_WIDTH, _WIDTH = 1.7, 5.2


@house_style()
def strata_figure(counts: Mapping[str, Sequence[float]]) -> Figure:
    """Show the highest counts of several sets of people side by side: median, quartiles, people.

    Parameters
    ----------
    counts : mapping of str to sequence of float
        Finite counts by name; names may hold anything.

    """
    axes = _rows(figure := new_figure(_WIDTH, 1.0 + 0.55 * len(counts), PAPER), counts)
    places = range(len(counts))
    for bound in UPPER_COUNTS:
        axes.axvline(bound + 0.5, color=GRID, linewidth=0.8, zorder=0)
    axes.boxplot(
        [np.asarray(values, float) for values in counts.values()],
        positions=places,
        manage_ticks=False,
        orientation='horizontal',
        widths=0.5,
        showfliers=False,
        patch_artist=True,
        boxprops={'facecolor': '#E8EEF4', 'edgecolor': LINE},
        medianprops={'color': INK, 'linewidth': 1.6},
        whiskerprops={'color': LINE},
        capprops={'color': LINE},
    )
    rng = np.random.default_rng(0)
    for place, values in zip(places, counts.values(), strict=True):
        shown = np.asarray(values, float)
        if shown.size > _MOST_POINTS:
            shown = rng.choice(shown, _MOST_POINTS, replace=False)
        spread = place + rng.uniform(-0.18, 0.18, shown.size)
        axes.scatter(shown, spread, s=12, color=CHOSEN, alpha=0.5, linewidths=0, zorder=3)
    top = max((float(np.max(values)) for values in counts.values() if len(values)), default=0)
    axes.set_xlim(-0.5, 1.05 * max(top, UPPER_COUNTS[1]))
    axes.set_xlabel('highest count of the six images', fontsize=9, color=INK)
    return figure


@house_style()
def shares_figure(grades: Mapping[str, Sequence[int]]) -> Figure:
    """Show the shares of Potter grades in several sets of people.

    Parameters
    ----------
    grades : mapping of str to sequence of int
        By name; names may hold anything.

    """
    axes = _rows(figure := new_figure(_WIDTH, 1.35 + 0.55 * len(grades), PAPER), grades, 0.4)
    ends = np.zeros(len(grades))
    for grade, shade in zip(GRADES, _SHADES, strict=True):
        numbers = [np.count_nonzero(np.asarray(values) == grade) for values in grades.values()]
        sizes = [max(1, len(values)) for values in grades.values()]
        shares = 100 * np.divide(numbers, sizes)
        name = f'{grade} ({GRADE_WORDS[grade]})'
        axes.barh(
            range(len(grades)),
            shares,
            left=ends,
            color=shade,
            edgecolor=LINE,
            linewidth=0.4,
            height=0.65,
            label=name,
        )
        for place, (end, share, number) in enumerate(zip(ends, shares, numbers, strict=True)):
            if share >= 6:
                ink = PAPER if grade > 2 else INK
                axes.text(
                    end + share / 2, place, number, ha='center', va='center', color=ink, fontsize=8
                )
        ends = ends + shares
    axes.set_xlim(0, 100)
    axes.set_xlabel('% of people, by Potter grade (count)', fontsize=9, color=INK)
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
    """Show the highest count by age, with a smoothed course (LOWESS, Cleveland 1979).

    Parameters
    ----------
    ages, counts : sequences of float
        Finite; years and highest counts, one of each person.

    """
    ages, counts = np.asarray(ages, float), np.asarray(counts, float)
    figure = new_figure(5.2, 4.2, PAPER)
    axes = new_chart(figure, (0.14, 0.14, 0.82, 0.8))
    top = 1.08 * float(max(UPPER_COUNTS[1], counts.max(initial=0)))
    for bound in UPPER_COUNTS:
        if bound < top:
            axes.axhline(bound + 0.5, color=GRID, linewidth=0.8, zorder=0)
    draw_points(axes, ages, counts)
    if len(ages) >= _SMOOTHED_FROM and np.unique(ages).size > 2:
        from statsmodels.nonparametric.smoothers_lowess import lowess

        course = lowess(counts, ages, frac=0.6, delta=0.01 * np.ptp(ages))
        axes.plot(*course.T, color=INK, linewidth=1.6)
    axes.set_ylim(-0.02 * top, top)
    axes.set_xlabel('age (years)', fontsize=9, color=INK)
    axes.set_ylabel('highest count of the six images', fontsize=9, color=INK)
    return figure


def _rows(figure: Figure, values: Mapping[str, Sequence], above: float = 0.05) -> Axes:
    """Return axes with a row for each set, the first on top, named with its size.

    ``above`` is what is left free for a legend, in inches.
    """
    height = figure.get_size_inches()[1]
    left = _LABEL_WIDTH / _WIDTH
    bottom = 0.6 / height
    axes = new_chart(figure, (left, bottom, 0.97 - left, 1 - above / height - bottom))
    names = chart_labels(list(values))
    labels = [f'{name}\nn = {len(own)}' for name, own in zip(names, values.values(), strict=True)]
    axes.set_yticks(range(len(values)), labels)
    axes.set_ylim(len(values) - 0.4, -0.6)
    return axes
