"""Agreement of raters and model: one row of statistics for each pair, level and quantity."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations, product

import numpy as np
import pandas as pd

from pvs_workflow.derivatives.columns import column_names
from pvs_workflow.raters.rated import IMAGE, PERSON, Item, Rated
from pvs_workflow.science.agreement import (
    intraclass_correlation,
    limits_of_agreement,
    weighted_kappa,
)

MODEL = 'model'
_QUANTITIES = ('count', 'potter')


@dataclass(frozen=True)
class Pair:
    """Two raters, or all, and the items that each of them rated.

    Attributes
    ----------
    level : {'image', 'person'}
    comparison : {'model', 'raters', 'all'}
        ``model``: the first is the model. ``all``: all raters together, not two.
    first, second : str
        Names; None for ``all``.
    quantity : {'count', 'potter'}
    items : tuple of n Item
        Sorted.
    numbers : (n, 2) array
        The first's and the second's numbers; (n, k) of k raters for ``all``.
    n_failed : int
        Left out, because the model's result failed quality control.

    """

    level: str
    comparison: str
    first: str | None
    second: str | None
    quantity: str
    items: tuple[Item, ...]
    numbers: np.ndarray
    n_failed: int


def pair_raters(rated: Rated) -> list[Pair]:
    """Pair the model with every rater, and every two raters, where they have rated the same.

    They come by level; the model's pairs first, then those of raters by name and, with more than
    two raters, all of them together: of what each of them has rated.
    """
    pairs = []
    names = [MODEL, *rated.raters]
    places = range(len(names))
    groups = [*combinations(places, 2), *([places[1:]] if len(rated.raters) > 2 else [])]
    for level in (IMAGE, PERSON):
        tables = {quantity: _numbers(rated, level, quantity) for quantity in _QUANTITIES}
        for group, (quantity, table) in product(groups, tables.items()):
            numbers = table[list(group)].dropna()
            with_model = group[0] == 0
            failed = numbers.index.isin(rated.results.failed) & with_model
            used = numbers[~failed]
            of_two = len(group) == 2
            pairs.append(
                Pair(
                    level,
                    'model' if with_model else 'raters' if of_two else 'all',
                    *([names[place] for place in group] if of_two else (None, None)),
                    quantity,
                    tuple(used.index),
                    used.to_numpy(),
                    int(failed.sum()),
                )
            )
    return [pair for pair in pairs if pair.items or pair.n_failed]


def agreement_table(pairs: Sequence[Pair]) -> pd.DataFrame:
    """Make the table ``group_agreement``: a row for each pair, in their order.

    What is undefined is NaN: the ICC of fewer than three things, or where nothing varies; kappa
    where there is one grade only; limits of grades.
    """
    return pd.DataFrame(map(_row, pairs), columns=column_names('group_agreement'))


def _numbers(rated: Rated, level: str, quantity: str) -> pd.DataFrame:
    """Return the numbers of one level and quantity: items by the model (0) and raters (1, …)."""
    scores = [rated.results.scores, *rated.raters.values()]
    items = sorted({item for own in scores for item in own if item.level == level})
    columns = {
        place: [getattr(own[item], quantity) if item in own else math.nan for item in items]
        for place, own in enumerate(scores)
    }
    return pd.DataFrame(columns, index=pd.Index(items, dtype=object), dtype=float)


def _row(pair: Pair) -> dict:
    row = {
        'level': pair.level,
        'comparison': pair.comparison,
        'first': pair.first,
        'second': pair.second,
        'quantity': pair.quantity,
        'n': len(pair.items),
        'n_participants': len({item.participant for item in pair.items}),
        'n_failed': pair.n_failed,
    }
    if not pair.items:
        return row
    icc = intraclass_correlation(pair.numbers)
    row |= {'icc': icc.value, 'icc_low': icc.low, 'icc_high': icc.high}
    if pair.comparison == 'all':
        return row
    first, second = pair.numbers.T
    limits = limits_of_agreement(first, second)
    row |= {'mae': float(np.abs(first - second).mean()), 'bias': limits.bias}
    if pair.quantity == 'count':
        return row | {'limit_low': limits.low, 'limit_high': limits.high}
    kappa = weighted_kappa(first.astype(int), second.astype(int))
    return row | {'kappa': kappa, 'accuracy': float((first == second).mean())}
