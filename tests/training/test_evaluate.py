import numpy as np
import pytest

from pvs_workflow.networks.calibration import Calibration
from pvs_workflow.training.evaluate import score

CALIBRATION = Calibration(0.9, -1.0, 1.0, (-1.0, 0.0, 1.0), 3)


def test_by_hand():
    # Widths are ±√(predicted + 1): 0–1, 5–11, 20–30; the last truth lies outside.
    scores = score([0.0, 8.0, 24.0], [0, 11, 31], ['a', 'a', 'b'], CALIBRATION)
    assert (scores.n_participants, scores.n_images) == (2, 3)
    assert scores.mae == pytest.approx(10 / 3)
    assert scores.bias == pytest.approx(-10 / 3)
    assert scores.image_accuracy == pytest.approx(2 / 3)  # 8 is grade 1, 11 is grade 2
    assert scores.participant_accuracy == 0.5
    assert scores.interval_coverage == pytest.approx(2 / 3)
    assert scores.mean_interval_width == pytest.approx((1 + 6 + 10) / 3)


def test_participants_grade_is_that_of_the_highest_image():
    scores = score([3.0, 41.0], [12, 45], ['a', 'a'], CALIBRATION)
    assert scores.participant_accuracy == 1.0
    assert scores.image_accuracy == 0.5


def test_constant_counts_have_no_correlation():
    scores = score([2.0, 2.0], [1, 3], ['a', 'b'], CALIBRATION)
    assert scores.correlation == 0.0
    assert all(np.isfinite(value) for value in scores.to_card().values())
