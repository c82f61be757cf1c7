from dataclasses import replace

import numpy as np
import pytest

from pvs_workflow.uncertainty.image_statistics import STATISTICS
from pvs_workflow.uncertainty.in_distribution import ImageReference, distances

K = len(STATISTICS)
REFERENCE = ImageReference(STATISTICS, (0.0,) * K, tuple(map(tuple, np.eye(K).tolist())), 1e6)


@pytest.mark.parametrize(
    ('change', 'message'),
    [
        ({'mean': (0.0,)}, 'must cover 10 statistics'),
        ({'precision': ((1.0,),)}, 'must cover 10 statistics'),
        ({'precision': ((1.0,),) * K}, 'must cover 10 statistics'),
        ({'precision': np.zeros((K, K))}, 'symmetric and positive definite'),
        ({'precision': -np.eye(K)}, 'symmetric and positive definite'),
        ({'precision': np.eye(K) + np.eye(K, k=1) / 2}, 'symmetric and positive definite'),
        ({'limit': 0.0}, 'limit must be > 0, received 0'),
        ({'statistics': ('age',)}, r"statistics must be .* received \('age',\)"),
    ],
)
def test_unusable_references_are_refused(change, message):
    with pytest.raises(ValueError, match=message):
        replace(REFERENCE, **change)


def test_distances_are_in_standard_deviations():
    rng = np.random.default_rng(1)
    numbers = rng.multivariate_normal([1, 2], [[4, 1], [1, 3]], 20000)
    precision = np.linalg.inv([[4, 1], [1, 3]])
    # Squared distances have a chi-squared distribution with two degrees of freedom.
    squares = distances(numbers, np.array([1, 2]), precision) ** 2
    assert squares.mean() == pytest.approx(2, abs=0.06)
