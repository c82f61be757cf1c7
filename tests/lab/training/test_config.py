from dataclasses import replace

import pytest

from pvs_workflow.lab.training.augment import Augmentation
from pvs_workflow.lab.training.config import FAST, FINE_TUNING, PAPER, RECORDED, Schedule
from pvs_workflow.networks.engine import configure_tensorflow


def test_the_learning_rate_decays_to_zero_along_half_a_cosine():
    configure_tensorflow(threads=1)
    rates = [float(Schedule(10, 0.4).rate(100)(step)) for step in (0, 50, 75, 100)]
    assert rates == pytest.approx([0.4, 0.2, 0.4 * 0.1464466, 0], abs=1e-6)
    assert Schedule(10, 0.4, 'constant').rate(100) == 0.4
    shares = [Schedule(10, 0.4).rate_at(share) for share in (0, 0.5, 1, 1.2)]
    assert shares == pytest.approx([0.4, 0.2, 0, 0], abs=1e-6)


def test_settling_takes_a_share_of_epochs_and_time():
    assert Schedule(4, 1e-2, seconds=60.0).settling(0.5).seconds == 30.0
    assert Schedule(4, 1e-2).settling(0.5).seconds is None


def test_settings_of_the_paper():
    assert (PAPER.enhancer.epochs, PAPER.counter.epochs) == (500, 300)
    for schedule in (PAPER.enhancer, PAPER.counter):
        assert schedule.rate(1000) == 1e-4
        assert schedule.batch == 45


def test_a_time_limit_is_split_between_the_networks():
    config = FAST.within(100)
    settling = config.counter.settling(config.settling)
    seconds = (part.seconds for part in (config.enhancer, config.counter, settling))
    assert sum(seconds) == pytest.approx(100)


def test_recorded_images_are_augmented_more_than_simulated_ones():
    assert RECORDED.augmentation == FINE_TUNING.augmentation == Augmentation()
    assert FAST.augmentation.noise < RECORDED.augmentation.noise
    assert FINE_TUNING.counter.learning_rate < RECORDED.counter.learning_rate
    assert FINE_TUNING.enhancer.epochs < RECORDED.enhancer.epochs


def test_a_card_has_all_settings_but_preprocessing_and_emphasis():
    written = replace(FAST, width=4).to_card()
    assert written['width'] == 4
    assert written['counter']['learning_rate'] == FAST.counter.learning_rate
    assert not {'preprocessing', 'emphasis'} & set(written)
