from dataclasses import replace

import pytest

from pvs_workflow.lab.training.augment import Augmentation
from pvs_workflow.lab.training.config import FAST, FINE, OWN, PAPER


def test_papers_settings():
    assert (PAPER.enhancer.epochs, PAPER.counter.epochs) == (500, 300)
    for schedule in (PAPER.enhancer, PAPER.counter):
        assert schedule.rate(1000) == 1e-4
        assert schedule.batch == 45


def test_a_time_limit_is_shared_out():
    config = FAST.within(100)
    settling = config.counter.settling(config.settling)
    seconds = (part.seconds for part in (config.enhancer, config.counter, settling))
    assert sum(seconds) == pytest.approx(100)


def test_recorded_images_are_varied_more_than_plates():
    assert OWN.augmentation == FINE.augmentation == Augmentation()
    assert FAST.augmentation.noise < OWN.augmentation.noise
    assert FINE.counter.learning_rate < OWN.counter.learning_rate
    assert FINE.enhancer.epochs < OWN.enhancer.epochs


def test_a_card_has_all_settings_that_it_does_not_have_elsewhere():
    written = replace(FAST, width=4).to_card()
    assert written['width'] == 4
    assert written['counter']['learning_rate'] == FAST.counter.learning_rate
    assert not {'preprocessing', 'emphasis'} & set(written)
