import numpy as np
import pytest

from pvs_workflow.cohort.differences import median_difference


def test_the_interval_holds_the_median_as_often_as_it_says():
    rng = np.random.default_rng(1)
    found = [median_difference(rng.normal(1, 2, 60)) for _ in range(150)]
    assert np.mean([one.low < 1 < one.high for one in found]) == pytest.approx(0.95, abs=0.05)


def test_order_does_not_matter():
    values = np.random.default_rng(2).normal(0, 1, 40)
    assert median_difference(values) == median_difference(values[::-1])
    assert median_difference(values).value == np.median(values)


def test_few_have_no_interval():
    assert median_difference([1.0, 2.0]) is None
    assert median_difference([]) is None
