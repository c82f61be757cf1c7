import numpy as np
import pytest

from pvs_workflow.lab.simulation.burden import (
    MAX_PAPER_COUNT,
    MAX_TRAINING_COUNT,
    PAPER_GRADES,
    draw_quantiles,
    flat_counts,
    paper_counts,
)
from pvs_workflow.science.grading import potter_grade

UNIFORM = (np.arange(456_000) + 0.5) / 456_000


def test_paper_counts_have_the_grades_of_table_2():
    grades = np.bincount(potter_grade(paper_counts(UNIFORM)), minlength=5) / 1000
    np.testing.assert_allclose(grades, PAPER_GRADES, atol=0.01)
    assert paper_counts(UNIFORM).max() == MAX_PAPER_COUNT


def test_flat_counts_are_uniform():
    counts = np.bincount(flat_counts(UNIFORM))
    assert counts.size == MAX_TRAINING_COUNT + 1
    assert counts.min() > 0.99 * counts.max()


def test_images_of_a_person_are_correlated(rng):
    quantiles = np.stack([draw_quantiles(rng, 3) for _ in range(3000)])
    assert quantiles.mean() == pytest.approx(0.5, abs=0.02)
    same_side = np.corrcoef(quantiles[:, 0, 0], quantiles[:, 0, 1])[0, 1]
    other_side = np.corrcoef(quantiles[:, 0, 0], quantiles[:, 1, 0])[0, 1]
    assert 0.7 < other_side < same_side < 0.9


def test_level_and_tilt_change_the_burden(rng):
    high = np.stack([draw_quantiles(rng, 3, level=0.9) for _ in range(400)])
    low = np.stack([draw_quantiles(rng, 3, level=0.1) for _ in range(400)])
    assert low.mean() < 0.2
    assert high.mean() > 0.8
    tilted = np.stack([draw_quantiles(rng, 3, tilt=1.5) for _ in range(400)])
    assert (tilted[:, 0] - tilted[:, 1]).mean() > 0.2
