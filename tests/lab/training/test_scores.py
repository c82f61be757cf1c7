from dataclasses import replace

import numpy as np
import pytest

from pvs_workflow.lab.training.scores import mean_by_grade, reliability, score
from pvs_workflow.uncertainty.calibration import Calibration

CALIBRATION = Calibration(
    0.9, (0,), (-1.0,), (1.0,), (0.0,), ((-1.0, 0.0, 1.0),), 0.0, (0.0,), (1.0,), (1.0,), 3
)


def test_scores_match_a_calculation_by_hand():
    # Intervals within √(true + 1) of the prediction: 0–1, 6–11, 20–29; the last truth is outside.
    scores = score([0.0, 8.0, 24.0], [0, 11, 31], ['a', 'a', 'b'], CALIBRATION)
    assert (scores.n_participants, scores.n_images) == (2, 3)
    assert scores.mae == pytest.approx(10 / 3)
    assert scores.bias == pytest.approx(-10 / 3)
    assert scores.image_accuracy == pytest.approx(2 / 3)  # 8 is grade 1, 11 is grade 2
    assert scores.participant_accuracy == 0.5
    assert scores.interval_coverage == pytest.approx(2 / 3)
    assert scores.mean_interval_width == pytest.approx((1 + 5 + 9) / 3)
    assert scores.coverage_by_grade == (1.0, None, 1.0, 0.0, None)


def test_a_participants_grade_is_that_of_the_highest_image():
    scores = score([3.0, 41.0], [12, 45], ['a', 'a'], CALIBRATION)
    assert scores.participant_accuracy == 1.0
    assert scores.image_accuracy == 0.5


def test_constant_counts_have_no_correlation():
    scores = score([2.0, 2.0], [1, 3], ['a', 'b'], CALIBRATION)
    assert scores.correlation == 0.0
    card = scores.to_card()
    assert card.pop('coverage_by_grade') == [None, 1.0, None, None, None]
    assert sum(card.pop('reliability')['numbers']) == 10
    assert all(np.isfinite(value) for value in card.values())


def test_difficult_images_have_wider_intervals():
    wide = replace(CALIBRATION, difficulty=(1.0, 3.0), under=(1.0, 4.0), over=(1.0, 4.0))
    counts, true = np.array([8.0, 24.0]), np.array([11, 31])
    easy, hard = (score(counts, true, ['a', 'b'], wide, np.full(2, d)) for d in (1.0, 3.0))
    assert easy.interval_coverage == 0.5
    assert hard.interval_coverage == 1.0
    assert hard.mean_interval_width > 2 * easy.mean_interval_width


def test_probabilities_of_grades_are_scored():
    certain = replace(CALIBRATION, residuals=((0.0,),))
    scores = score([3.0, 12.0, 2.0], [4, 13, 15], ['a', 'b', 'c'], certain)
    # Two are certain and correct; one is certain and wrong, with two probabilities off by 1.
    assert scores.reliability.brier == pytest.approx(2 / 3)
    assert scores.reliability.calibration_error == pytest.approx(2 / 15)


def draw(n, seed):
    """Return probabilities, and grades that follow them."""
    rng = np.random.default_rng(seed)
    p = rng.dirichlet([0.5] * 5, n)
    return p, np.array([rng.choice(5, p=row) for row in p])


def test_correct_probabilities_have_a_small_calibration_error():
    result = reliability(*draw(8000, 0))
    assert result.calibration_error < 0.01
    assert np.allclose(result.predicted, result.observed, atol=0.04)
    assert sum(result.numbers) == 40000


def test_overconfidence_is_detected():
    p, grades = draw(8000, 1)
    sharp = p**3 / (p**3).sum(axis=1, keepdims=True)
    result = reliability(sharp, grades)
    assert result.calibration_error > 0.05
    assert result.predicted[-1] > result.observed[-1] + 0.05
    assert result.brier > reliability(p, grades).brier


def test_predictions_of_a_single_grade_have_brier_scores_of_0_or_2():
    assert reliability(np.eye(5), range(5)).brier == 0
    assert reliability(np.eye(5), [1, 0, 3, 4, 2]).brier == 2
    result = reliability(np.eye(5), range(5))
    bins = result.predicted, result.observed, result.numbers
    assert bins == ((0.0, 1.0), (0.0, 1.0), (20, 5))


def test_each_probability_is_in_one_bin():
    p = np.array([[0.1, 0.2, 0.3, 0.4, 0.0], [0.0, 0.0, 1.0 + 1e-12, 0.0, 0.0]])
    result = reliability(p, [3, 2])
    assert sum(result.numbers) == p.size
    assert result.numbers == (6, 1, 1, 1, 1)
    assert result.observed[-1] == 1


def test_different_lengths_are_rejected():
    with pytest.raises(ValueError):
        reliability(np.eye(5)[:3], [1, 2])


def test_the_mean_of_no_images_is_none():
    assert mean_by_grade([], []) == (None,) * 5
