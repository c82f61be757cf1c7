from dataclasses import replace

import numpy as np
import pytest

from pvs_workflow.lab.evaluation.fold import CrossvalConfig, Fold
from pvs_workflow.lab.training.config import Schedule

TINY = CrossvalConfig(
    Schedule(1, 1e-3, batch=8), Schedule(2, 1e-3, batch=8), width=2, variations=2
)


@pytest.fixture
def fold(samples, tmp_path):
    held_out = tuple(sample for sample in samples if sample.participant in ('00', '01'))
    training = tuple(sample for sample in samples if sample not in held_out)
    return Fold(1, training, held_out, TINY, 5, tmp_path)


def test_training_and_validation_participants_are_disjoint(fold):
    training, validation = fold._split
    people = [{sample.participant for sample in part} for part in (training, validation)]
    assert not people[0] & people[1]
    assert people[0] | people[1] == {'02', '03', '04', '05'}
    assert len(fold.training_images) == 2
    assert len(fold.training_images[0].counts) == len(training)


def test_test_images_do_not_depend_on_previous_draws(fold):
    again = replace(fold)
    _ = again.training_images
    assert np.array_equal(fold.true_roi_images.unblanked, again.true_roi_images.unblanked)
    assert np.array_equal(fold.roi_error_images.visible, again.roi_error_images.visible)
    assert not np.array_equal(fold.true_roi_images.visible, fold.roi_error_images.visible)
