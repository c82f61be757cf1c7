from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import binom

from pvs_workflow.lab.training.calibrate import fit_calibration
from pvs_workflow.science.grading import person_grade, potter_grade
from pvs_workflow.uncertainty.calibration import Calibration, all_below, growth_at

EXACT = Calibration(0.9, (0,), (0.0,), (0.0,), (0.0,), ((0.0,),), 0.0, (0.0,), (1.0,), (1.0,), 1)


def draws(n, seed, top=60, hard=False):
    """Return predictions whose errors are skewed, shrink to the middle and grow with the count."""
    rng = np.random.default_rng(seed)
    true = rng.integers(0, top, n) * (rng.random(n) > 0.08)
    spread = np.where(true > 20, 1.4, 0.8) * np.sqrt(true + 1) * (true > 0)
    difficulty = rng.gamma(3, 1, n)
    spread = spread * (1 + difficulty / 2) if hard else spread
    predicted = true + (rng.gamma(2, 0.7, n) - 1.4) * spread - 0.05 * (true > 30) * (true - 30)
    predicted = np.maximum(predicted + 0.4 * rng.standard_normal(n), 0)
    return (predicted, true, difficulty) if hard else (predicted, true)


def people(n, seed, shared):
    """Return six counts of each of n people, whose errors go together."""
    rng = np.random.default_rng(seed)
    level = rng.gamma(2, 8, (n, 1))
    predicted = np.maximum(level * rng.uniform(0.6, 1.1, (n, 6)), 0)
    both = np.sqrt(shared) * rng.standard_normal((n, 1))
    error = both + np.sqrt(1 - shared) * rng.standard_normal((n, 6))
    true = np.rint(np.maximum(predicted + error * np.sqrt(predicted + 1), 0)).astype(int)
    return predicted, true, np.repeat(np.arange(n), 6)


def held(calibration, predicted, true, difficulty=None):
    low, high = calibration.interval(predicted, difficulty)
    return (low <= true) & (true <= high)


@pytest.mark.parametrize('coverage', [0.8, 0.9, 0.95])
def test_coverage_holds_in_every_grade_on_new_draws(coverage):
    shares = []
    for seed in range(30):
        calibration = fit_calibration(*draws(400, seed), coverage)
        predicted, true = draws(700, 1000 + seed)
        right, grades = held(calibration, predicted, true), potter_grade(true)
        shares.append([right[grades == grade].mean() for grade in range(5)])
    means = np.mean(shares, axis=0)
    # Grades with few images in a draw may miss by this much; the mean over 30 draws, not more.
    assert (means > coverage - 0.03).all()
    assert (means < coverage + 0.05).all()


def test_one_calibration_covers_within_binomial_bounds():
    calibration = fit_calibration(*draws(6000, 4), 0.9)
    predicted, true = draws(6000, 5)
    right, grades = held(calibration, predicted, true), potter_grade(true)
    assert calibration.levels == (0, 1, 11, 21, 41)
    for grade in range(5):
        here = right[grades == grade]
        # Both the calibration and the new images are finite: twice the variance.
        slack = 2 * np.sqrt(2) * binom.std(here.size, 0.9)
        assert abs(here.sum() - 0.9 * here.size) < slack + 0.04 * here.size


def test_coverage_does_not_depend_on_how_frequent_grades_are():
    calibration = fit_calibration(*draws(3000, 6), 0.9)
    for top in (6, 15, 60):
        assert 0.88 < held(calibration, *draws(3000, 7, top)).mean() < 0.96


