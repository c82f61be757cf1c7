import shutil
from dataclasses import replace

import numpy as np
import pytest

from pvs_workflow.errors import OutputError, PVSError
from pvs_workflow.lab.evaluation.crossval import cross_validate
from pvs_workflow.lab.evaluation.fold import CrossvalConfig
from pvs_workflow.lab.evaluation.results import FoldResult
from pvs_workflow.lab.training.config import Schedule

TINY = CrossvalConfig(
    Schedule(1, 1e-3, batch=8), Schedule(2, 1e-3, batch=8), width=2, variations=2
)


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

    monkeypatch.setattr('pvs_workflow.lab.evaluation.crossval.run_method', run)
    arguments = {'seed': 1, 'methods': ('deep', 'none'), 'n_folds': 2}
    with pytest.raises(KeyboardInterrupt):
        cross_validate(samples, TINY, tmp_path, **arguments)
    progress = []
    _, found = cross_validate(
        samples, TINY, tmp_path, **arguments, on_part=lambda *numbers: progress.append(numbers)
    )
    # In the paper's order, whatever was asked.
    assert calls == [(1, 'none'), (1, 'deep'), (2, 'none'), (2, 'none'), (2, 'deep')]
    assert progress == [(3, 4), (4, 4)]
    assert list(found) == ['none', 'deep']
    cross_validate(samples, TINY, tmp_path, **arguments)
    assert len(calls) == 5


def test_parts_of_other_settings_are_not_gone_on_with(samples, tmp_path, monkeypatch):
    one = {'seed': 1, 'methods': ('none',), 'n_folds': 2}
    monkeypatch.setattr(
        'pvs_workflow.lab.evaluation.crossval.run_method',
        lambda fold, method: FoldResult((), {}, {}, 0.0),
    )
    cross_validate(samples, TINY, tmp_path, **one)
    with pytest.raises(OutputError, match='received other config'):
        cross_validate(samples, replace(TINY, variations=3), tmp_path, **one)
    with pytest.raises(OutputError, match='received other data'):
        cross_validate(samples[:-1], TINY, tmp_path, **one)


@pytest.mark.slow
def test_going_on_ends_in_the_same_numbers(samples, tmp_path):
    chosen = [sample for sample in samples if sample.chosen and sample.participant < '04']
    arguments = {'seed': 3, 'methods': ('none', 'deep'), 'n_folds': 2}
    _, whole = cross_validate(chosen, TINY, tmp_path, **arguments)
    images = {name: [part.images for part in parts] for name, parts in whole.items()}
    assert [len(part) for part in images['deep']] == [12, 12]
    assert all(np.isfinite(image.predicted_count) for image in images['deep'][0])
    # One fold keeps its enhancer, the other trains it again.
    shutil.rmtree(tmp_path / 'fold-2_enhancer')
    for number in (1, 2):
        (tmp_path / f'fold-{number}_method-deep.json').unlink()
    _, again = cross_validate(chosen, TINY, tmp_path, **arguments, n_cpus=2)
    assert [part.images for part in again['deep']] == images['deep']
    for one, two in zip(whole['deep'], again['deep'], strict=True):
        assert (one.losses, one.image_passes) == (two.losses, two.image_passes)
