from dataclasses import replace

import numpy as np
import pytest

from pvs_workflow.errors import OutputError, PVSError
from pvs_workflow.lab.evaluation.crossval import cross_validate
from pvs_workflow.lab.evaluation.fold import CrossvalConfig, Fold
from pvs_workflow.lab.evaluation.results import FoldResult
from pvs_workflow.lab.training.optimise import Schedule

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


def test_too_few_participants(samples, tmp_path):
    three = [sample for sample in samples if sample.participant in ('00', '01', '02')]
    with pytest.raises(PVSError, match='received 3 participants for 4 folds'):
        cross_validate(three, TINY, tmp_path, seed=1)
    assert not list(tmp_path.iterdir())


def test_kept_parts_are_not_computed_again(samples, tmp_path, monkeypatch):
    calls = []

    def run(fold, method):
        calls.append((fold.number, method))
        if len(calls) == 3:
            raise KeyboardInterrupt
        return FoldResult((), {}, {}, 0.0)

    monkeypatch.setattr('pvs_workflow.lab.evaluation.fold._run_method', run)
    arguments = (samples, TINY, tmp_path, 1, ('deep', 'none'), 2)
    with pytest.raises(KeyboardInterrupt):
        cross_validate(*arguments)
    progress = []
    found = cross_validate(*arguments, on_part=lambda *numbers: progress.append(numbers))
    # In the paper's order, whatever was asked.
    assert calls == [(1, 'none'), (1, 'deep'), (2, 'none'), (2, 'none'), (2, 'deep')]
    assert progress == [(3, 4), (4, 4)]
    assert list(found.parts) == ['none', 'deep']
    cross_validate(*arguments)
    assert len(calls) == 5


def test_parts_of_other_settings_are_not_gone_on_with(samples, tmp_path, monkeypatch):
    monkeypatch.setattr(
        'pvs_workflow.lab.evaluation.fold._run_method',
        lambda fold, method: FoldResult((), {}, {}, 0.0),
    )
    cross_validate(samples, TINY, tmp_path, 1, ('none',), 2)
    with pytest.raises(OutputError, match='received other config'):
        cross_validate(samples, replace(TINY, variations=3), tmp_path, 1, ('none',), 2)
    with pytest.raises(OutputError, match='received other data'):
        cross_validate(samples[:-1], TINY, tmp_path, 1, ('none',), 2)


@pytest.mark.slow
def test_going_on_ends_in_the_same_numbers(samples, tmp_path):
    chosen = [sample for sample in samples if sample.chosen and sample.participant < '04']
    arguments = (chosen, TINY, tmp_path, 3, ('none', 'deep'), 2)
    whole = cross_validate(*arguments)
    images = {name: [part.images for part in parts] for name, parts in whole.parts.items()}
    assert [len(part) for part in images['deep']] == [12, 12]
    assert all(np.isfinite(image.predicted_count) for image in images['deep'][0])
    # One fold keeps its enhancer, the other trains it again.
    for name in ('fold-1_method-deep.json', 'fold-2_method-deep.json', 'fold-2_enhancer.npz'):
        (tmp_path / name).unlink()
    again = cross_validate(*arguments)
    assert [part.images for part in again.parts['deep']] == images['deep']
    for one, two in zip(whole.parts['deep'], again.parts['deep'], strict=True):
        assert (one.losses, one.image_passes) == (two.losses, two.image_passes)
