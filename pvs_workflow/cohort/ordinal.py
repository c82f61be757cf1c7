"""Fit a proportional-odds model of Potter grades by age, sex and group."""

import warnings
from dataclasses import dataclass

import numpy as np
import pandas as pd

PARTICIPANTS_PER_TERM = 10
"""Minimum number of people per term of the model (Peduzzi et al. 1996, J Clin Epidemiol 49:1373,
for logistic regression)."""

MIN_PARTICIPANTS = 20
"""Minimum number of people for any model."""

MIN_IN_LEVEL = 5
"""Minimum number of people in a level of sex or group; people of smaller levels are left out."""

MAX_LEVELS = 10
"""Maximum number of levels of sex or group; a variable with more levels is left out."""

DECADE = 10.0
"""Unit of age in the model, years."""

_MAX_LOG_ODDS = 10.0
"""Maximum log odds ratio or standard error; a larger value (an odds ratio over 22,000) means that
the grades are separated, so the odds ratio cannot be estimated."""


@dataclass(frozen=True)
class Term:
    """The odds ratio of a higher grade, per 10 years of age or between two levels.

    ``low`` and ``high`` are its 95 % Wald interval.
    """

    name: str
    ratio: float
    low: float
    high: float
    p: float


@dataclass(frozen=True)
class OrdinalFit:
    """A fitted model, or the reason why no model was fitted.

    Attributes
    ----------
    people : int
        Number of people in the model.
    terms : tuple of Term
        Terms of the model; empty without a model.
    notes : tuple of str
        A sentence for each variable or group of people that was left out.
    problem : str
        A sentence that explains why no model was fitted; empty otherwise.

    """

    people: int
    terms: tuple[Term, ...] = ()
    notes: tuple[str, ...] = ()
    problem: str = ''


def fit_grades(grades: pd.Series, people: pd.DataFrame) -> OrdinalFit:
    """Fit a cumulative logit model with proportional odds to Potter grades.

    The model (McCullagh 1980, J R Stat Soc B 42:109) is fitted with statsmodels' ``OrderedModel``
    and has thresholds only for grades that occur. People with a missing value are left out. If
    the data do not allow a fit, the result says why; they never raise an error.

    Parameters
    ----------
    grades : Series
        Grade of each person, 0–4.
    people : DataFrame
        Any of the columns ``age`` (years), ``sex`` and ``group``, with the index of ``grades``.

    Returns
    -------
    OrdinalFit

    """
    variables = [name for name in ('age', 'sex', 'group') if name in people]
    rows = people[variables].assign(potter=grades).dropna()
    notes = []
    if len(rows) < len(people):
        notes.append(f'{len(people) - len(rows)} participants with a missing value are left out.')
    table = pd.DataFrame(index=rows.index)
    for name in variables:
        if name == 'age':
            table['age, per 10 years'] = rows['age'].astype(float) / DECADE
            continue
        columns, level_notes = _compare_levels(rows[name], name)
        notes += level_notes
        # People of levels that are too small are left out of the whole model.
        rows = rows.loc[columns.index]
        table = table.loc[columns.index].join(columns)
    constant = [name for name in table if len(table) == 0 or np.ptp(table[name]) == 0]
    notes += [f'{name.split(",", 1)[0]} is the same for everyone: left out.' for name in constant]
    table = table.drop(columns=constant)
    problem, terms = _reason_not_to_fit(table, rows['potter']), ()
    if not problem:
        terms, problem = _fit(rows['potter'], table)
    return OrdinalFit(len(rows), terms, tuple(notes), problem)


def _compare_levels(values: pd.Series, name: str) -> tuple[pd.DataFrame, list[str]]:
    """Return indicator columns of all levels except the largest, and notes on what is left out."""
    sizes = values.value_counts()
    if len(sizes) > MAX_LEVELS:
        notes = [f'{name} has {len(sizes)} levels, more than {MAX_LEVELS}: left out.']
        return pd.DataFrame(index=values.index), notes
    small = sorted(sizes.index[sizes < MIN_IN_LEVEL])
    notes = [
        f'{name} “{level}” has fewer than {MIN_IN_LEVEL} participants, who are left out.'
        for level in small
    ]
    values = values[~values.isin(small)]
    # The reference is the largest level; of two equally large ones, the first by name.
    levels = sorted(set(sizes.index) - set(small), key=lambda level: (-sizes[level], level))
    if len(levels) < 2 and len(values):
        notes.append(f'{name} is the same for everyone: left out.')
    columns = {
        f'{name}, {level} against {levels[0]}': (values == level).astype(float)
        for level in levels[1:]
    }
    return pd.DataFrame(columns, index=values.index), notes


def _reason_not_to_fit(table: pd.DataFrame, grades: pd.Series) -> str:
    """Return why a model cannot be fitted, or an empty text."""
    n, terms = table.shape
    if not terms:
        return 'No model was fitted: age, sex and group are unknown or the same for everyone.'
    minimum = max(MIN_PARTICIPANTS, PARTICIPANTS_PER_TERM * terms)
    if n < minimum:
        return (
            f'No model was fitted: {terms} terms need at least {minimum} participants without '
            f'missing values, but there are {n}.'
        )
    if grades.nunique() < 2:
        return 'No model was fitted: everyone has the same grade.'
    if np.linalg.matrix_rank(table.to_numpy() - table.to_numpy().mean(axis=0)) < terms:
        return 'No model was fitted: one variable is determined by the others.'
    return ''


def _fit(grades: pd.Series, table: pd.DataFrame) -> tuple[tuple[Term, ...], str]:
    """Return the terms of the model, or none and the reason."""
    from statsmodels.miscmodels.ordinal_model import OrderedModel

    values = table.to_numpy()
    # Standardised terms help the optimiser; odds ratios are reported in the original units.
    scale = values.std(axis=0)
    codes = np.unique(grades.astype(int), return_inverse=True)[1]
    failed = (), 'No model was fitted: the fit did not converge.'
    try:
        with warnings.catch_warnings(), np.errstate(all='ignore'):
            warnings.simplefilter('ignore')
            model = OrderedModel(codes, (values - values.mean(axis=0)) / scale, distr='logit')
            fitted = model.fit(method='bfgs', maxiter=500, disp=False)
            slopes, errors = (
                np.asarray(array)[: len(scale)] / scale for array in (fitted.params, fitted.bse)
            )
            p = np.asarray(fitted.pvalues)[: len(scale)]
    except (ValueError, np.linalg.LinAlgError, FloatingPointError):
        return failed
    if np.isfinite(slopes).all() and (
        not np.isfinite(errors).all() or max(np.abs(slopes).max(), errors.max()) > _MAX_LOG_ODDS
    ):
        return (), (
            'No model was fitted: a variable separates the grades completely, so its odds ratio '
            'is unbounded.'
        )
    if not (fitted.mle_retvals['converged'] and np.isfinite([*slopes, *errors, *p]).all()):
        return failed
    with np.errstate(over='ignore'):
        ends = np.exp(slopes[:, None] + 1.959964 * np.outer(errors, [-1, 1]))
    terms = zip(table.columns, np.exp(slopes), *ends.T, p, strict=True)
    return tuple(Term(name, *map(float, rest)) for name, *rest in terms), ''