def test_difficulty_keeps_the_coverage_of_easy_and_difficult_images():
    predicted, true, difficulty = draws(3000, 8, hard=True)
    with_it = fit_calibration(predicted, true, difficulty=difficulty)
    without = fit_calibration(predicted, true)
    assert len(with_it.difficulty) == 5
    assert with_it.under[-1] > 1.5
    predicted, true, difficulty = draws(6000, 9, hard=True)
    easy, hard = difficulty < 1.5, difficulty > 5
    right, blind = held(with_it, predicted, true, difficulty), held(without, predicted, true)
    assert 0.87 < right[easy].mean() < 0.96
    assert 0.85 < right[hard].mean() < 0.95
    assert blind[hard].mean() < right[hard].mean() - 0.02
    low, high = with_it.interval([12.0, 12.0], [1.0, 6.0])
    assert high[1] - low[1] > high[0] - low[0]


def test_difficult_images_of_few_are_not_taken_for_a_crowd():
    """Where crowds are undercounted on difficult images, a low count need not be a crowd."""
    rng = np.random.default_rng(3)
    difficulty = rng.uniform(0, 4, 6000)
    true = np.where(rng.random(6000) < 0.5, rng.integers(0, 11, 6000), rng.integers(41, 70, 6000))
    lost = np.where(true > 40, 0.12 * difficulty * rng.random(6000), 0.02 * difficulty)
    predicted = np.maximum(true * (1 - lost) + 0.5 * rng.standard_normal(6000), 0)
    calibration = fit_calibration(predicted, true, difficulty=difficulty)
    low, high = calibration.interval(np.array([3.0, 60.0]), np.array([4.0, 4.0]))
    assert low[0] <= 3 <= high[0] < 20
    assert low[1] > 20
    hard = difficulty > 3
    assert held(calibration, predicted, true, difficulty)[hard].mean() > 0.85


def test_without_difficulty_images_are_of_the_middling_kind():
    calibration = fit_calibration(*draws(500, 8, hard=True)[:2], difficulty=np.arange(500))
    middle = [calibration.difficulty[2]] * 2
    for plain, given in zip(
        calibration.interval([3.0, 30.0]), calibration.interval([3.0, 30.0], middle), strict=True
    ):
        assert np.array_equal(plain, given)


def test_interval_holds_the_count_and_is_never_negative():
    calibration = fit_calibration(*draws(150, 3))
    counts = np.linspace(0, 70, 141)
    low, high = calibration.interval(counts)
    assert (low >= 0).all()
    assert (low <= counts).all()
    assert (counts <= high).all()
    assert (np.diff(high) >= 0).all()
    assert (np.diff(low) >= 0).all()


def test_interval_ends_by_hand():
    # Nineteen images without errors, and one level: 5 % of (19 + 1) is the extreme itself.
    predicted = np.array([3.0] * 17 + [1.0, 7.0])
    calibration = fit_calibration(predicted, np.full(19, 3))
    assert (calibration.levels, calibration.low, calibration.high) == ((0,), (-1.0,), (2.0,))
    low, high = calibration.interval([6.0])
    # A truth of 2 may give up to 2 + 2·√3 = 5.5, one of 9 no less than 9 − √10 = 5.8.
    assert (low[0], high[0]) == (3.0, 9.0)


def test_exact_predictions_give_the_papers_grade():
    rng = np.random.default_rng(0)
    for counts in rng.uniform(0, 55, (200, 6)):
        assert EXACT.grade_probabilities(counts)[person_grade(counts)] == 1.0


@pytest.mark.parametrize('count', [0.0, 0.49, 0.51, 10.49, 10.51, 20.51, 40.49, 40.51])
def test_limits_of_grades(count):
    assert EXACT.grade_probabilities([count] * 6).argmax() == person_grade([count])


def test_grade_probabilities_sum_to_one_and_do_not_depend_on_the_order():
    predicted, true, who = people(80, 1, 0.4)
    calibration = fit_calibration(predicted.ravel(), true.ravel(), participants=who)
    rng = np.random.default_rng(2)
    for counts in people(40, 3, 0.4)[0]:
        probabilities = calibration.grade_probabilities(counts)
        assert probabilities.shape == (5,)
        assert (probabilities >= 0).all()
        assert probabilities.sum() == pytest.approx(1, abs=1e-12)
        again = calibration.grade_probabilities(rng.permutation(counts))
        assert probabilities.tobytes() == again.tobytes()


