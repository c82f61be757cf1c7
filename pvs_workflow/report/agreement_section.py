"""The section of the group's page about agreement with raters and between them."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from pvs_workflow.raters.rated import Rated
from pvs_workflow.raters.rater_agreement import MODEL, Pair
from pvs_workflow.report.agreement_charts import confusion_figure, differences_figure
from pvs_workflow.report.labels import short_labels
from pvs_workflow.report.sections import Chart, GroupSection, draw_chart

MAX_PAIRS = 15
"""Pairs that are drawn (all those of five raters and the model); the table has all."""

_NAME_LENGTH = 30
_THINGS = {'image': 'images', 'person': 'T2w'}


def agreement_section(rated: Rated, pairs: Sequence[Pair], table: pd.DataFrame) -> GroupSection:
    """Show the statistics of agreement, and charts of every pair.

    Parameters
    ----------
    rated : Rated
    pairs : sequence of Pair
        From :func:`pvs_workflow.raters.rater_agreement.pair_raters`.
    table : DataFrame
        The rows of ``group_agreement.tsv``.

    """
    names = [MODEL, *rated.raters]
    short = dict(zip(names, short_labels(names, _NAME_LENGTH), strict=True))
    shown = table.assign(**{side: table[side].map(short) for side in ('first', 'second')})
    # The model's pairs first.
    groups: dict[tuple[str, str, str], list[Pair]] = {}
    for pair in sorted(pairs, key=lambda pair: pair.comparison):
        if pair.items and pair.comparison != 'all':
            named = replace(pair, first=short[pair.first], second=short[pair.second])
            groups.setdefault((pair.comparison, named.first, named.second), []).append(named)
    return GroupSection(
        anchor='agreement',
        title='Agreement with raters',
        template='agreement.html.j2',
        context={
            'tables': [
                (title, shown[shown['level'] == level].to_dict('records'))
                for level, title in (('image', 'Images'), ('person', 'Whole T2w'))
            ],
            'rated': rated,
            'comparisons': [_compare(group) for group in list(groups.values())[:MAX_PAIRS]],
            'not_drawn': max(0, len(groups) - MAX_PAIRS),
        },
    )


def _compare(pairs: Sequence[Pair]) -> tuple[str, list[Chart]]:
    """Name two raters, and draw their grades and counts."""
    first, second = pairs[0].first, pairs[0].second
    with_model = pairs[0].comparison == 'model'
    # Names may be long, or in letters that the figures' font lacks: they stay out of figures.
    one, other = ('model', 'rater') if with_model else ('first', 'second')
    charts = []
    if grades := [pair for pair in pairs if pair.quantity == 'potter']:
        numbers = '; '.join(f'of {_n(pair)}, {_shares(pair)}' for pair in grades)
        charts.append(
            draw_chart(
                'Potter grades',
                f'Confusion matrices of the Potter grades of {first} and {second}: {numbers}',
                f'Columns: {first}; rows: {second}. Colour: share of the row.',
                confusion_figure(_titled(grades), (f'{one}’s grade', f'{other}’s grade')),
            )
        )
    if counts := [pair for pair in pairs if pair.quantity == 'count']:
        numbers = '; '.join(f'of {_n(pair)}, {_spread(pair)}' for pair in counts)
        charts.append(
            draw_chart(
                'Differences of counts',
                f'Bland–Altman plots of the counts of {first} and {second}: {numbers}',
                f'Differences ({first} − {second}) over means. Solid line: bias; dashed lines: '
                '95 % limits of agreement.',
                differences_figure(_titled(counts), f'{one} − {other}'),
            )
        )
    return f'{first.capitalize() if with_model else first} and {second}', charts


def _titled(pairs: Sequence[Pair]) -> list[tuple[str, np.ndarray]]:
    return [(_n(pair), pair.numbers) for pair in pairs]


def _n(pair: Pair) -> str:
    return f'{len(pair.items)} {_THINGS[pair.level]}'


def _shares(pair: Pair) -> str:
    apart = np.abs(pair.numbers[:, 0] - pair.numbers[:, 1])
    same, one = (np.count_nonzero(apart == grades) for grades in (0, 1))
    return f'{same} have the same grade, {one} differ by one, {len(apart) - same - one} by more'


def _spread(pair: Pair) -> str:
    difference = pair.numbers[:, 0] - pair.numbers[:, 1]
    return (
        f'differences from {difference.min():.1f} to {difference.max():.1f} with a mean of '
        f'{difference.mean():.1f}'
    )
