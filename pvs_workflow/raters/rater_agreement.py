"""How raters and model agree: one row of statistics for each pair, level and quantity."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import pandas as pd

from pvs_workflow.derivatives.tsv import describe_columns
from pvs_workflow.raters.items import IMAGE, PERSON, Item, Score
from pvs_workflow.raters.rated import Rated
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
    comparison : {'model', 'raters'}
        ``model``: the first is the model.
    first, second : str
        Names.
    quantity : {'count', 'potter'}
    items : tuple of n Item
        Sorted.
    numbers : (n, 2) array
        The first's and the second's numbers.
    n_failed : int
        Left out, because the model's result failed quality control.

    """

    level: str
    comparison: str
    first: str
    second: str
    quantity: str
    items: tuple[Item, ...]
    numbers: np.ndarray
    n_failed: int


def find_pairs(rated: Rated) -> list[Pair]:
    """Pair the model with every rater, and every two raters, where they have rated the same.

    Parameters
    ----------
    rated : Rated

    Returns
    -------
    list of Pair
        By level and quantity; the model's pairs first, then by name.

    """
    out = []
    for level in LEVELS:
        for quantity in QUANTITIES:
            model = _numbers(rated.results.scores, level, quantity)
            people = _all_numbers(rated, level, quantity)
            for name, numbers in people.items():
                common = sorted(set(numbers) & set(model))
                kept = [item for item in common if item not in rated.results.failed]
                out.append(
                    Pair(
                        level,
                        'model',
                        MODEL,
                        name,
                        quantity,
                        tuple(kept),
                        _side_by_side([model, numbers], kept),
                        len(common) - len(kept),
                    )
                )
            for first, second in combinations(people, 2):
                numbers = [people[first], people[second]]
                kept = sorted(set(numbers[0]) & set(numbers[1]))
                values = _side_by_side(numbers, kept)
                out.append(Pair(level, 'raters', first, second, quantity, tuple(kept), values, 0))
    return [pair for pair in out if pair.items or pair.n_failed]


def agreement_table(rated: Rated, pairs: Sequence[Pair]) -> pd.DataFrame:
    """Make the table ``group_agreement``.

    Parameters
    ----------
    rated : Rated
    pairs : sequence of Pair
        From :func:`find_pairs`.

    Returns
    -------
    DataFrame
        A row for each pair and, with more than two raters, one for all of them together: of
        what each of them has rated. What is undefined is NaN: the ICC of fewer than three
        things, or where nothing varies; kappa where there is one grade only; limits of grades.

    """
    rows = [_pair_row(pair) for pair in pairs]
    if len(rated.raters) > 2:
        rows += [_all_row(rated, level, quantity) for level in LEVELS for quantity in QUANTITIES]
    rows = [row for row in rows if row['n'] or row['n_failed']]
    rows.sort(key=_place)
    return pd.DataFrame(rows, columns=list(describe_columns('group_agreement')))


def _place(row: Mapping) -> tuple:
    comparison = ('model', 'raters', 'all').index(row['comparison'])
    return row['level'], comparison, row['first'] or '', row['second'] or '', row['quantity']


def _pair_row(pair: Pair) -> dict:
    first, second = pair.numbers.T
    graded = pair.quantity == 'potter'
    row = {
        'level': pair.level,
        'comparison': pair.comparison,
        'first': pair.first,
        'second': pair.second,
        'quantity': pair.quantity,
        'n': len(pair.items),
        'n_participants': _people(pair.items),
        'n_failed': pair.n_failed,
    }
    if not pair.items:
        return row
    limits = limits_of_agreement(first, second)
    return (
        row
        | _icc(pair.numbers)
        | {
            'kappa': weighted_kappa(first.astype(int), second.astype(int)) if graded else math.nan,
            'accuracy': float(np.mean(first == second)) if graded else math.nan,
            'mae': float(np.mean(np.abs(first - second))),
            'bias': limits.bias,
            'limit_low': math.nan if graded else limits.low,
            'limit_high': math.nan if graded else limits.high,
        }
    )


def _all_row(rated: Rated, level: str, quantity: str) -> dict:
    people = list(_all_numbers(rated, level, quantity).values())
    kept = sorted(set.intersection(*map(set, people)))
    row = {
        'level': level,
        'comparison': 'all',
        'first': None,
        'second': None,
        'quantity': quantity,
        'n': len(kept),
        'n_participants': _people(kept),
        'n_failed': 0,
    }
    return row | _icc(_side_by_side(people, kept)) if kept else row


def _icc(values: np.ndarray) -> dict[str, float]:
    found = intraclass_correlation(values)
    return {'icc': found.value, 'icc_low': found.low, 'icc_high': found.high}


def _numbers(scores: Mapping[Item, Score], level: str, quantity: str) -> dict[Item, float]:
    """Return what is not missing, of one level and quantity."""
    numbers = {
        item: score.count if quantity == 'count' else score.potter
        for item, score in scores.items()
        if item.level == level
    }
    return {item: number for item, number in numbers.items() if not math.isnan(number)}


def _all_numbers(rated: Rated, level: str, quantity: str) -> dict[str, dict[Item, float]]:
    return {name: _numbers(scores, level, quantity) for name, scores in rated.raters.items()}


def _side_by_side(numbers: Sequence[Mapping[Item, float]], items: Sequence[Item]) -> np.ndarray:
    return np.array([[each[item] for each in numbers] for item in items], float).reshape(
        len(items), len(numbers)
    )


def _people(items: Sequence[Item]) -> int:
    return len({item.participant for item in items})
