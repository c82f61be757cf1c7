from dataclasses import replace
from pathlib import Path

import pytest

from pvs_workflow.errors import PVSError
from pvs_workflow.lab.training.config import FAST, FINE_TUNING, PAPER, RECORDED
from pvs_workflow.lab.training.plan import SHIPPED, TrainingPlan

PLAN = TrainingPlan(
    output=Path('out', 'model'),
    bids_dir=None,
    derivatives=None,
    masks=None,
    ratings=None,
    participants=31,
    anatomies=None,
    backgrounds=None,
    start=None,
    new_counter=False,
    seed=1,
    epochs_enhancer=None,
    epochs_counter=None,
    minutes=None,
    paper_settings=False,
    resume=False,
    n_cpus=1,
    name='ours',
    version_label='1',
)
OWN_DATA = replace(PLAN, bids_dir=Path('cohort'))


@pytest.mark.parametrize('name', ['derivatives', 'masks', 'ratings'])
def test_derivatives_masks_and_ratings_need_images(name):
    with pytest.raises(PVSError, match=f'--{name} needs --bids-dir'):
        replace(PLAN, **{name: Path('x')})


def test_ratings_and_a_new_counter_need_an_enhancer():
    with pytest.raises(
        PVSError, match=r'ratings alone cannot train .* --from shipped\) or add .* --masks'
    ):
        replace(OWN_DATA, ratings=Path('x'))
    with pytest.raises(PVSError, match=r'--new-counter needs .*; add --from'):
        replace(PLAN, new_counter=True)
    assert replace(OWN_DATA, ratings=Path('x'), start=SHIPPED).ratings
    assert replace(OWN_DATA, ratings=Path('x'), masks=Path('y')).ratings


@pytest.mark.parametrize(
    ('plan', 'config'),
    [
        (PLAN, FAST),
        (replace(PLAN, start=SHIPPED), FAST),
        (OWN_DATA, RECORDED),
        (replace(OWN_DATA, start=SHIPPED), FINE_TUNING),
        (replace(OWN_DATA, start=SHIPPED, new_counter=True), RECORDED),
        (replace(OWN_DATA, paper_settings=True), PAPER),
    ],
)
def test_the_configuration_depends_on_the_data_and_the_initial_cascade(plan, config):
    assert plan.config() == config


def test_the_number_of_epochs_can_be_set():
    config = replace(PLAN, epochs_counter=7).config()
    assert (config.enhancer, config.counter) == (FAST.enhancer, replace(FAST.counter, epochs=7))


def test_with_a_time_limit_the_number_of_epochs_is_large():
    config = replace(PLAN, minutes=10.0).config()
    assert config.enhancer.epochs == PAPER.enhancer.epochs
    assert config.enhancer.learning_rate == FAST.enhancer.learning_rate
    settling = config.counter.settling(config.settling)
    parts = (config.enhancer, config.counter, settling)
    assert sum(part.seconds for part in parts) == pytest.approx(600)


def test_checkpoints_and_curves_are_next_to_the_bundle():
    assert PLAN.checkpoints == Path('out', 'model_checkpoints')
    assert PLAN.curves == Path('out', 'model_curves.png')
    assert PLAN.n_calibration == 16
