import numpy as np
import pytest

from pvs_workflow.science.components import added_mask, enhancement_target
from pvs_workflow.science.emphasis import PAPER, Emphasis, emphasise

STRONG = Emphasis(weight=3.0, floor=0.1)


@pytest.fixture
def image():
    return np.random.default_rng(0).random((80, 96)).astype(np.float32)


def test_the_papers_emphasis_gives_the_training_target(image):
    mask = np.random.default_rng(1).random(image.shape) > 0.9
    target = enhancement_target(image, mask)
    assert emphasise(image, added_mask(image, target), PAPER) == pytest.approx(target, abs=1e-6)
    prediction = target + np.random.default_rng(2).normal(0, 0.3, image.shape).astype(np.float32)
    enhanced = emphasise(image, added_mask(image, prediction), PAPER)
    assert enhanced == pytest.approx(np.clip(prediction, 0, 1), abs=1e-6)


def test_evidence_below_the_floor_does_not_change_the_image(image):
    enhanced = emphasise(image, np.full_like(image, 0.1), STRONG)
    assert enhanced == pytest.approx(image / 4, abs=1e-6)


def test_evidence_near_one_has_full_weight(image):
    for evidence in (0.9, 1.0):
        enhanced = emphasise(image, np.full_like(image, evidence), STRONG)
        assert enhanced == pytest.approx((image + 3) / 4, abs=1e-6)


@pytest.mark.parametrize('emphasis', [PAPER, STRONG, Emphasis(10.0, 0.49), Emphasis(0.1, 0.0)])
def test_enhanced_images_stay_in_range_and_rise_with_the_evidence(image, emphasis):
    evidence = np.sort(np.random.default_rng(2).random(image.shape).astype(np.float32))
    before = image.copy(), evidence.copy()
    enhanced = emphasise(image, evidence, emphasis)
    assert enhanced.dtype == np.float32
    assert 0 <= enhanced.min() <= enhanced.max() <= 1
    rising = emphasise(np.full_like(image, 0.3), evidence, emphasis)
    assert (np.diff(rising, axis=-1) >= 0).all()
    assert np.array_equal(image, before[0])
    assert np.array_equal(evidence, before[1])


@pytest.mark.parametrize('values', [(0.0, 0.1), (np.inf, 0.1), (3.0, 0.5), (3.0, -0.1)])
def test_unusable_emphasis_is_refused(values):
    with pytest.raises(ValueError, match=r'weight must be > 0 and floor in \[0, 0.5\)'):
        Emphasis(*values)
