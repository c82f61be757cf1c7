import json
import shutil
from pathlib import Path

import pytest

from pvs_workflow.derivatives import names
from pvs_workflow.derivatives.results import (
    check_counts,
    check_grade,
    find_results,
    read_result,
    read_results,
)
from pvs_workflow.derivatives.tables import read_records
from pvs_workflow.errors import NoInputError, PVSError
from tests.builders.results import COUNTS, save_result, with_end


def grade_path(stem):
    return with_end(stem, f'{names.GRADE}.tsv')


def test_results_are_found_in_order_with_and_without_sessions(tmp_path):
    stems = [save_result(tmp_path, *who) for who in (('02', 'b'), ('02', 'a'), ('01', None, '2'))]
    results, problems = read_results(tmp_path)
    assert problems == []
    assert [result.stem for result in results] == sorted(stems)
    identity = {(r.grade['participant_id'], r.grade['session_id']) for r in results}
    assert identity == {('sub-02', 'ses-b'), ('sub-02', 'ses-a'), ('sub-01', None)}
    for result in results:
        assert [row['count'] for row in result.counts] == list(COUNTS)
        for row in result.counts:
            assert row['participant_id'] == result.grade['participant_id']
            assert row['session_id'] == result.grade['session_id']


def test_counts_without_a_grade_are_a_result_that_lacks_it(tmp_path):
    path = grade_path(save_result(tmp_path, '01'))
    path.unlink()
    assert find_results(tmp_path) == [path]
    with pytest.raises(PVSError, match=r'potter_grade\.tsv cannot be read'):
        read_result(path)


@pytest.mark.parametrize(
    ('name', 'damage', 'said'),
    [
        ('potter_grade', lambda text: '', 'cannot be read'),
        ('potter_grade', lambda text: text.splitlines()[0] + '\n', 'no rows'),
        ('potter_grade', lambda text: text.replace('potter_left', 'left'), 'other columns'),
        ('potter_grade', lambda text: text + text.splitlines()[1] + '\n', 'received 2'),
        ('potter_grade', lambda text: text.replace('sub-02', 'sub-03', 1), 'not in its place'),
        ('epvs_counts', lambda text: text.rsplit('\n', 2)[0] + '\n', 'expected 3 rows'),
        ('epvs_counts', lambda text: text.replace('\t3.25\t', '\tthree\t'), 'than numbers'),
        ('epvs_counts', lambda text: None, 'cannot be read'),
        ('potter_grade', lambda text: None, 'cannot be read'),
    ],
)
def test_damaged_result_is_named_and_the_rest_goes_on(tmp_path, name, damage, said):
    save_result(tmp_path, '01')
    save_result(tmp_path, '02')
    path = tmp_path / 'sub-02' / 'anat' / f'sub-02_desc-{name}.tsv'
    damaged = damage(path.read_text())
    path.unlink() if damaged is None else path.write_text(damaged)
    results, (problem,) = read_results(tmp_path)
    assert said in problem
    assert str(path.parent) in problem
    assert [result.grade['participant_id'] for result in results] == ['sub-01']


def test_contradicting_tables_are_named(tmp_path):
    save_result(tmp_path, '01', counts=[3] * 6)
    save_result(tmp_path / 'other', '01', counts=[30] * 6)
    save_result(tmp_path, '02')
    counts = 'sub-01/anat/sub-01_desc-epvs_counts.tsv'
    shutil.copy(tmp_path / 'other' / counts, tmp_path / counts)
    _, (problem,) = read_results(tmp_path)
    assert 'does not go with' in problem


def test_no_usable_result_is_no_input(tmp_path):
    with pytest.raises(NoInputError, match=r'run the participant level first.*received none'):
        read_results(tmp_path)
    grade_path(save_result(tmp_path, '01')).write_text('')
    with pytest.raises(NoInputError, match='only unusable ones'):
        read_results(tmp_path)


def described(stem, **facts):
    with_end(stem, f'{names.T2W}.json').write_text(json.dumps(facts))
    return read_result(grade_path(stem)).describe()


def test_a_result_describes_its_counts_and_scanner(tmp_path):
    found = described(
        save_result(tmp_path, '01'),
        Manufacturer='Maker',
        ManufacturersModelName='M1',
        MagneticFieldStrength=1.5,
        InstitutionName='North',
        VoxelSize=[0.5, 0.5, 4.04],
    )
    assert found['count_sum'] == pytest.approx(sum(COUNTS))
    assert (found['top_low'], found['top_high']) == (10.8, 43.2)
    assert found['scanner'] == 'Maker M1 1.5 T'
    assert (found['institution'], found['slice']) == ('North', '4.0 mm')


@pytest.mark.parametrize(
    'facts',
    [{}, {'Manufacturer': ['x'], 'VoxelSize': 'big', 'InstitutionName': 3}, {'VoxelSize': []}],
)
def test_a_sidecar_without_usable_facts_describes_no_scanner(tmp_path, facts):
    found = described(save_result(tmp_path, '01'), **facts)
    assert (found['scanner'], found['institution'], found['slice']) == (None, None, None)


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
