from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import binom

from pvs_workflow.lab.training.calibrate import fit_calibration
from pvs_workflow.science.grading import person_grade, potter_grade
from pvs_workflow.uncertainty.calibration import Calibration, all_below, growth_at

EXACT = Calibration(0.9, (0,), (0.0,), (0.0,), (0.0,), ((0.0,),), 0.0, (0.0,), (1.0,), (1.0,), 1)


def draws(n, seed, top=60, hard=False):
    """Return predictions with skewed errors that grow with the count, and true counts."""
    rng = np.random.default_rng(seed)
    true = rng.integers(0, top, n) * (rng.random(n) > 0.08)
    spread = np.where(true > 20, 1.4, 0.8) * np.sqrt(true + 1) * (true > 0)
    difficulty = rng.gamma(3, 1, n)
    spread = spread * (1 + difficulty / 2) if hard else spread
    predicted = true + (rng.gamma(2, 0.7, n) - 1.4) * spread - 0.05 * (true > 30) * (true - 30)
    predicted = np.maximum(predicted + 0.4 * rng.standard_normal(n), 0)
    return (predicted, true, difficulty) if hard else (predicted, true)


def people(n, seed, shared):
    """Return six counts of each of n people, with correlated errors."""
    rng = np.random.default_rng(seed)
    level = rng.gamma(2, 8, (n, 1))
    predicted = np.maximum(level * rng.uniform(0.6, 1.1, (n, 6)), 0)
    common = np.sqrt(shared) * rng.standard_normal((n, 1))
    error = common + np.sqrt(1 - shared) * rng.standard_normal((n, 6))
    true = np.rint(np.maximum(predicted + error * np.sqrt(predicted + 1), 0)).astype(int)
    return predicted, true, np.repeat(np.arange(n), 6)


def is_covered(calibration, predicted, true, difficulty=None):
    low, high = calibration.interval(predicted, difficulty)
    return (low <= true) & (true <= high)


@pytest.mark.parametrize('coverage', [0.8, 0.9, 0.95])
def test_coverage_holds_in_every_grade_on_new_draws(coverage):
    shares = []
    for seed in range(30):
        calibration = fit_calibration(*draws(400, seed), coverage)
        predicted, true = draws(700, 1000 + seed)
        covered, grades = is_covered(calibration, predicted, true), potter_grade(true)
        shares.append([covered[grades == grade].mean() for grade in range(5)])
    means = np.mean(shares, axis=0)
    # Tolerance of the mean over 30 draws for grades with few images.
    assert (means > coverage - 0.03).all()
    assert (means < coverage + 0.05).all()


def test_one_calibration_covers_within_binomial_bounds():
    calibration = fit_calibration(*draws(6000, 4), 0.9)
    predicted, true = draws(6000, 5)
    covered, grades = is_covered(calibration, predicted, true), potter_grade(true)
    assert calibration.levels == (0, 1, 11, 21, 41)
    for grade in range(5):
        sample = covered[grades == grade]
        # Calibration and new images both contribute to the variance.
        slack = 2 * np.sqrt(2) * binom.std(sample.size, 0.9)
        assert abs(sample.sum() - 0.9 * sample.size) < slack + 0.04 * sample.size


def test_coverage_does_not_depend_on_the_frequency_of_grades():
    calibration = fit_calibration(*draws(3000, 6), 0.9)
    for top in (6, 15, 60):
        assert 0.88 < is_covered(calibration, *draws(3000, 7, top)).mean() < 0.96


def test_difficulty_preserves_the_coverage_of_easy_and_difficult_images():
    predicted, true, difficulty = draws(3000, 8, hard=True)
    weighted = fit_calibration(predicted, true, difficulty=difficulty)
    unweighted = fit_calibration(predicted, true)
    assert len(weighted.difficulty) == 5
    assert weighted.under[-1] > 1.5
    predicted, true, difficulty = draws(6000, 9, hard=True)
    easy, hard = difficulty < 1.5, difficulty > 5
    aware = is_covered(weighted, predicted, true, difficulty)
    blind = is_covered(unweighted, predicted, true)
    assert 0.87 < aware[easy].mean() < 0.96
    assert 0.85 < aware[hard].mean() < 0.95
    assert blind[hard].mean() < aware[hard].mean() - 0.02
    low, high = weighted.interval([12.0, 12.0], [1.0, 6.0])
    assert high[1] - low[1] > high[0] - low[0]


