import numpy as np
import pytest

from pvs_workflow.science.grading import person_grade, potter_grade, round_count


def test_every_whole_count_has_the_grade_of_the_definition():
    ranges = {0: range(1), 1: range(1, 11), 2: range(11, 21), 3: range(21, 41), 4: range(41, 90)}
    for grade, counts in ranges.items():
        assert (potter_grade(list(counts)) == grade).all()


def test_halves_are_rounded_up():
    assert round_count([0.5, 1.5, 2.5, 2.49]).tolist() == [1, 2, 3, 2]
    assert potter_grade(20.5) == 3


@pytest.mark.parametrize('bad', [-1, np.nan, np.inf])
def test_invalid_counts_are_refused(bad):
    with pytest.raises(ValueError, match='counts must be finite and ≥ 0'):
        potter_grade([1, bad])


def test_a_person_has_the_highest_grade_of_the_six_images():
    assert person_grade([0, 3, 9.9, 10.6, 2, 0]) == 2
