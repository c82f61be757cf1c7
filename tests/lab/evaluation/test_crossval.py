import shutil
from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from pvs_workflow.errors import OutputError, PVSError
from pvs_workflow.lab.evaluation.crossval import cross_validate, make_folds, person_grades
from pvs_workflow.lab.evaluation.fold import CrossvalConfig
from pvs_workflow.lab.evaluation.results import FoldResult
from pvs_workflow.lab.training.config import Schedule

TINY = CrossvalConfig(
    Schedule(1, 1e-3, batch=8), Schedule(2, 1e-3, batch=8), width=2, variations=2
)


def test_too_few_participants_are_rejected(samples, tmp_path):
    three = [sample for sample in samples if sample.participant in ('00', '01', '02')]
    with pytest.raises(PVSError, match='cannot split 3 participants into 4 folds'):
        cross_validate(three, TINY, tmp_path, seed=1)
    assert not list(tmp_path.iterdir())


def test_saved_parts_are_not_computed_again(samples, tmp_path, monkeypatch):
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
    _, parts = cross_validate(
        samples, TINY, tmp_path, **arguments, on_part=lambda *numbers: progress.append(numbers)
    )
    # The order is the paper's, not that of the argument.
    assert calls == [(1, 'none'), (1, 'deep'), (2, 'none'), (2, 'none'), (2, 'deep')]
    assert progress == [(3, 4), (4, 4)]
    assert list(parts) == ['none', 'deep']
    cross_validate(samples, TINY, tmp_path, **arguments)
    assert len(calls) == 5


def test_parts_with_other_settings_are_rejected(samples, tmp_path, monkeypatch):
    arguments = {'seed': 1, 'methods': ('none',), 'n_folds': 2}
    monkeypatch.setattr(
        'pvs_workflow.lab.evaluation.crossval.run_method',
        lambda fold, method: FoldResult((), {}, {}, 0.0),
    )
    cross_validate(samples, TINY, tmp_path, **arguments)
    with pytest.raises(OutputError, match='has results with different config;'):
        cross_validate(samples, replace(TINY, variations=3), tmp_path, **arguments)
    with pytest.raises(OutputError, match='has results with different data;'):
        cross_validate(samples[:-1], TINY, tmp_path, **arguments)


@pytest.mark.slow
def test_resuming_gives_the_same_results(samples, tmp_path):
    chosen = [sample for sample in samples if sample.chosen and sample.participant < '04']
    arguments = {'seed': 3, 'methods': ('none', 'deep'), 'n_folds': 2}
    _, whole = cross_validate(chosen, TINY, tmp_path, **arguments)
    images = {name: [part.images for part in parts] for name, parts in whole.items()}
    assert [len(part) for part in images['deep']] == [12, 12]
    assert all(np.isfinite(image.predicted_count) for image in images['deep'][0])
    # One fold loads its enhancer, the other trains it again.
    shutil.rmtree(tmp_path / 'fold-2_enhancer')
    for number in (1, 2):
        (tmp_path / f'fold-{number}_method-deep.json').unlink()
    _, again = cross_validate(chosen, TINY, tmp_path, **arguments, n_cpus=2)
    assert [part.images for part in again['deep']] == images['deep']
    for one, two in zip(whole['deep'], again['deep'], strict=True):
        assert (one.losses, one.image_passes) == (two.losses, two.image_passes)


@pytest.fixture
def grades():
    rng = np.random.default_rng(0)
    return {
        f'{i:03d}': int(g) for i, g in enumerate(rng.choice(5, 76, p=[0.05, 0.4, 0.3, 0.2, 0.05]))
    }


def test_folds_are_disjoint_and_stratified_by_grade(grades):
    folds = make_folds(grades, 4, np.random.default_rng(1))
    assert sorted(person for fold in folds for person in fold) == sorted(grades)
    assert {len(fold) for fold in folds} == {19}
    for grade in range(5):
        numbers = [sum(grades[person] == grade for person in fold) for fold in folds]
        assert max(numbers) - min(numbers) <= 1


@pytest.mark.parametrize(('people', 'n_folds'), [(4, 2), (7, 3), (10, 4)])
def test_fold_sizes_differ_by_at_most_one(people, n_folds):
    folds = make_folds({str(i): i % 3 for i in range(people)}, n_folds, np.random.default_rng(0))
    sizes = Counter(map(len, folds))
    assert max(sizes) - min(sizes) <= 1


def test_folds_depend_on_the_seed(grades):
    one, again, other = (make_folds(grades, 4, np.random.default_rng(s)) for s in (1, 1, 2))
    assert one == again
    assert one != other


@pytest.mark.parametrize(('people', 'n_folds'), [(3, 4), (10, 1), (3, 2), (0, 2)])
def test_invalid_numbers_of_folds_are_rejected(people, n_folds):
    with pytest.raises(PVSError, match=f'cannot split {people} participants into {n_folds} folds'):
        make_folds({str(i): 1 for i in range(people)}, n_folds, np.random.default_rng(0))


def test_a_participants_grade_is_that_of_the_highest_image(samples):
    grades = person_grades(samples)
    assert list(grades) == sorted(grades)
    highest = max(sample.count for sample in samples if sample.participant == '00')
    assert grades['00'] == int(np.searchsorted([0, 10, 20, 40], highest))
