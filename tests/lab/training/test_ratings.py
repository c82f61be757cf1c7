import pytest

from pvs_workflow.errors import PVSError
from pvs_workflow.lab.training.ratings import read_counts

HEADER = 'participant_id\tsession_id\themisphere\tslice\tcount\trater'


def table(path, *rows, header=HEADER):
    path.write_text('\n'.join([header, *rows]) + '\n', encoding='utf-8')
    return path


@pytest.fixture
def path(tmp_path):
    return tmp_path / 'ratings.tsv'


def test_raters_are_averaged(path):
    rows = ('sub-01\tses-1\tL\t17\t3\tA', '01\t1\tL\t17\t4\tB', '01\tn/a\tR\t16.0\t2.5\tA')
    found = read_counts(table(path, *rows))
    assert found.source == path
    assert found.counts == {('01', '1'): {('L', 17): 3.5}, ('01', None): {('R', 16): 2.5}}


def test_without_sessions_and_with_a_spreadsheets_marks(path):
    table(path, '01\tL\t0\t0', header='\ufeffparticipant_id\themisphere\tslice\tcount')
    assert read_counts(path).counts == {('01', None): {('L', 0): 0.0}}


@pytest.mark.parametrize(
    ('row', 'message'),
    [
        ('01\tn/a\tL\t17\t-1\tA', r'line 2, has an unusable count, expected .* received \'-1\''),
        ('01\tn/a\tL\t17\tmany\tA', "unusable count, .* received 'many'"),
        ('01\tn/a\tL\t17\tnan\tA', "unusable count, .* received 'nan'"),
        ('01\tn/a\tL\t17\tinf\tA', "unusable count, .* received 'inf'"),
        ('01\tn/a\tL\t17', "unusable count, .* received ''"),
        ('01\tn/a\tleft\t17\t3\tA', "unusable hemisphere, expected L or R, received 'left'"),
        ('01\tn/a\tL\t1.5\t3\tA', "unusable slice, .* received '1.5'"),
        ('01\tn/a\tL\t-1\t3\tA', "unusable slice, .* received '-1'"),
        ('n/a\tn/a\tL\t1\t3\tA', "unusable participant_id, .* received 'n/a'"),
    ],
)
def test_unusable_values_are_named(path, row, message):
    with pytest.raises(PVSError, match=message) as caught:
        read_counts(table(path, row))
    assert '\n' not in str(caught.value)


def test_missing_columns_are_named(path):
    table(path, '01\t3', header='participant_id\tcount')
    with pytest.raises(
        PVSError, match=r'lacks the column hemisphere and slice, .* received parti'
    ):
        read_counts(path)


def test_no_rows_no_table_no_text(path):
    with pytest.raises(PVSError, match='has no ratings'):
        read_counts(table(path))
    with pytest.raises(PVSError, match='cannot be read, expected a table'):
        read_counts(path.with_name('none.tsv'))
    path.write_bytes(b'\xff\xfe\x00\x81')
    with pytest.raises(PVSError, match='cannot be read, expected a table'):
        read_counts(path)
    path.write_text('')
    with pytest.raises(PVSError, match='received: an empty file'):
        read_counts(path)
