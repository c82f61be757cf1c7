from pathlib import Path

import pytest

from pvs_workflow.derivatives import names
from pvs_workflow.derivatives.checks import check_counts, check_grade
from pvs_workflow.derivatives.tables import read_records
from pvs_workflow.errors import PVSError
from tests.builders.results import save_result, with_end

PATH = Path('x.tsv')


@pytest.fixture(scope='module')
def rows(tmp_path_factory):
    """Return the row of grades and the six rows of counts of one T2w."""
    stem = save_result(tmp_path_factory.mktemp('result'))
    (grade,) = read_records(with_end(stem, f'{names.GRADE}.tsv'), 'potter_grade')
    return grade, read_records(with_end(stem, f'{names.COUNTS}.tsv'), 'epvs_counts')


def test_what_the_participant_level_writes_is_sound(rows):
    grade, counts = rows
    check_grade(PATH, grade)
    check_grade(PATH, grade | dict.fromkeys(('potter', 'count_max', 'p_potter0', 'qc_reasons')))
    check_counts(PATH, counts)
    check_counts(PATH, counts[::-1])


@pytest.mark.parametrize(
    ('change', 'said'),
    [
        ({'potter': 5}, 'unusable potter, expected a whole number from 0 to 4, received 5'),
        ({'potter_left': 2.0}, 'unusable potter_left'),
        ({'count_max': -1}, 'unusable count_max, expected a number from 0 to 10000'),
        ({'p_potter3': 1.5}, 'unusable p_potter3, expected a number from 0 to 1'),
        ({'qc': 'good'}, 'unusable qc, expected pass, review, fail, received good'),
        ({'qc': None}, 'unusable qc, .* received n/a'),
        ({'model': 'a\x1b[2J'}, 'unusable model, expected text without control characters'),
    ],
)
def test_a_grade_out_of_range_is_named(rows, change, said):
    with pytest.raises(PVSError, match=f'x.tsv has an {said}'):
        check_grade(PATH, rows[0] | change)


@pytest.mark.parametrize(
    ('change', 'said'),
    [
        ({'count': None}, 'unusable count, .* received n/a'),
        ({'count': 10_001}, 'unusable count, expected a number from 0 to 10000'),
        ({'count_low': 5}, 'unusable interval, expected one that holds 3.25, received 5 to 6.5'),
        ({'slice': 1.5}, 'unusable slice, expected a whole number from 0'),
        ({'potter': 7}, 'unusable potter'),
        ({'qc': ''}, 'unusable qc'),
        ({'hemisphere': 'R'}, 'damaged, expected 3 rows of each hemisphere'),
        ({'slice_rank': 2}, 'damaged, expected 3 rows of each hemisphere'),
        ({'slice_rank': None}, 'damaged, expected 3 rows of each hemisphere'),
    ],
)
def test_counts_out_of_range_are_named(rows, change, said):
    first, *others = rows[1]
    with pytest.raises(PVSError, match=said):
        check_counts(PATH, [first | change, *others])


def test_five_or_seven_images_are_refused(rows):
    for counts in (rows[1][1:], [*rows[1], rows[1][0]]):
        with pytest.raises(PVSError, match='expected 3 rows of each hemisphere'):
            check_counts(PATH, counts)
