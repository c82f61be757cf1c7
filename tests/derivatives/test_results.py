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
from tests.builders.results import COUNTS, derivative_path, save_result


def grade_path(stem):
    return derivative_path(stem, f'{names.GRADE}.tsv')


def test_results_are_sorted_with_and_without_sessions(tmp_path):
    stems = [
        save_result(tmp_path, *labels) for labels in (('02', 'b'), ('02', 'a'), ('01', None, '2'))
    ]
    found = read_results(tmp_path)
    results = found.results
    assert found.problems == []
    assert [result.stem for result in results] == sorted(stems)
    identity = {(r.grade['participant_id'], r.grade['session_id']) for r in results}
    assert identity == {('sub-02', 'ses-b'), ('sub-02', 'ses-a'), ('sub-01', None)}
    for result in results:
        assert [row['count'] for row in result.counts] == list(COUNTS)
        for row in result.counts:
            assert row['participant_id'] == result.grade['participant_id']
            assert row['session_id'] == result.grade['session_id']


def test_counts_without_a_grade_are_an_incomplete_result(tmp_path):
    path = grade_path(save_result(tmp_path, '01'))
    path.unlink()
    assert find_results(tmp_path).paths == (path,)
    with pytest.raises(PVSError, match=r'potter_grade\.tsv cannot be read'):
        read_result(path)


@pytest.mark.parametrize(
    ('name', 'damage', 'message'),
    [
        ('potter_grade', lambda text: '', 'cannot be read'),
        ('potter_grade', lambda text: text.splitlines()[0] + '\n', 'no rows'),
        ('potter_grade', lambda text: text.replace('potter_left', 'left'), 'wrong columns'),
        (
            'potter_grade',
            lambda text: text + text.splitlines()[1] + '\n',
            'expected 1 row, received 2',
        ),
        (
            'potter_grade',
            lambda text: text.replace('sub-02', 'sub-03', 1),
            'results of sub-03, which do not match its name',
        ),
        ('epvs_counts', lambda text: text.rsplit('\n', 2)[0] + '\n', 'expected 3 rows'),
        (
            'epvs_counts',
            lambda text: text.replace('\t3.25\t', '\tthree\t'),
            "'three' in column count",
        ),
        ('epvs_counts', lambda text: None, 'cannot be read'),
        ('potter_grade', lambda text: None, 'cannot be read'),
    ],
)
def test_a_damaged_result_is_reported_and_others_are_read(tmp_path, name, damage, message):
    save_result(tmp_path, '01')
    save_result(tmp_path, '02')
    path = tmp_path / 'sub-02' / 'anat' / f'sub-02_desc-{name}.tsv'
    damaged = damage(path.read_text())
    path.unlink() if damaged is None else path.write_text(damaged)
    found = read_results(tmp_path)
    (problem,) = found.problems
    assert message in problem
    assert str(path.parent) in problem
    assert [result.grade['participant_id'] for result in found.results] == ['sub-01']


def test_inconsistent_tables_are_reported(tmp_path):
    save_result(tmp_path, '01', counts=[3] * 6)
    save_result(tmp_path / 'other', '01', counts=[30] * 6)
    save_result(tmp_path, '02')
    counts = 'sub-01/anat/sub-01_desc-epvs_counts.tsv'
    shutil.copy(tmp_path / 'other' / counts, tmp_path / counts)
    (problem,) = read_results(tmp_path).problems
    assert 'has grade 1, but the highest grade in sub-01_desc-epvs_counts.tsv is 3' in problem


def test_a_folder_without_usable_results_is_an_error(tmp_path):
    with pytest.raises(NoInputError, match=r'has no results .*; run the participant level first'):
        read_results(tmp_path)
    grade_path(save_result(tmp_path, '01')).write_text('')
    with pytest.raises(NoInputError, match='has only unusable results: '):
        read_results(tmp_path)


def describe(stem, **facts):
    """Return the description of a result whose sidecar has these facts."""
    derivative_path(stem, f'{names.T2W}.json').write_text(json.dumps(facts))
    return read_result(grade_path(stem)).describe()


