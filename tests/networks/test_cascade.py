import numpy as np
import pytest

from pvs_workflow.errors import BundleError
from pvs_workflow.networks.cascade import Cascade
from pvs_workflow.networks.engine import load_keras


def test_prediction_does_not_depend_on_the_batch(cascade, images):
    together = cascade.predict(images)
    assert np.ptp(together.counts) > 0
    for order in ([3], [4, 0], [2, 1, 0, 3, 4, 1]):
        part = cascade.predict(images[order])
        assert part.enhanced.tobytes() == together.enhanced[order].tobytes()
        assert part.counts.tobytes() == together.counts[order].tobytes()


def test_prediction_shapes_and_ranges(cascade, images):
    before = images.copy()
    prediction = cascade.predict(images)
    assert prediction.enhanced.shape == (5, 80, 96)
    assert prediction.enhanced.dtype == np.float32
    assert 0 <= prediction.enhanced.min() <= prediction.enhanced.max() <= 1
    assert prediction.counts.shape == (5,)
    assert (prediction.counts >= 0).all()
    assert (images == before).all()
    assert cascade.predict(images[:0]).counts.shape == (0,)


@pytest.mark.parametrize(
    ('bad', 'message'),
    [
        (np.zeros((80, 96)), r'must be \(n, 80, 96\), received \(80, 96\)'),
        (np.zeros((1, 96, 80)), r'must be \(n, 80, 96\)'),
        (np.full((1, 80, 96), 1.5), r'must lie in \[0, 1\]'),
        (np.full((1, 80, 96), np.nan), r'must lie in \[0, 1\]'),
    ],
)
def test_unusable_images(cascade, bad, message):
    with pytest.raises(ValueError, match=message):
        cascade.predict(bad)


def test_weights_that_are_not_numbers(cascade, images):
    broken = load_keras().models.clone_model(cascade.counter)
    broken.set_weights([np.full_like(w, np.nan) for w in cascade.counter.get_weights()])
    sick = Cascade(cascade.enhancer, broken, cascade.card)
    with pytest.raises(BundleError, match='values that are not finite'):
        sick.predict(images)
