import numpy as np
import pytest
from scipy.special import ndtr

from pvs_workflow.uncertainty.copula import all_below, shared_correlation


@pytest.mark.parametrize('correlation', [0.0, 0.2, 0.5, 0.9])
def test_all_below_agrees_with_a_monte_carlo(correlation):
    rng = np.random.default_rng(1)
    shared = np.sqrt(correlation) * rng.standard_normal((200_000, 1))
    numbers = shared + np.sqrt(1 - correlation) * rng.standard_normal((200_000, 6))
    limits = np.array([1.5, 0.2, 1.0, 2.0, 0.8, 3.0])
    alone = (numbers < limits).mean(axis=0)
    expected = (numbers < limits).all(axis=1).mean()
    assert all_below(alone, correlation) == pytest.approx(expected, abs=0.005)


def test_all_below_of_certainties():
    assert all_below([1.0, 1.0, 1.0], 0.4) == pytest.approx(1)
    assert all_below([1.0, 0.0, 1.0], 0.4) == 0
    assert all_below([1.0, 0.3], 0.4) == pytest.approx(0.3)


def test_correlation_within_groups():
    rng = np.random.default_rng(2)
    groups = np.repeat(np.arange(500), 6)
    both = np.repeat(rng.standard_normal(500), 6)
    numbers = np.sqrt(0.3) * both + np.sqrt(0.7) * rng.standard_normal(3000)
    assert shared_correlation(ndtr(numbers), groups) == pytest.approx(0.3, abs=0.05)
    assert shared_correlation(ndtr(numbers), range(3000)) == 0
    assert shared_correlation(ndtr(numbers), rng.permutation(groups)) < 0.05
