import numpy as np
import pytest

from pvs_workflow.lab.training.counting import CountingLoss, count_map, map_targets, scale_counts
from pvs_workflow.lab.training.optimise import run_batches
from pvs_workflow.networks.counter import build_counter
from pvs_workflow.networks.engine import configure_tensorflow


@pytest.fixture
def model():
    configure_tensorflow(threads=1, seed=0)
    return build_counter((4, 4, 8, 8, 8))


def test_the_loss_is_the_error_of_the_count_plus_that_of_the_map():
    targets = map_targets(np.array([12.0, 6.0]), np.zeros((2, 80, 96)), 8)
    targets[0, ..., 0] = 12 / 48
    targets[1, ..., 1] = 0
    targets[1, ..., 0] = 6 / 48
    outputs = np.full((2, 10, 12, 1), 18 / 48, np.float32)
    outputs[0, ::2, ..., 0] = 6 / 48
    plain, both = (np.asarray(CountingLoss(w)(targets, outputs)) for w in (0.0, 2.0))
    assert plain == pytest.approx([0, 12 / 48], abs=1e-6)
    # Without a density map, only the counts are compared.
    assert both == pytest.approx([2 * (6 / 48) ** 2, 12 / 48], abs=1e-6)


def test_the_mean_of_the_map_is_the_count(model):
    images = np.random.default_rng(0).random((2, 80, 96, 1), np.float32)
    counts, maps = run_batches(model, images), run_batches(count_map(model), images)
    assert maps.shape == (2, 10, 12, 1)
    assert maps.mean(axis=(1, 2)) == pytest.approx(counts, abs=1e-5)


def test_a_counter_scaled_by_two_counts_twice_as_many(model):
    images = np.random.default_rng(1).random((2, 80, 96, 1), np.float32)
    before = run_batches(model, images)
    scale_counts(model, 2.0)
    np.testing.assert_allclose(run_batches(model, images), 2 * before, rtol=1e-4, atol=1e-6)
