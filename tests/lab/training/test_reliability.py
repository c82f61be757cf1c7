import numpy as np
import pytest

from pvs_workflow.lab.training.reliability import coverage_by_grade, reliability


def draw(n, seed):
    """Return probabilities, and grades that follow them."""
    rng = np.random.default_rng(seed)
    p = rng.dirichlet([0.5] * 5, n)
    return p, np.array([rng.choice(5, p=row) for row in p])


def test_right_probabilities_have_hardly_an_error():
    found = reliability(*draw(8000, 0))
    assert found.calibration_error < 0.01
    assert np.allclose(found.predicted, found.observed, atol=0.04)
    assert sum(found.numbers) == 40000


def test_overconfidence_is_found():
    p, grades = draw(8000, 1)
    sharp = p**3 / (p**3).sum(axis=1, keepdims=True)
    found = reliability(sharp, grades)
    assert found.calibration_error > 0.05
    assert found.predicted[-1] > found.observed[-1] + 0.05
    assert found.brier > reliability(p, grades).brier


def test_certainty():
    assert reliability(np.eye(5), range(5)).brier == 0
    assert reliability(np.eye(5), [1, 0, 3, 4, 2]).brier == 2
    found = reliability(np.eye(5), range(5))
    assert (found.predicted, found.observed, found.numbers) == ((0.0, 1.0), (0.0, 1.0), (20, 5))


def test_each_probability_is_in_one_bin():
    p = np.array([[0.1, 0.2, 0.3, 0.4, 0.0], [0.0, 0.0, 1.0 + 1e-12, 0.0, 0.0]])
    found = reliability(p, [3, 2])
    assert sum(found.numbers) == p.size
    assert found.numbers == (6, 1, 1, 1, 1)
    assert found.observed[-1] == 1


def test_lengths_that_differ_are_refused():
    with pytest.raises(ValueError):
        reliability(np.eye(5)[:3], [1, 2])


def test_coverage_of_no_image_is_none():
    assert coverage_by_grade([], []) == (None,) * 5
