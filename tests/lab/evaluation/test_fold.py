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


def test_weights_are_not_learned_from_those_who_choose_the_epoch(fold):
    learning, choosing = fold._split
    people = [{sample.participant for sample in part} for part in (learning, choosing)]
    assert not people[0] & people[1]
    assert people[0] | people[1] == {'02', '03', '04', '05'}
    assert len(fold.learning) == 2
    assert len(fold.learning[0].counts) == len(learning)


def test_the_test_images_do_not_change_with_what_was_drawn_before(fold):
    again = replace(fold)
    _ = again.learning
    assert np.array_equal(fold.plain.whole, again.plain.whole)
    assert np.array_equal(fold.erring.kept, again.erring.kept)
    assert not np.array_equal(fold.plain.kept, fold.erring.kept)
