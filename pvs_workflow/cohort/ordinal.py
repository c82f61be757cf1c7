"""A proportional-odds model of Potter grades on what is known of people."""

import warnings
from dataclasses import dataclass

import numpy as np
import pandas as pd

PARTICIPANTS_PER_TERM = 10
"""People that a model needs for each of its terms (Peduzzi et al. 1996, J Clin Epidemiol
49:1373, for logistic regression)."""

MIN_PARTICIPANTS = 20
MIN_IN_LEVEL = 5
"""People in a level of sex or group from which it is compared."""

MAX_LEVELS = 10
DECADE = 10.0

_FLAT = 10.0
"""A log odds ratio or standard error above this (an odds ratio over 22,000) means that the data
do not hold the estimate: the grades are separated."""


@dataclass(frozen=True)
class Term:
    """The odds ratio of a higher grade, per 10 years or of a level against another.

    ``low`` and ``high`` are its 95 % interval (Wald).
    """

    name: str
    ratio: float
    low: float
    high: float
    p: float


@dataclass(frozen=True)
class OrdinalFit:
    """A fitted model, or why there is none.

    Attributes
    ----------
    people : int
        That the model rests on.
    terms : tuple of Term
        Empty where there is no model.
    notes : tuple of str
        What was left out, and why, one sentence each.
    problem : str
        Why there is no model, in one sentence; empty where there is one.

    """

    people: int
    terms: tuple[Term, ...] = ()
    notes: tuple[str, ...] = ()
    problem: str = ''


def fit_grades(grades: pd.Series, people: pd.DataFrame) -> OrdinalFit:
    """Fit Potter grades by age, sex and group: cumulative logits, proportional odds.

    McCullagh 1980, J R Stat Soc B 42:109, as statsmodels' ``OrderedModel`` fits it. Only grades
    that occur have a threshold. People with a missing value are left out. It never raises for
    what is in the data.

    Parameters
    ----------
    grades : Series
        One for each person, 0–4.
    people : DataFrame
        The same index; any of ``age`` (years), ``sex`` and ``group``.

    """
    known = [name for name in ('age', 'sex', 'group') if name in people]
    rows = people[known].assign(potter=grades).dropna()
    notes = []
    if len(rows) < len(people):
        notes.append(f'{len(people) - len(rows)} people with a missing value are left out.')
    table = pd.DataFrame(index=rows.index)
    for name in known:
        if name == 'age':
            table['age, per 10 years'] = rows['age'].astype(float) / DECADE
            continue
        columns, added = _compare_levels(rows[name], name)
        notes += added
        # People of levels that are too small leave the model as a whole.
        rows = rows.loc[columns.index]
        table = table.loc[columns.index].join(columns)
    flat = [name for name in table if len(table) == 0 or np.ptp(table[name]) == 0]
    notes += [f'{name.split(",", 1)[0]} is the same for everyone: left out.' for name in flat]
    table = table.drop(columns=flat)
    problem, terms = _reason_not_to_fit(table, rows['potter']), ()
    if not problem:
        terms, problem = _fit(rows['potter'], table)
    return OrdinalFit(len(rows), terms, tuple(notes), problem)


def _compare_levels(values: pd.Series, name: str) -> tuple[pd.DataFrame, list[str]]:
    """Return 0 or 1 for each level but the largest, without people of too small levels."""
    sizes = values.value_counts()
    if len(sizes) > MAX_LEVELS:
        notes = [f'{name} has {len(sizes)} levels, more than {MAX_LEVELS}: left out.']
        return pd.DataFrame(index=values.index), notes
    small = sorted(sizes.index[sizes < MIN_IN_LEVEL])
    notes = [
        f'{name} “{level}” has fewer than {MIN_IN_LEVEL} people, who are left out.'
        for level in small
    ]
    values = values[~values.isin(small)]
    # The largest level is compared with; of two equally large ones, the first by name.
    levels = sorted(set(sizes.index) - set(small), key=lambda level: (-sizes[level], level))
    if len(levels) < 2 and len(values):
        notes.append(f'{name} is the same for everyone: left out.')
    columns = {
        f'{name}, {level} against {levels[0]}': (values == level).astype(float)
        for level in levels[1:]
    }
    return pd.DataFrame(columns, index=values.index), notes


def _reason_not_to_fit(table: pd.DataFrame, grades: pd.Series) -> str:
    """Say why a model cannot be tried; nothing where it can."""
    n, terms = table.shape
    if not terms:
        return 'There is no model: nothing that differs between people is known.'
    least = max(MIN_PARTICIPANTS, PARTICIPANTS_PER_TERM * terms)
    if n < least:
        return (
            f'There is no model: {terms} terms need at least {least} people with all '
            f'values, received {n}.'
        )
    if grades.nunique() < 2:
        return 'There is no model: everyone has the same grade.'
    if np.linalg.matrix_rank(table.to_numpy() - table.to_numpy().mean(axis=0)) < terms:
        return 'There is no model: one variable follows from the others.'
    return ''


def _fit(grades: pd.Series, table: pd.DataFrame) -> tuple[tuple[Term, ...], str]:
    """Return the terms of the model, or none and why."""
    from statsmodels.miscmodels.ordinal_model import OrderedModel

    values = table.to_numpy()
    # A common scale keeps the optimiser straight; odds ratios are told on the terms' own.
    scale = values.std(axis=0)
    codes = np.unique(grades.astype(int), return_inverse=True)[1]
    failed = (), 'There is no model: the fit did not converge.'
    try:
        with warnings.catch_warnings(), np.errstate(all='ignore'):
            warnings.simplefilter('ignore')
            model = OrderedModel(codes, (values - values.mean(axis=0)) / scale, distr='logit')
            fitted = model.fit(method='bfgs', maxiter=500, disp=False)
            slopes, errors = (
                np.asarray(part)[: len(scale)] / scale for part in (fitted.params, fitted.bse)
            )
            p = np.asarray(fitted.pvalues)[: len(scale)]
    except (ValueError, np.linalg.LinAlgError, FloatingPointError):
        return failed
    if np.isfinite(slopes).all() and (
        not np.isfinite(errors).all() or max(np.abs(slopes).max(), errors.max()) > _FLAT
    ):
        return (), (
            'There is no model: a variable parts the grades completely (separation), so that its '
            'odds ratio has no limit.'
        )
    if not (fitted.mle_retvals['converged'] and np.isfinite([*slopes, *errors, *p]).all()):
        return failed
    with np.errstate(over='ignore'):
        ends = np.exp(slopes[:, None] + 1.959964 * np.outer(errors, [-1, 1]))
    terms = zip(table.columns, np.exp(slopes), *ends.T, p, strict=True)
    return tuple(Term(name, *map(float, rest)) for name, *rest in terms), ''
