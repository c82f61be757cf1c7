import numpy as np
import pytest
from scipy.special import ndtr

from pvs_workflow.lab.training.conformal import (
    error_quantiles,
    fill_levels,
    fit_growth,
    shared_correlation,
    tail_end,
)


def test_a_new_error_lies_beyond_the_end_as_rarely_as_said():
    rng = np.random.default_rng(0)
    beyond = [
        rng.standard_normal() > tail_end(rng.standard_normal(39), 0.05, upper=True)
        for _ in range(8000)
    ]
    assert np.mean(beyond) == pytest.approx(0.05, abs=0.008)


def test_too_few_errors_give_the_extreme():
    assert tail_end([3.0, 1.0], 0.05, upper=True) == 3.0
    assert tail_end([3.0, 1.0], 0.05, upper=False) == 1.0


def test_poor_levels_join_their_poorer_neighbour():
    true = np.repeat([0, 5, 15, 30, 50], [30, 40, 5, 25, 60])
    assert fill_levels(true, (0, 1, 11, 21, 41)) == (0, 1, 11, 41)
    assert fill_levels(true[:35], (0, 1, 11, 21, 41)) == (0,)
    assert fill_levels(np.repeat([0, 5], 20), (0, 1, 11, 21, 41)) == (0, 1)


def test_growth_never_falls_and_starts_at_one():
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


def test_errors_are_known_where_they_were_seen():
    places = np.linspace(0, 10, 400)
    centres, quantiles = error_quantiles(places, places)
    assert len(centres) == 8
    assert [np.median(row) for row in quantiles] == pytest.approx(centres)
    assert len(error_quantiles([1.0], [2.0])[0]) == 1
    # Images that cannot be told apart share one distribution.
    assert error_quantiles(np.arange(80.0), np.zeros(80))[0] == [0.0]


def test_correlation_within_groups():
    rng = np.random.default_rng(2)
    groups = np.repeat(np.arange(500), 6)
    both = np.repeat(rng.standard_normal(500), 6)
    numbers = np.sqrt(0.3) * both + np.sqrt(0.7) * rng.standard_normal(3000)
    assert shared_correlation(ndtr(numbers), groups) == pytest.approx(0.3, abs=0.05)
    assert shared_correlation(ndtr(numbers), range(3000)) == 0
    assert shared_correlation(ndtr(numbers), rng.permutation(groups)) < 0.05
