"""Section of the group page on the agreement of raters and model, with its charts."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from pvs_workflow.raters.matching import MatchedRatings
from pvs_workflow.raters.rater_agreement import MODEL, Pair
from pvs_workflow.report.canvas import PAPER, figure_style, new_figure, panel_box
from pvs_workflow.report.charts import LINE, draw_points
from pvs_workflow.report.labels import short_labels
from pvs_workflow.report.sections import Chart, GroupSection, draw_chart
from pvs_workflow.science.agreement import confusion_matrix, limits_of_agreement
from pvs_workflow.science.grading import GRADES

MAX_PAIRS = 15
"""Maximum number of pairs drawn: all pairs of five raters and the model."""

_NAME_LENGTH = 30
_SIZE = 3.5  # inches
_UNITS = {'image': 'images', 'person': 'T2w'}


def agreement_section(
    matched: MatchedRatings, pairs: Sequence[Pair], table: pd.DataFrame
) -> GroupSection:
    """Return the section with the statistics of agreement, and charts of the pairs.

    Parameters
    ----------
    matched : MatchedRatings
    pairs : sequence of Pair
        Result of :func:`pvs_workflow.raters.rater_agreement.pair_raters`.
    table : DataFrame
        The rows of ``group_agreement.tsv``.

    """
    names = [MODEL, *matched.raters]
    labels = dict(zip(names, short_labels(names, _NAME_LENGTH), strict=True))
    rows = table.assign(**{side: table[side].map(labels) for side in ('first', 'second')})
    # Pairs with the model come first.
    groups: dict[tuple[str, str, str], list[Pair]] = {}
    for pair in sorted(pairs, key=lambda pair: pair.comparison):
        if pair.items and pair.comparison != 'all':
            labelled = replace(pair, first=labels[pair.first], second=labels[pair.second])
            key = (pair.comparison, labelled.first, labelled.second)
            groups.setdefault(key, []).append(labelled)
    return GroupSection(
        anchor='agreement',
        title='Agreement with raters',
        context={
            'tables': [
                (title, rows[rows['level'] == level].to_dict('records'))
                for level, title in (('image', 'Images'), ('person', 'Whole T2w'))
            ],
            'matched': matched,
            'comparisons': [_compare(group) for group in list(groups.values())[:MAX_PAIRS]],
            'not_drawn': max(0, len(groups) - MAX_PAIRS),
        },
    )


def draw_differences(
    axes: Axes,
    first: np.ndarray,
    second: np.ndarray,
    largest: float,
    label: str = 'predicted − true',
) -> None:
    """Draw a Bland–Altman plot of counts: differences over means, with bias and limits.

    Parameters
    ----------
    axes : Axes
    first, second : (n,) arrays
    largest : float
        Largest difference of the y axis, in either direction.
    label : str
        Label of the y axis: first − second.

    """
    limits = limits_of_agreement(first, second)
    draw_points(axes, (first + second) / 2, first - second, s=8, alpha=0.5)
    for value, style in ((limits.bias, '-'), (limits.low, '--'), (limits.high, '--')):
        axes.axhline(value, color=LINE, linestyle=style, linewidth=0.9)
    axes.set(xlabel='mean of both counts', ylabel=label, ylim=(-largest, largest))


def draw_confusion(
    axes: Axes,
    first: np.ndarray,
    second: np.ndarray,
    names: tuple[str, str] = ('predicted grade', 'true grade'),
) -> None:
    """Draw the confusion matrix of grades; rows are the second's grades, columns the first's."""
    matrix = confusion_matrix(first, second)
    shares = matrix / np.maximum(matrix.sum(axis=1, keepdims=True), 1)
    axes.imshow(shares, cmap='Blues', vmin=0, vmax=1)
    for (row, column), number in np.ndenumerate(matrix):
        colour = 'white' if shares[row, column] > 0.6 else 'black'
        axes.text(column, row, str(number), ha='center', va='center', color=colour)
    axes.set(xticks=GRADES, yticks=GRADES, xlabel=names[0], ylabel=names[1])


@figure_style()
def confusion_figure(panels: Sequence[tuple[str, np.ndarray]], names: tuple[str, str]) -> Figure:
    """Draw confusion matrices side by side; panels are titles and (n, 2) arrays of grades."""
    figure = _side_by_side(panels)
    for axes, (_, grades) in zip(figure.axes, panels, strict=True):
        draw_confusion(axes, *grades.T.astype(int), names)
    return figure


@figure_style()
def differences_figure(panels: Sequence[tuple[str, np.ndarray]], label: str) -> Figure:
    """Draw Bland–Altman plots side by side, with the same axis limits.

    Panels are titles and (n, 2) arrays of counts.
    """
    figure = _side_by_side(panels)
    largest = 1 + 1.1 * max(_largest_difference(*counts.T) for _, counts in panels)
    for axes, (_, counts) in zip(figure.axes, panels, strict=True):
        draw_differences(axes, *counts.T, largest, label)
    return figure


def _compare(pairs: Sequence[Pair]) -> tuple[str, list[Chart]]:
    """Return a title with the names of two raters, and charts of their grades and counts."""
    first, second = pairs[0].first, pairs[0].second
    with_model = pairs[0].comparison == 'model'
    # Figures do not show the names, which may be long or have letters that the font lacks.
    one, other = ('model', 'rater') if with_model else ('first', 'second')
    grades, counts = (
        [
            (f'{len(pair.items)} {_UNITS[pair.level]}', pair.numbers)
            for pair in pairs
            if pair.quantity == quantity
        ]
        for quantity in ('potter', 'count')
    )
    charts = []
    if grades:
        numbers = '; '.join(f'{name}: {_shares(*both.T)}' for name, both in grades)
        charts.append(
            draw_chart(
                'Potter grades',
                f'Confusion matrices of the Potter grades of {first} and {second}. {numbers}',
                f'Columns: {first}; rows: {second}. Colour: proportion of the row.',
                confusion_figure(grades, (f'{one}’s grade', f'{other}’s grade')),
            )
        )
    if counts:
        numbers = '; '.join(f'{name}: {_spread(*both.T)}' for name, both in counts)
        charts.append(
            draw_chart(
                'Differences between counts',
                f'Bland–Altman plots of the counts of {first} and {second}. {numbers}',
                f'Differences ({first} − {second}) against means. Solid line: bias; dashed lines: '
                '95 % limits of agreement.',
                differences_figure(counts, f'{one} − {other}'),
            )
        )
    return f'{first.capitalize() if with_model else first} and {second}', charts


def _shares(first: np.ndarray, second: np.ndarray) -> str:
    difference = np.abs(first - second)
    same, one = (np.count_nonzero(difference == grades) for grades in (0, 1))
    more = len(difference) - same - one
    return f'{same} have the same grade, {one} differ by one, {more} by more'


def _spread(first: np.ndarray, second: np.ndarray) -> str:
    difference = first - second
    return (
        f'differences from {difference.min():.1f} to {difference.max():.1f} with a mean of '
        f'{difference.mean():.1f}'
    )


def _largest_difference(first: np.ndarray, second: np.ndarray) -> float:
    """Return the largest absolute difference or limit of agreement."""
    limits = limits_of_agreement(first, second)
    return float(np.nanmax(np.abs([*(first - second), limits.low, limits.high])))


def _side_by_side(panels: Sequence[tuple[str, np.ndarray]]) -> Figure:
    """Return a figure with axes placed in inches: a layout engine would double the time."""
    figure = new_figure(_SIZE * len(panels), _SIZE, PAPER)
    for n, (title, _) in enumerate(panels):
        axes = figure.add_axes(panel_box(figure, _SIZE * n + 0.75, 0.35, 2.6, 2.6))
        axes.set_title(title, fontsize=10)
    return figure
