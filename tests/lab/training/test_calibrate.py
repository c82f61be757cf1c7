from dataclasses import dataclass, replace

import numpy as np
import pytest

from pvs_workflow.lab.training.augment import ROI_ERRORS, augmented_image, plain_image
from pvs_workflow.lab.training.calibrate import CALIBRATION_VARIATIONS, calibrate, fit_calibration
from pvs_workflow.lab.training.reference import ACCEPT_ALL
from pvs_workflow.method.count import estimate
from pvs_workflow.networks.card import Architecture, Card
from pvs_workflow.networks.cascade import Prediction
from pvs_workflow.science.emphasis import PAPER
from pvs_workflow.science.intensity import Preprocessing

CARD = Card(
    name='spots',
    version='1',
    architecture=Architecture(),
    preprocessing=Preprocessing(),
    emphasis=PAPER,
    training={},
    metrics={},
    calibration=fit_calibration([0.0], [0.0]),
    reference=ACCEPT_ALL,
    versions={},
)


@dataclass(frozen=True)
class SpotCounter:
    """Cascade that counts bright pixels; an ePVS of the phantoms has four."""

    card: Card = CARD

    def predict(self, images):
        bright = images > 0.6
        counts = bright.sum(axis=(1, 2)) / 4.0
        return Prediction((images + bright) / 2, bright.astype(np.float32), counts)


@pytest.fixture(scope='module')
def chosen(samples):
    return [sample for sample in samples if sample.chosen]


@pytest.fixture(scope='module')
def calibrated(chosen):
    return calibrate(SpotCounter(), chosen, 0.9, np.random.default_rng(0))


@pytest.fixture(scope='module')
def card(calibrated):
    return replace(CARD, calibration=calibrated.calibration, reference=calibrated.reference)


def count(card, images):
    images = np.stack(images)
    return estimate(card, images, SpotCounter().predict(images))


def test_every_image_is_used_in_every_variation(chosen, calibrated):
    assert calibrated.calibration.n_images == len(CALIBRATION_VARIATIONS) * len(chosen)
    assert calibrated.predicted.shape == calibrated.distances.shape == (len(chosen),)
    assert len(calibrated.calibration.difficulty) == 5


def test_the_same_seed_gives_the_same_calibration(chosen, calibrated):
    again = calibrate(SpotCounter(), chosen, 0.9, np.random.default_rng(0))
    assert again.calibration == calibrated.calibration
    assert again.reference == calibrated.reference


def test_intervals_contain_the_truth_of_new_variations(chosen, card):
    rng = np.random.default_rng(5)
    images = [augmented_image(s, CARD.preprocessing, ROI_ERRORS, rng).image for s in chosen]
    result = count(card, images)
    true = np.array([sample.count for sample in chosen])
    assert np.mean((result.lows <= true) & (true <= result.highs)) >= 0.85


def test_calibration_images_are_in_distribution(chosen, card):
    images = [plain_image(sample, CARD.preprocessing).image for sample in chosen]
    assert count(card, images).in_distribution.mean() > 0.95


def noise(images):
    values = np.random.default_rng(1).random(images.shape, np.float32)
    return np.where(images > 0, values, 0)


def inverted(images):
    return np.where(images > 0, np.clip(0.8 - images, 0.01, 1), 0)


def off_target(images):
    return np.roll(np.where(images > 0, images, 0.25), 20, axis=1) * (images > 0)


@pytest.mark.parametrize('corrupt', [noise, inverted, off_target])
def test_corrupted_images_are_out_of_distribution(chosen, card, corrupt):
    images = np.stack([plain_image(sample, CARD.preprocessing).image for sample in chosen])
    assert count(card, corrupt(images).astype(np.float32)).in_distribution.mean() < 0.1


def test_one_person_is_enough_for_a_calibration(chosen):
    samples = [sample for sample in chosen if sample.participant == chosen[0].participant]
    result = calibrate(SpotCounter(), samples, 0.9, np.random.default_rng(0))
    assert result.reference is ACCEPT_ALL
    assert result.distances is None
    assert result.calibration.under == (1.0,)


def test_intervals_of_images_without_epvs_are_one_sided():
    calibration = fit_calibration([0.0] * 20 + [0.5] * 16 + [3.0] * 3, np.zeros(39))
    # 10 % of 40 images are at or above the upper end; there are no counts below 0.
    assert calibration.low == (0.0,)
    assert calibration.high == (0.5,)


@pytest.mark.parametrize(
    ('predicted', 'true', 'coverage', 'message'),
    [
        ([], [], 0.9, r'must be non-empty .* shapes are \(0,\) and \(0,\)'),
        ([1.0], [1.0, 2.0], 0.9, r'of equal length; their shapes are \(1,\) and \(2,\)'),
        ([-1.0], [1.0], 0.9, 'finite numbers ≥ 0'),
        ([np.nan], [1.0], 0.9, 'finite numbers ≥ 0'),
        ([1.0], [1.0], 1.0, 'between 0 and 1'),
    ],
)
def test_invalid_counts_and_coverage_are_rejected(predicted, true, coverage, message):
    with pytest.raises(ValueError, match=message):
        fit_calibration(predicted, true, coverage)


def test_participants_and_difficulty_of_another_length_are_rejected():
    with pytest.raises(ValueError, match='expected 2 participants, one per count, received 1'):
        fit_calibration([1.0, 2.0], [1, 2], participants=['a'])
    with pytest.raises(ValueError, match='difficulty must be 2 finite numbers'):
        fit_calibration([1.0, 2.0], [1, 2], difficulty=[np.nan, 0])
