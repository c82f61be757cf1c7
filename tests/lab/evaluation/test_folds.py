from collections import Counter

import numpy as np
import pytest

from pvs_workflow.errors import PVSError
from pvs_workflow.lab.evaluation.folds import make_folds, person_grades


@pytest.fixture
def grades():
    rng = np.random.default_rng(0)
    return {
        f'{i:03d}': int(g) for i, g in enumerate(rng.choice(5, 76, p=[0.05, 0.4, 0.3, 0.2, 0.05]))
    }


def test_everybody_once_and_each_grade_evenly(grades):
    folds = make_folds(grades, 4, np.random.default_rng(1))
    assert sorted(person for fold in folds for person in fold) == sorted(grades)
    assert {len(fold) for fold in folds} == {19}
    for grade in range(5):
        numbers = [sum(grades[person] == grade for person in fold) for fold in folds]
        assert max(numbers) - min(numbers) <= 1


@pytest.mark.parametrize(('people', 'n_folds'), [(4, 2), (7, 3), (10, 4)])
def test_sizes_differ_by_one_at_most(people, n_folds):
    folds = make_folds({str(i): i % 3 for i in range(people)}, n_folds, np.random.default_rng(0))
    sizes = Counter(map(len, folds))
    assert max(sizes) - min(sizes) <= 1


def test_the_seed_decides(grades):
    one, again, other = (make_folds(grades, 4, np.random.default_rng(s)) for s in (1, 1, 2))
    assert one == again
    assert one != other


@pytest.mark.parametrize(('people', 'n_folds'), [(3, 4), (10, 1), (3, 2), (0, 2)])
def test_too_few(people, n_folds):
    with pytest.raises(PVSError, match=f'received {people} participants for {n_folds} folds'):
        make_folds({str(i): 1 for i in range(people)}, n_folds, np.random.default_rng(0))


def test_grades_are_those_of_the_highest_image(samples):
    grades = person_grades(samples)
    assert list(grades) == sorted(grades)
    highest = max(sample.count for sample in samples if sample.participant == '00')
    assert grades['00'] == int(np.searchsorted([0, 10, 20, 40], highest))
