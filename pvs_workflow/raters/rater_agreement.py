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

LEVELS = (IMAGE, PERSON)
QUANTITIES = ('count', 'potter')
MODEL = 'model'


@dataclass(frozen=True)
class Pair:
    """Two who have rated the same.

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

    They come by level and quantity; the model's pairs first, then by name.
    """
    pairs = []
    names = [MODEL, *rated.raters]
    for level, quantity in product(LEVELS, QUANTITIES):
        numbers = _numbers(rated, level, quantity)
        failed = numbers.index.isin(rated.results.failed)
        for first, second in combinations(range(len(names)), 2):
            both = numbers[[first, second]].notna().all(axis=1).to_numpy()
            left_out = both & failed if first == 0 else np.zeros_like(both)
            used = numbers.loc[both & ~left_out, [first, second]]
            pairs.append(
                Pair(
                    level,
                    'raters' if first else 'model',
                    names[first],
                    names[second],
                    quantity,
                    tuple(used.index),
                    used.to_numpy(),
                    int(left_out.sum()),
                )
            )
    return [pair for pair in pairs if pair.items or pair.n_failed]


def agreement_table(rated: Rated, pairs: Sequence[Pair]) -> pd.DataFrame:
    """Make the table ``group_agreement``.

    It has a row for each pair and, with more than two raters, one for all of them together: of
    what each of them has rated. What is undefined is NaN: the ICC of fewer than three things, or
    where nothing varies; kappa where there is one grade only; limits of grades.
    """
    compared = list(pairs)
    if len(rated.raters) > 2:
        for level, quantity in product(LEVELS, QUANTITIES):
            all_of_them = _numbers(rated, level, quantity).drop(columns=0).dropna()
            items, numbers = tuple(all_of_them.index), all_of_them.to_numpy()
            compared.append(Pair(level, 'all', None, None, quantity, items, numbers, 0))
    rows = [_row(pair) for pair in compared if pair.items or pair.n_failed]
    table = pd.DataFrame(rows, columns=column_names('group_agreement'))
    order = table['comparison'].map({'model': 0, 'raters': 1, 'all': 2})
    by = ['level', 'order', 'first', 'second', 'quantity']
    return table.assign(order=order).sort_values(by, ignore_index=True).drop(columns='order')


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
