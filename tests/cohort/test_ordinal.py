"""The model is tested on known odds ratios, against statsmodels, and on data without a model."""

import numpy as np
import pandas as pd
import pytest
from statsmodels.miscmodels.ordinal_model import OrderedModel

from pvs_workflow.cohort.ordinal import fit_grades


def simulate(n=400, age=0.4, male=-0.3, patient=1.0, seed=1):
    """Simulate grades from a proportional-odds model with these log odds ratios."""
    rng = np.random.default_rng(seed)
    people = pd.DataFrame(
        {
            'age': rng.normal(65, 10, n).round(1),
            'sex': rng.choice(['female', 'male'], n, p=[0.6, 0.4]),
            'group': rng.choice(['control', 'patient'], n, p=[0.6, 0.4]),
        },
        index=[f'sub-{number:04d}' for number in range(n)],
    )
    log = (
        age * (people['age'] - 65) / 10
        + male * (people['sex'] == 'male')
        + patient * (people['group'] == 'patient')
        + rng.logistic(size=n)
    )
    grades = pd.Series(np.searchsorted([-2, 0, 1.5, 3], log), index=people.index)
    return grades, people


def terms_by_name(fit):
    return {term.name: term for term in fit.terms}


def test_known_odds_ratios_are_recovered():
    terms = terms_by_name(fit_grades(*simulate(20_000)))
    assert terms['age, per 10 years'].ratio == pytest.approx(np.exp(0.4), rel=0.05)
    assert terms['sex, male against female'].ratio == pytest.approx(np.exp(-0.3), rel=0.08)
    assert terms['group, patient against control'].ratio == pytest.approx(np.exp(1.0), rel=0.08)


def test_intervals_cover_the_true_value():
    covered = []
    for seed in range(40):
        terms = terms_by_name(fit_grades(*simulate(120, seed=seed)))
        term = terms['group, patient against control']
        covered.append(term.low < np.e < term.high)
    assert np.mean(covered) > 0.87


def test_the_fit_agrees_with_statsmodels():
    grades, people = simulate()
    table = pd.DataFrame(
        {
            'age': people['age'] / 10,
            'male': (people['sex'] == 'male') * 1.0,
            'patient': (people['group'] == 'patient') * 1.0,
        }
    )
    fitted = OrderedModel(grades, table, distr='logit').fit(method='bfgs', disp=False, maxiter=900)
    expected = np.exp(pd.concat([fitted.params, fitted.conf_int()], axis=1).iloc[:3].to_numpy())
    intervals = [[term.ratio, term.low, term.high] for term in fit_grades(grades, people).terms]
    np.testing.assert_allclose(intervals, expected, rtol=2e-3)
    p = [term.p for term in fit_grades(grades, people).terms]
    np.testing.assert_allclose(p, fitted.pvalues[:3], atol=2e-3)


def test_two_grades_give_a_logistic_regression():
    from statsmodels.api import Logit, add_constant

    grades, people = simulate()
    binary = (grades > 1).astype(int) * 3
    people = people[['age']]
    expected = Logit(binary > 0, add_constant(people['age'] / 10)).fit(disp=False)
    (term,) = fit_grades(binary, people).terms
    assert term.ratio == pytest.approx(np.exp(expected.params['age']), rel=1e-3)


def test_order_of_people_does_not_matter():
    grades, people = simulate()
    order = np.random.default_rng(5).permutation(len(people))
    one, two = fit_grades(grades, people), fit_grades(grades.iloc[order], people.iloc[order])
    for a, b in zip(one.terms, two.terms, strict=True):
        assert a.name == b.name
        assert (a.ratio, a.low, a.high) == pytest.approx((b.ratio, b.low, b.high), rel=1e-3)


def test_people_with_missing_values_are_left_out_and_counted():
    grades, people = simulate()
    incomplete = people.copy()
    incomplete.loc[incomplete.index[:30], 'age'] = np.nan
    incomplete.loc[incomplete.index[20:40], 'sex'] = None
    fit = fit_grades(grades, incomplete)
    assert fit.people == 360
    assert '40 participants with a missing value are left out.' in fit.notes
    expected = fit_grades(grades[40:], people[40:])
    assert [term.ratio for term in fit.terms] == pytest.approx([t.ratio for t in expected.terms])


def test_people_of_small_levels_are_left_out():
    grades, people = simulate()
    people.loc[people.index[:4], 'group'] = 'rare <b>'
    fit = fit_grades(grades, people)
    assert fit.people == 396
    assert 'group “rare <b>” has fewer than 5 participants, who are left out.' in fit.notes
    assert len(fit.terms) == 3


def test_constant_variables_are_left_out():
    grades, people = simulate()
    people['sex'], people['age'] = 'female', 60.0
    fit = fit_grades(grades, people)
    assert [term.name for term in fit.terms] == ['group, patient against control']
    assert 'sex is the same for everyone: left out.' in fit.notes
    assert 'age is the same for everyone: left out.' in fit.notes


def test_a_variable_with_too_many_levels_is_left_out():
    grades, people = simulate()
    people['group'] = [f'g{number % 11}' for number in range(len(people))]
    fit = fit_grades(grades, people)
    assert 'group has 11 levels, more than 10: left out.' in fit.notes
    assert len(fit.terms) == 2


def separated():
    """Return data in which patients have grade 4, and controls lower grades."""
    grades, people = simulate()
    patient = people['group'] == 'patient'
    return grades.clip(upper=3).mask(patient, 4), people[['group']]


def collinear():
    grades, people = simulate()
    people['group'] = people['sex'].map({'male': 'a', 'female': 'b'})
    return grades, people


@pytest.mark.parametrize(
    ('data', 'message'),
    [
        (
            lambda: simulate(25),
            'need at least 30 participants without missing values, but there are 25',
        ),
        (lambda: simulate(1), 'are unknown or the same for everyone'),
        (separated, 'separates the grades completely'),
        (collinear, 'one variable is determined by the others'),
        (lambda: (simulate()[0] * 0, simulate()[1]), 'everyone has the same grade'),
        (lambda: (simulate()[0], simulate()[1][[]]), 'are unknown or the same for everyone'),
        (
            lambda: (simulate()[0], simulate()[1].assign(age=np.nan)),
            'are unknown or the same for everyone',
        ),
    ],
)
def test_a_missing_model_is_explained(data, message):
    fit = fit_grades(*data())
    assert fit.terms == ()
    assert message in fit.problem
    assert fit.problem.startswith('No model was fitted: ')
