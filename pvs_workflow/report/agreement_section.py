"""The section of the group's page about agreement with raters and between them."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from pvs_workflow.raters.rated import Rated
from pvs_workflow.raters.rater_agreement import MODEL, Pair
from pvs_workflow.report.agreement_charts import confusion_figure, differences_figure
from pvs_workflow.report.embed import svg_uri
from pvs_workflow.report.saving import svg_bytes
from pvs_workflow.report.sections import GroupSection

MOST_PAIRS = 15
"""Pairs that are drawn (all those of five raters and the model); the table has all."""

_NAME_LENGTH = 30
_DOTS_PER_INCH = 110
_THINGS = {'image': 'images', 'person': 'T2w'}


@dataclass(frozen=True)
class Drawing:
    """A figure, ready for the page."""

    title: str
    alt: str
    caption: str
    uri: str


@dataclass(frozen=True)
class Comparison:
    """Two who rated the same, and their figures."""

    title: str
    drawings: tuple[Drawing, ...]


def agreement_section(rated: Rated, pairs: Sequence[Pair], table: pd.DataFrame) -> GroupSection:
    """Show the statistics of agreement, and figures of every pair.

    Parameters
    ----------
    rated : Rated
    pairs : sequence of Pair
        From :func:`pvs_workflow.raters.rater_agreement.pair_raters`.
    table : DataFrame
        The rows of ``group_agreement.tsv``.

    Returns
    -------
    GroupSection

    """
    short = shorten_names([MODEL, *rated.raters])
    shown = table.assign(**{side: table[side].map(short) for side in ('first', 'second')})
    pairs = [replace(p, first=short[p.first], second=short[p.second]) for p in pairs]
    together = _by_names(pairs)
    drawn = list(together.items())[:MOST_PAIRS]
    return GroupSection(
        anchor='agreement',
        title='Agreement with raters',
        template='agreement.html.j2',
        context={
            'tables': [
                (title, shown[shown['level'] == level].to_dict('records'))
                for level, title in (('image', 'Images'), ('person', 'Whole T2w'))
            ],
            'raters': [(name, len(scores)) for name, scores in rated.raters.items()],
            'notes': _notes(rated),
            'comparisons': [_comparison(names, own) for (_, *names), own in drawn],
            'not_drawn': len(together) - len(drawn),
        },
    )


def shorten_names(names: Sequence[str]) -> dict[str, str]:
    """Return names that fit into a table, no two alike.

    Examples
    --------
    >>> list(shorten_names(['Anna', 'x' * 99, 'x' * 98]).values())[1:]
    ['xxxxxxxxxxxxxxxxxxxxxxxxxxxxx… (2)', 'xxxxxxxxxxxxxxxxxxxxxxxxxxxxx… (3)']

    """
    return {
        name: name if len(name) <= _NAME_LENGTH else f'{name[: _NAME_LENGTH - 1]}… ({place})'
        for place, name in enumerate(names, start=1)
    }


def _by_names(pairs: Sequence[Pair]) -> dict[tuple[str, str, str], list[Pair]]:
    """Sort pairs with something to show by who they are, the model's first."""
    out: dict[tuple[str, str, str], list[Pair]] = {}
    for pair in sorted(pairs, key=lambda pair: pair.comparison):
        if pair.items:
            out.setdefault((pair.comparison, pair.first, pair.second), []).append(pair)
    return out


def _comparison(names: Sequence[str], pairs: Sequence[Pair]) -> Comparison:
    first, second = names
    with_model = pairs[0].comparison == 'model'
    counts = [pair for pair in pairs if pair.quantity == 'count']
    grades = [pair for pair in pairs if pair.quantity == 'potter']
    # Names may be long, or in letters that the figures' font lacks: they stay out of figures.
    who = ('model', 'rater') if with_model else ('first', 'second')
    drawings = []
    if grades:
        figure = confusion_figure(_titled(grades), (f'{who[0]}’s grade', f'{who[1]}’s grade'))
        said = '; '.join(f'of {_n(pair)}, {_shares(pair)}' for pair in grades)
        alt = f'Confusion matrices of the Potter grades of {first} and {second}: {said}'
        caption = f'Columns: {first}; rows: {second}. Colour: share of the row.'
        drawings.append(_drawing('Potter grades', alt, caption, figure))
    if counts:
        figure = differences_figure(_titled(counts), f'{who[0]} − {who[1]}')
        said = '; '.join(f'of {_n(pair)}, {_spread(pair)}' for pair in counts)
        alt = f'Bland–Altman plots of the counts of {first} and {second}: {said}'
        caption = (
            f'Differences ({first} − {second}) over means. Solid line: bias; dashed lines: 95 % '
            'limits of agreement.'
        )
        drawings.append(_drawing('Differences of counts', alt, caption, figure))
    title = f'{first.capitalize() if with_model else first} and {second}'
    return Comparison(title, tuple(drawings))


def _drawing(title: str, alt: str, caption: str, figure: Figure) -> Drawing:
    uri = svg_uri(svg_bytes(figure, dpi=_DOTS_PER_INCH).decode('utf-8'))
    return Drawing(title, alt, caption, uri)


def _titled(pairs: Sequence[Pair]) -> list[tuple[str, np.ndarray]]:
    return [(_n(pair), pair.numbers) for pair in pairs]


def _n(pair: Pair) -> str:
    return f'{len(pair.items)} {_THINGS[pair.level]}'


def _shares(pair: Pair) -> str:
    apart = np.abs(pair.numbers[:, 0] - pair.numbers[:, 1])
    same, one = (int(np.count_nonzero(apart == grades)) for grades in (0, 1))
    return f'{same} have the same grade, {one} differ by one, {len(apart) - same - one} by more'


def _spread(pair: Pair) -> str:
    difference = pair.numbers[:, 0] - pair.numbers[:, 1]
    return (
        f'differences from {difference.min():.1f} to {difference.max():.1f} with a mean of '
        f'{difference.mean():.1f}'
    )


def _notes(rated: Rated) -> list[str]:
    """Tell what was left out, one sentence each."""
    wholes = sum(item.level == 'person' for item in rated.results.failed)
    images = len(rated.results.failed) - wholes
    notes = [
        (
            rated.n_missing,
            f'Rows without a rating (n/a): {rated.n_missing}.',
        ),
        (
            rated.n_unknown,
            f'Ratings that belong to no usable result: {rated.n_unknown}.',
        ),
        (
            rated.n_other,
            f'Ratings of images that are not among the six: {rated.n_other}.',
        ),
        (
            rated.n_incomplete,
            'T2w of which a rater has rated some, but not all six images, so that they have no '
            f'grade of the whole: {rated.n_incomplete}.',
        ),
        (
            len(rated.results.failed),
            f'Results that failed quality control, and are compared with no rater: {images} '
            f'images, {wholes} whole T2w.',
        ),
    ]
    return [note[1] for note in notes if note[0]]
