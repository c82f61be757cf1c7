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


def test_enhanced_images_show_the_evidence_as_the_card_says(cascade, images):
    found = cascade.predict(images)
    how = cascade.card.emphasis
    assert how.floor > 0
    stretched = np.clip((found.evidence - how.floor) / (1 - 2 * how.floor), 0, 1)
    expected = (images + how.weight * stretched) / (1 + how.weight)
    assert found.enhanced == pytest.approx(expected, abs=1e-5)
    plain = replace(cascade, card=replace(cascade.card, emphasis=PAPER)).predict(images)
    assert plain.evidence.tobytes() == found.evidence.tobytes()
    assert (plain.counts != found.counts).any()


def test_the_four_flips_are_averaged(cascade, images):
    """Against both networks called by hand on each flip."""
    found = cascade.predict(images)
    how = cascade.card.emphasis
    evidence, counts = [], []
    for axes in ((), (1,), (2,), (1, 2)):
        flipped = np.flip(images, axes)
        added = np.asarray(cascade.enhancer(flipped[..., np.newaxis], training=False))[..., 0]
        shown = 2 * added - flipped
        evidence.append(np.flip(shown, axes))
        stretched = np.clip((shown - how.floor) / (1 - 2 * how.floor), 0, 1)
        enhanced = (flipped + how.weight * stretched) / (1 + how.weight)
        counts.append(48 * np.asarray(cascade.counter(enhanced[..., np.newaxis]))[:, 0])
    counts = np.maximum(counts, 0)
    mean = np.clip(np.mean(evidence, axis=0), 0, 1)
    assert found.evidence == pytest.approx(mean, abs=1e-5)
    assert found.counts == pytest.approx(counts.mean(axis=0), abs=1e-3)


@pytest.mark.parametrize('axis', [1, 2])
def test_a_flipped_image_has_the_same_count_and_flipped_evidence(cascade, images, axis):
    found, again = cascade.predict(images), cascade.predict(np.flip(images, axis))
    assert again.counts == pytest.approx(found.counts, abs=1e-4)
    assert again.evidence == pytest.approx(np.flip(found.evidence, axis), abs=1e-6)


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
