import numpy as np
import pytest
from scipy.special import ndtr

from pvs_workflow.lab.training.conformal import (
    error_quantiles,
    fit_growth,
    merge_levels,
    shared_correlation,
    tail_quantile,
)


def test_a_new_error_exceeds_the_quantile_with_the_given_probability():
    rng = np.random.default_rng(0)
    beyond = [
        rng.standard_normal() > tail_quantile(rng.standard_normal(39), 0.05, upper=True)
        for _ in range(8000)
    ]
    assert np.mean(beyond) == pytest.approx(0.05, abs=0.008)


def test_too_few_errors_give_the_extreme_one():
    assert tail_quantile([3.0, 1.0], 0.05, upper=True) == 3.0
    assert tail_quantile([3.0, 1.0], 0.05, upper=False) == 1.0


def test_small_levels_are_merged_with_their_smaller_neighbour():
    true = np.repeat([0, 5, 15, 30, 50], [30, 40, 5, 25, 60])
    assert merge_levels(true, (0, 1, 11, 21, 41)) == (0, 1, 11, 41)
    assert merge_levels(true[:35], (0, 1, 11, 21, 41)) == (0,)
    assert merge_levels(np.repeat([0, 5], 20), (0, 1, 11, 21, 41)) == (0, 1)


def test_growth_starts_at_one_and_never_decreases():
    rng = np.random.default_rng(3)
    difficulty = rng.random(1000)
    errors = rng.standard_normal(1000) * (1 + difficulty)
    knots, *growth = fit_growth(errors, difficulty)
    assert (np.diff(knots) > 0).all()
    for factors in growth:
        assert factors[0] == 1
        assert 1.3 < factors[-1] < 2.3
        assert (np.diff(factors) >= 0).all()
    assert fit_growth(np.zeros(1000), difficulty)[2] == (1.0,) * 5
    assert fit_growth(np.ones(99), np.arange(99))[2] == (1.0,)
    assert fit_growth(np.ones(200), np.zeros(200)) == ((0.0,), (1.0,), (1.0,))


def test_quantiles_follow_the_predicted_counts():
    predicted = np.linspace(0, 10, 400)
    centres, quantiles = error_quantiles(predicted, predicted)
    assert len(centres) == 8
    assert [np.median(row) for row in quantiles] == pytest.approx(centres)
    assert len(error_quantiles([1.0], [2.0])[0]) == 1
    # Parts with the same prediction share one distribution.
    assert error_quantiles(np.arange(80.0), np.zeros(80))[0] == [0.0]


def test_correlation_within_groups():
    rng = np.random.default_rng(2)
    groups = np.repeat(np.arange(500), 6)
    shared = np.repeat(rng.standard_normal(500), 6)
    numbers = np.sqrt(0.3) * shared + np.sqrt(0.7) * rng.standard_normal(3000)
    assert shared_correlation(ndtr(numbers), groups) == pytest.approx(0.3, abs=0.05)
    assert shared_correlation(ndtr(numbers), range(3000)) == 0
    assert shared_correlation(ndtr(numbers), rng.permutation(groups)) < 0.05