def test_higher_counts_make_higher_grades_likelier():
    calibration = fit_calibration(*draws(2000, 5))
    middle = [calibration.grade_probabilities(np.full(6, level)) for level in (0, 5, 15, 30, 60)]
    assert [int(p.argmax()) for p in middle] == sorted({int(p.argmax()) for p in middle})


@pytest.mark.parametrize('shared', [0.0, 0.3, 0.6])
def test_the_correlation_is_found(shared):
    predicted, true, who = people(400, 11, shared)
    calibration = fit_calibration(predicted.ravel(), true.ravel(), participants=who)
    assert calibration.correlation == pytest.approx(shared, abs=0.08)
    assert fit_calibration(predicted.ravel(), true.ravel()).correlation == 0.0


def test_grade_probabilities_agree_with_a_monte_carlo():
    predicted, true, who = people(400, 12, 0.5)
    calibration = fit_calibration(predicted.ravel(), true.ravel(), participants=who)
    counts = np.array([7.0, 9.0, 9.5, 4.0, 8.0, 6.0])
    rng, n, rho = np.random.default_rng(7), 40000, 0.5
    errors = np.sqrt(rho) * rng.standard_normal((n, 1))
    errors = errors + np.sqrt(1 - rho) * rng.standard_normal((n, 6))
    highest = np.rint(np.maximum(counts + errors * np.sqrt(counts + 1), 0)).max(axis=1)
    expected = np.bincount(potter_grade(highest), minlength=5) / n
    assert np.allclose(calibration.grade_probabilities(counts), expected, atol=0.04)
    # As if independent, the highest of six would look higher.
    alone = fit_calibration(predicted.ravel(), true.ravel())
    assert alone.grade_probabilities(counts)[2] > expected[2] + 0.03


@pytest.mark.parametrize(
    ('change', 'message'),
    [
        ({'coverage': 1.5}, 'coverage must lie between 0 and 1, received 1.5'),
        ({'low': (1.0,)}, 'low must be ≤ 0 and high ≥ 0'),
        ({'high': (-1.0,)}, 'low must be ≤ 0 and high ≥ 0'),
        ({'high': (1.0, 1.0)}, 'levels must start with 0 and be as many as low and high'),
        ({'levels': (1,)}, 'levels must start with 0'),
        ({'levels': ()}, 'levels must be numbers that rise'),
        ({'centres': (2.0, 1.0)}, 'centres must be numbers that rise'),
        ({'difficulty': (1.0, 1.0)}, 'difficulty must be numbers that rise'),
        ({'residuals': ()}, 'residuals must be rows of one length, as many as centres'),
        ({'residuals': ((),)}, 'residuals must be rows of one length'),
        ({'residuals': ((1.0, 0.0),)}, 'residuals must not fall within a row'),
        ({'centres': (1.0, 2.0)}, 'as many as centres'),
        ({'correlation': 1.0}, 'correlation must be 0 to 0.9'),
        ({'under': (0.5,)}, 'under and over must be ≥ 1'),
        ({'over': (2.0, 2.0)}, 'difficulty, under and over must have one length'),
    ],
)
def test_unusable_calibrations_are_refused(change, message):
    with pytest.raises(ValueError, match=message):
        replace(EXACT, **change)


def test_recorded_intervals_and_probabilities():
    """Those of version 0.1.0: no later digit may move unnoticed."""
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


def test_growth_goes_on_beyond_the_last_knot_but_not_for_ever():
    knots, growth = (0.0, 1.0, 2.0), (1.0, 1.0, 3.0)
    assert growth_at([-5.0, 0.5, 1.5, 2.5, 99.0], knots, growth).tolist() == [1, 1, 2, 4, 4.5]
    assert growth_at([-5.0, 7.0], (1.0,), (1.0,)).tolist() == [1, 1]


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
