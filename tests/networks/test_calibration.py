import json

import numpy as np
import pytest

from pvs_workflow.errors import BundleError
from pvs_workflow.networks.calibration import Calibration, fit_calibration
from pvs_workflow.science.grading import person_grade


def draws(n, seed):
    """Return predictions whose errors are skewed and grow with the count."""
    rng = np.random.default_rng(seed)
    true = rng.integers(0, 50, n)
    error = rng.gamma(2, 1, n) - 1.5
    return np.maximum(true + error * np.sqrt(true + 1), 0), true


@pytest.mark.parametrize('coverage', [0.8, 0.9, 0.95])
def test_coverage_holds_on_new_draws(coverage):
    held = []
    for seed in range(40):
        calibration = fit_calibration(*draws(150, seed), coverage)
        predicted, true = draws(500, 1000 + seed)
        low, high = calibration.interval(predicted)
        held.append(np.mean((low <= true) & (true <= high)))
    assert coverage - 0.01 < np.mean(held) < coverage + 0.03


def test_tails_are_fitted_apart():
    calibration = fit_calibration(*draws(4000, 0))
    assert -calibration.low > 1.3 * calibration.high > 0


def test_interval_holds_the_count_and_is_never_negative():
    calibration = fit_calibration(*draws(100, 3))
    counts = np.linspace(0, 60, 50)
    low, high = calibration.interval(counts)
    assert (low >= 0).all()
    assert (low <= counts).all()
    assert (counts <= high).all()
    assert (np.diff(high) > 0).all()


def test_interval_ends_by_hand():
    predicted = np.full(19, 3.0)
    calibration = fit_calibration(predicted, np.arange(19))
    # (n + 1) · 0.05 = 1: the first and the last of the sorted residuals, (true - 3) / 2.
    assert (calibration.low, calibration.high) == (-1.5, 7.5)
    low, high = calibration.interval([3.0])
    assert (low[0], high[0]) == (0.0, 18.0)


def test_exact_predictions_give_the_papers_grade():
    exact = fit_calibration(np.arange(50), np.arange(50))
    rng = np.random.default_rng(0)
    for counts in rng.uniform(0, 55, (200, 6)):
        assert exact.grade_probabilities(counts)[person_grade(counts)] == 1.0


@pytest.mark.parametrize('count', [0.0, 0.49, 0.5, 10.49, 10.5, 20.5, 40.49, 40.5])
def test_limits_of_grades(count):
    exact = Calibration(0.9, 0.0, 0.0, (0.0,), 1)
    assert exact.grade_probabilities([count] * 6).argmax() == person_grade([count])


def test_grade_probabilities_sum_to_one_and_rise_with_the_counts():
    calibration = fit_calibration(*draws(300, 5))
    at_least = []
    for level in np.linspace(0, 60, 30):
        probabilities = calibration.grade_probabilities(np.full(6, level))
        assert probabilities.shape == (5,)
        assert (probabilities >= 0).all()
        assert probabilities.sum() == pytest.approx(1, abs=1e-12)
        at_least.append(probabilities[::-1].cumsum()[::-1])
    assert (np.diff(np.array(at_least), axis=0) >= -1e-12).all()


def test_grade_probabilities_match_simulated_people():
    calibration = fit_calibration(*draws(2000, 6))
    counts = np.array([7.0, 9.0, 9.5, 4.0, 8.0, 2.0])
    rng = np.random.default_rng(7)
    residuals = rng.choice(calibration.residuals, (40000, 6))
    true = counts + residuals * np.sqrt(counts + 1)
    highest = np.maximum(true, 0).max(axis=1)
    grades = np.digitize(highest, [0.5, 10.5, 20.5, 40.5])
    expected = np.bincount(grades, minlength=5) / grades.size
    assert np.allclose(calibration.grade_probabilities(counts), expected, atol=0.01)


def test_card_round_trip():
    calibration = fit_calibration(*draws(250, 8))
    again = Calibration.from_card(json.loads(json.dumps(calibration.to_card())))
    assert again == calibration


@pytest.mark.parametrize(
    'change',
    [
        {'coverage': 1.5},
        {'low': 'x'},
        {'high': None},
        {'low': 3.0, 'high': 1.0},
        {'residuals': []},
        {'residuals': 4},
        {'residuals': [1.0, 0.0]},
        {'residuals': [True, 2]},
    ],
)
def test_unusable_calibrations_are_refused(change):
    values = fit_calibration([1.0, 2.0], [1, 2]).to_card() | change
    with pytest.raises(BundleError, match='unusable calibration'):
        Calibration.from_card(values)


@pytest.mark.parametrize('values', [{}, [], {'coverage': 0.9}])
def test_other_fields_are_refused(values):
    with pytest.raises(BundleError, match='expected the fields'):
        Calibration.from_card(values)


@pytest.mark.parametrize(
    ('predicted', 'true', 'coverage', 'message'),
    [
        ([], [], 0.9, 'two lists of one length'),
        ([1.0], [1.0, 2.0], 0.9, 'two lists of one length'),
        ([-1.0], [1.0], 0.9, 'finite and ≥ 0'),
        ([np.nan], [1.0], 0.9, 'finite and ≥ 0'),
        ([1.0], [1.0], 1.0, 'between 0 and 1'),
    ],
)
def test_bad_arguments(predicted, true, coverage, message):
    with pytest.raises(ValueError, match=message):
        fit_calibration(predicted, true, coverage)