def test_a_result_describes_its_counts_and_scanner(tmp_path):
    description = describe(
        save_result(tmp_path, '01'),
        Manufacturer='Maker',
        ManufacturersModelName='M1',
        MagneticFieldStrength=1.5,
        InstitutionName='North',
        VoxelSize=[0.5, 0.5, 4.04],
    )
    assert description['count_sum'] == pytest.approx(sum(COUNTS))
    assert (description['top_low'], description['top_high']) == (10.8, 43.2)
    assert description['scanner'] == 'Maker M1 1.5 T'
    assert (description['institution'], description['slice']) == ('North', '4.0 mm')
    assert description['thickness'] == 4.04


@pytest.mark.parametrize(
    'facts',
    [{}, {'Manufacturer': ['x'], 'VoxelSize': 'big', 'InstitutionName': 3}, {'VoxelSize': []}],
)
def test_a_sidecar_without_usable_facts_describes_no_scanner(tmp_path, facts):
    description = describe(save_result(tmp_path, '01'), **facts)
    assert [description[name] for name in ('scanner', 'institution', 'slice')] == [None] * 3


PATH = Path('x.tsv')


@pytest.fixture(scope='module')
def rows(tmp_path_factory):
    """Return the grade row and the six count rows of a T2w."""
    stem = save_result(tmp_path_factory.mktemp('result'))
    (grade,) = read_records(derivative_path(stem, f'{names.GRADE}.tsv'), 'potter_grade')
    return grade, read_records(derivative_path(stem, f'{names.COUNTS}.tsv'), 'epvs_counts')


def test_results_of_the_participant_level_are_valid(rows):
    grade, counts = rows
    check_grade(PATH, grade)
    check_grade(PATH, grade | dict.fromkeys(('potter', 'count_max', 'p_potter0', 'qc_reasons')))
    check_counts(PATH, counts)
    check_counts(PATH, counts[::-1])


@pytest.mark.parametrize(
    ('change', 'message'),
    [
        ({'potter': 5}, 'unusable potter: 5 is not a whole number from 0 to 4'),
        ({'potter_left': 2.0}, 'unusable potter_left'),
        ({'count_max': -1}, 'unusable count_max: -1 is not a number from 0 to 10000'),
        ({'p_potter3': 1.5}, 'unusable p_potter3: 1.5 is not a number from 0 to 1'),
        ({'qc': 'good'}, 'unusable qc: good is not one of pass, review, fail'),
        ({'qc': None}, 'unusable qc: n/a is not'),
        ({'model': 'a\x1b[2J'}, 'unusable model: .* is not text without control characters'),
    ],
)
def test_a_grade_out_of_range_is_reported(rows, change, message):
    with pytest.raises(PVSError, match=f'x.tsv has an {message}'):
        check_grade(PATH, rows[0] | change)


@pytest.mark.parametrize(
    ('change', 'message'),
    [
        ({'count': None}, 'unusable count: n/a is not'),
        ({'count': 10_001}, 'unusable count: 10001 is not a number from 0 to 10000'),
        ({'count_low': 5}, 'unusable interval: 5 to 6.5 is not an interval around 3.25'),
        ({'slice': 1.5}, 'unusable slice: 1.5 is not a whole number of at least 0'),
        ({'potter': 7}, 'unusable potter'),
        ({'qc': ''}, 'unusable qc'),
        ({'hemisphere': 'R'}, 'damaged: expected 3 rows per hemisphere'),
        ({'slice_rank': 2}, 'damaged: expected 3 rows per hemisphere'),
        ({'slice_rank': None}, 'damaged: expected 3 rows per hemisphere'),
    ],
)
def test_counts_out_of_range_are_reported(rows, change, message):
    first, *others = rows[1]
    with pytest.raises(PVSError, match=message):
        check_counts(PATH, [first | change, *others])


def test_five_or_seven_images_are_refused(rows):
    for counts in (rows[1][1:], [*rows[1], rows[1][0]]):
        with pytest.raises(PVSError, match='expected 3 rows per hemisphere'):
            check_counts(PATH, counts)