def test_intervals_of_low_counts_exclude_high_counts_on_difficult_images():
    """High true counts are undercounted on difficult images, but never down to such low counts."""
    rng = np.random.default_rng(3)
    difficulty = rng.uniform(0, 4, 6000)
    true = np.where(rng.random(6000) < 0.5, rng.integers(0, 11, 6000), rng.integers(41, 70, 6000))
    missed = np.where(true > 40, 0.12 * difficulty * rng.random(6000), 0.02 * difficulty)
    predicted = np.maximum(true * (1 - missed) + 0.5 * rng.standard_normal(6000), 0)
    calibration = fit_calibration(predicted, true, difficulty=difficulty)
    low, high = calibration.interval(np.array([3.0, 60.0]), np.array([4.0, 4.0]))
    assert low[0] <= 3 <= high[0] < 20
    assert low[1] > 20
    hard = difficulty > 3
    assert is_covered(calibration, predicted, true, difficulty)[hard].mean() > 0.85


def test_the_default_difficulty_is_the_middle_one():
    calibration = fit_calibration(*draws(500, 8, hard=True)[:2], difficulty=np.arange(500))
    middle = [calibration.difficulty[2]] * 2
    for default, explicit in zip(
        calibration.interval([3.0, 30.0]), calibration.interval([3.0, 30.0], middle), strict=True
    ):
        assert np.array_equal(default, explicit)


def test_an_interval_contains_the_count_and_is_never_negative():
    calibration = fit_calibration(*draws(150, 3))
    counts = np.linspace(0, 70, 141)
    low, high = calibration.interval(counts)
    assert (low >= 0).all()
    assert (low <= counts).all()
    assert (counts <= high).all()
    assert (np.diff(high) >= 0).all()
    assert (np.diff(low) >= 0).all()


def test_interval_limits_equal_a_manual_calculation():
    # 19 calibration images and one level: 5 % of 19 + 1 is the most extreme image.
    predicted = np.array([3.0] * 17 + [1.0, 7.0])
    calibration = fit_calibration(predicted, np.full(19, 3))
    assert (calibration.levels, calibration.low, calibration.high) == ((0,), (-1.0,), (2.0,))
    low, high = calibration.interval([6.0])
    # A true count of 2 allows predictions up to 2 + 2·√3 = 5.5, one of 9 from 9 − √10 = 5.8.
    assert (low[0], high[0]) == (3.0, 9.0)


def test_exact_predictions_give_the_papers_grade():
    rng = np.random.default_rng(0)
    for counts in rng.uniform(0, 55, (200, 6)):
        assert EXACT.grade_probabilities(counts)[person_grade(counts)] == 1.0


@pytest.mark.parametrize('count', [0.0, 0.49, 0.51, 10.49, 10.51, 20.51, 40.49, 40.51])
def test_grade_limits_are_those_of_rounded_counts(count):
    assert EXACT.grade_probabilities([count] * 6).argmax() == person_grade([count])


def test_grade_probabilities_sum_to_one_and_do_not_depend_on_the_order():
    predicted, true, ids = people(80, 1, 0.4)
    calibration = fit_calibration(predicted.ravel(), true.ravel(), participants=ids)
    rng = np.random.default_rng(2)
    for counts in people(40, 3, 0.4)[0]:
        probabilities = calibration.grade_probabilities(counts)
        assert probabilities.shape == (5,)
        assert (probabilities >= 0).all()
        assert probabilities.sum() == pytest.approx(1, abs=1e-12)
        again = calibration.grade_probabilities(rng.permutation(counts))
        assert probabilities.tobytes() == again.tobytes()


def test_the_most_probable_grade_increases_with_the_counts():
    calibration = fit_calibration(*draws(2000, 5))
    middle = [calibration.grade_probabilities(np.full(6, level)) for level in (0, 5, 15, 30, 60)]
    assert [int(p.argmax()) for p in middle] == sorted({int(p.argmax()) for p in middle})


@pytest.mark.parametrize('shared', [0.0, 0.3, 0.6])
def test_the_correlation_is_estimated(shared):
    predicted, true, ids = people(400, 11, shared)
    calibration = fit_calibration(predicted.ravel(), true.ravel(), participants=ids)
    assert calibration.correlation == pytest.approx(shared, abs=0.08)
    assert fit_calibration(predicted.ravel(), true.ravel()).correlation == 0.0


