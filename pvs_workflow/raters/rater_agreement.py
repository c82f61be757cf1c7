"""Compute the agreement between raters and model for each pair, level and quantity."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations, product

import numpy as np
import pandas as pd

from pvs_workflow.derivatives.columns import column_names
from pvs_workflow.raters.matching import IMAGE, PERSON, Item, MatchedRatings
from pvs_workflow.science.agreement import (
    intraclass_correlation,
    limits_of_agreement,
    weighted_kappa,
)

MODEL = 'model'
"""Name of the model in a pair."""
_QUANTITIES = ('count', 'potter')


@dataclass(frozen=True)
class Pair:
    """Two raters, or all raters, and the items that each of them rated.

    Attributes
    ----------
    level : {'image', 'person'}
    comparison : {'model', 'raters', 'all'}
        ``model`` compares the model with a rater, ``raters`` two raters, ``all`` all raters.
    first, second : str
        Names of the raters, or :data:`MODEL`; None for ``all``.
    quantity : {'count', 'potter'}
    items : tuple of n Item
        Rated items, sorted.
    numbers : (n, 2) array
        Values of the first and the second rater; (n, k) for all k raters.
    n_failed : int
        Number of items left out because the model's result failed quality control.

    """

    level: str
    comparison: str
    first: str | None
    second: str | None
    quantity: str
    items: tuple[Item, ...]
    numbers: np.ndarray
    n_failed: int


def pair_raters(matched: MatchedRatings) -> list[Pair]:
    """Pair the model with each rater and the raters with each other.

    Pairs without common items are omitted.

    Parameters
    ----------
    matched : MatchedRatings

    Returns
    -------
    list of Pair
        Pairs by level: first those with the model, then those of raters by name, then all raters
        together if there are more than two.

    """
    pairs = []
    names = [MODEL, *matched.raters]
    indices = range(len(names))
    groups = [*combinations(indices, 2), *([indices[1:]] if len(matched.raters) > 2 else [])]
    for level in (IMAGE, PERSON):
        tables = {quantity: _numbers(matched, level, quantity) for quantity in _QUANTITIES}
        for group, (quantity, table) in product(groups, tables.items()):
            numbers = table[list(group)].dropna()
            with_model = group[0] == 0
            failed = numbers.index.isin(matched.results.failed) & with_model
            valid = numbers[~failed]
            is_pair = len(group) == 2
            pairs.append(
                Pair(
                    level,
                    'model' if with_model else 'raters' if is_pair else 'all',
                    *([names[index] for index in group] if is_pair else (None, None)),
                    quantity,
                    tuple(valid.index),
                    valid.to_numpy(),
                    int(failed.sum()),
                )
            )
    return [pair for pair in pairs if pair.items or pair.n_failed]


def agreement_table(pairs: Sequence[Pair]) -> pd.DataFrame:
    """Make the table ``group_agreement``, with a row for each pair.

    Undefined values are NaN: the ICC of fewer than three items or of constant values, kappa of a
    single grade, and limits of agreement of grades.
    """
    return pd.DataFrame(map(_row, pairs), columns=column_names('group_agreement'))


def _numbers(matched: MatchedRatings, level: str, quantity: str) -> pd.DataFrame:
    """Return the values of a level and quantity, with columns for the model (0) and the raters."""
    scores = [matched.results.scores, *matched.raters.values()]
    items = sorted({item for rater in scores for item in rater if item.level == level})
    columns = {
        index: [getattr(rater[item], quantity) if item in rater else math.nan for item in items]
        for index, rater in enumerate(scores)
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
