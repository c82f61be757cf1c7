from dataclasses import replace

import numpy as np
import pytest

from pvs_workflow.errors import BundleError
from pvs_workflow.networks.cascade import Cascade
from pvs_workflow.networks.engine import load_keras
from pvs_workflow.science.emphasis import PAPER


def test_prediction_does_not_depend_on_the_batch(cascade, images):
    together = cascade.predict(images)
    assert np.ptp(together.counts) > 0
    for order in ([3], [4, 0], [2, 1, 0, 3, 4, 1]):
        subset = cascade.predict(images[order])
        assert subset.enhanced.tobytes() == together.enhanced[order].tobytes()
        assert subset.counts.tobytes() == together.counts[order].tobytes()


def test_predictions_have_documented_shapes_and_ranges(cascade, images):
    before = images.copy()
    prediction = cascade.predict(images)
    assert prediction.enhanced.shape == (5, 80, 96)
    assert prediction.enhanced.dtype == np.float32
    assert 0 <= prediction.enhanced.min() <= prediction.enhanced.max() <= 1
    assert prediction.counts.shape == (5,)
    assert (prediction.counts >= 0).all()
    assert (images == before).all()
    assert cascade.predict(images[:0]).counts.shape == (0,)


def test_enhanced_images_follow_the_emphasis_on_the_card(cascade, images):
    prediction = cascade.predict(images)
    emphasis = cascade.card.emphasis
    assert emphasis.floor > 0
    stretched = np.clip((prediction.evidence - emphasis.floor) / (1 - 2 * emphasis.floor), 0, 1)
    expected = (images + emphasis.weight * stretched) / (1 + emphasis.weight)
    assert prediction.enhanced == pytest.approx(expected, abs=1e-5)
    plain = replace(cascade, card=replace(cascade.card, emphasis=PAPER)).predict(images)
    assert plain.evidence.tobytes() == prediction.evidence.tobytes()
    assert (plain.counts != prediction.counts).any()


def test_the_four_flips_are_averaged(cascade, images):
    """The prediction equals the mean of direct calls of both networks on each flip."""
    prediction = cascade.predict(images)
    emphasis = cascade.card.emphasis
    evidence, counts = [], []
    for axes in ((), (1,), (2,), (1, 2)):
        flipped = np.flip(images, axes)
        added = np.asarray(cascade.enhancer(flipped[..., np.newaxis], training=False))[..., 0]
        mask = 2 * added - flipped
        evidence.append(np.flip(mask, axes))
        stretched = np.clip((mask - emphasis.floor) / (1 - 2 * emphasis.floor), 0, 1)
        enhanced = (flipped + emphasis.weight * stretched) / (1 + emphasis.weight)
        counts.append(48 * np.asarray(cascade.counter(enhanced[..., np.newaxis]))[:, 0])
    counts = np.maximum(counts, 0)
    mean = np.clip(np.mean(evidence, axis=0), 0, 1)
    assert prediction.evidence == pytest.approx(mean, abs=1e-5)
    assert prediction.counts == pytest.approx(counts.mean(axis=0), abs=1e-3)


@pytest.mark.parametrize('axis', [1, 2])
def test_a_flipped_image_has_the_same_count_and_flipped_evidence(cascade, images, axis):
    original, flipped = cascade.predict(images), cascade.predict(np.flip(images, axis))
    assert flipped.counts == pytest.approx(original.counts, abs=1e-4)
    assert flipped.evidence == pytest.approx(np.flip(original.evidence, axis), abs=1e-6)


@pytest.mark.parametrize(
    ('bad', 'message'),
    [
        (np.zeros((80, 96)), r'must be \(n, 80, 96\), received \(80, 96\)'),
        (np.zeros((1, 96, 80)), r'must be \(n, 80, 96\)'),
        (np.full((1, 80, 96), 1.5), r'must lie in \[0, 1\]'),
        (np.full((1, 80, 96), np.nan), r'must lie in \[0, 1\]'),
    ],
)
def test_invalid_images_are_refused(cascade, bad, message):
    with pytest.raises(ValueError, match=message):
        cascade.predict(bad)


def test_nan_predictions_are_refused(cascade, images):
    broken = load_keras().models.clone_model(cascade.counter)
    broken.set_weights([np.full_like(w, np.nan) for w in cascade.counter.get_weights()])
    with pytest.raises(BundleError, match=r'test cascade 1\.2 predicts NaN or infinite values'):
        Cascade(cascade.enhancer, broken, cascade.card).predict(images)