def test_grade_probabilities_agree_with_a_simulation():
    predicted, true, ids = people(400, 12, 0.5)
    calibration = fit_calibration(predicted.ravel(), true.ravel(), participants=ids)
    counts = np.array([7.0, 9.0, 9.5, 4.0, 8.0, 6.0])
    rng, n, rho = np.random.default_rng(7), 40000, 0.5
    errors = np.sqrt(rho) * rng.standard_normal((n, 1))
    errors = errors + np.sqrt(1 - rho) * rng.standard_normal((n, 6))
    highest = np.rint(np.maximum(counts + errors * np.sqrt(counts + 1), 0)).max(axis=1)
    expected = np.bincount(potter_grade(highest), minlength=5) / n
    assert np.allclose(calibration.grade_probabilities(counts), expected, atol=0.04)
    # Without correlation, the highest of six counts is overestimated.
    independent = fit_calibration(predicted.ravel(), true.ravel())
    assert independent.grade_probabilities(counts)[2] > expected[2] + 0.03


@pytest.mark.parametrize(
    ('change', 'message'),
    [
        ({'coverage': 1.5}, 'coverage must lie between 0 and 1, received 1.5'),
        ({'low': (1.0,)}, 'low must be ≤ 0 and high ≥ 0'),
        ({'high': (-1.0,)}, 'low must be ≤ 0 and high ≥ 0'),
        (
            {'high': (1.0, 1.0)},
            'levels must start with 0 and have the same length as low and high',
        ),
        ({'levels': (1,)}, 'levels must start with 0'),
        ({'levels': ()}, 'levels must be strictly increasing'),
        ({'centres': (2.0, 1.0)}, 'centres must be strictly increasing'),
        ({'difficulty': (1.0, 1.0)}, 'difficulty must be strictly increasing'),
        ({'residuals': ()}, 'residuals must have one row per centre, all of the same length'),
        ({'residuals': ((),)}, 'residuals must have one row per centre'),
        ({'residuals': ((1.0, 0.0),)}, 'residuals must be sorted within each row'),
        ({'centres': (1.0, 2.0)}, 'one row per centre'),
        ({'correlation': 1.0}, 'correlation must be 0 to 0.9'),
        ({'under': (0.5,)}, 'under and over must be ≥ 1'),
        ({'over': (2.0, 2.0)}, 'difficulty, under and over must have the same length'),
    ],
)
def test_unusable_calibrations_are_refused(change, message):
    with pytest.raises(ValueError, match=message):
        replace(EXACT, **change)


def test_intervals_and_probabilities_equal_recorded_values():
    """The values were recorded with version 0.1.0."""
    predicted, true, difficulty = draws(400, 0, hard=True)
    calibration = fit_calibration(predicted, true, difficulty=difficulty)
    counts = np.array([0.0, 3.2, 12.5, 30.0, 55.5])
    easy, hard = (calibration.interval(counts, np.full(5, level)) for level in (0.5, 6.0))
    assert np.array_equal(easy, [[0, 1, 5, 16, 30], [2, 6, 24, 46, 62]])
    assert np.array_equal(hard, [[0, 1, 2, 8, 21], [26, 32, 48, 65, 68]])
    six = calibration.grade_probabilities([0.0, 3.2, 12.5, 9.0, 4.0, 6.5], np.full(6, 6.0))
    known = [0, 0.016762157538560987, 0.2106460740594281, 0.5321199822223438, 0.24047178617966714]
    assert six == pytest.approx(known, rel=1e-12)


def test_one_difficulty_is_needed_for_each_count():
    with pytest.raises(ValueError, match='difficulty must be 1 finite numbers'):
        EXACT.interval([1.0], [1.0, 2.0])


def test_growth_is_extrapolated_up_to_a_limit():
    knots, growth = (0.0, 1.0, 2.0), (1.0, 1.0, 3.0)
    assert growth_at([-5.0, 0.5, 1.5, 2.5, 99.0], knots, growth).tolist() == [1, 1, 2, 4, 4.5]
    assert growth_at([-5.0, 7.0], (1.0,), (1.0,)).tolist() == [1, 1]


@pytest.mark.parametrize('correlation', [0.0, 0.2, 0.5, 0.9])
def test_all_below_agrees_with_a_simulation(correlation):
    rng = np.random.default_rng(1)
    shared = np.sqrt(correlation) * rng.standard_normal((200_000, 1))
    numbers = shared + np.sqrt(1 - correlation) * rng.standard_normal((200_000, 6))
    limits = np.array([1.5, 0.2, 1.0, 2.0, 0.8, 3.0])
    marginal = (numbers < limits).mean(axis=0)
    expected = (numbers < limits).all(axis=1).mean()
    assert all_below(marginal, correlation) == pytest.approx(expected, abs=0.005)


def test_all_below_is_0_or_1_for_certain_events():
    assert all_below([1.0, 1.0, 1.0], 0.4) == pytest.approx(1)
    assert all_below([1.0, 0.0, 1.0], 0.4) == 0
    assert all_below([1.0, 0.3], 0.4) == pytest.approx(0.3)
