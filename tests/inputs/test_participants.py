import math

import pytest

from pvs_workflow.inputs.participants import read_participants


def write(folder, *rows, name='participants.tsv'):
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text('\n'.join('\t'.join(row) for row in rows) + '\n', encoding='utf-8')
    return folder


def test_values_are_read_as_what_they_are(tmp_path):
    rows = (
        ('participant_id', 'Age', 'SEX', 'group', 'site', 'other'),
        ('sub-01', '70.5', 'M', 'control', 'A', 'x'),
        ('02', '89+', 'female', 'n/a', '1', 'y'),
        ('sub-03', 'n/a', 'O', ' patient ', '', 'z'),
    )
    found = read_participants(write(tmp_path, *rows))
    assert found.warning == ''
    assert list(found.frame.columns) == ['age', 'sex', 'group', 'site']
    assert found.frame['age'].iloc[:2].tolist() == [70.5, 89]
    assert math.isnan(found.frame.loc['sub-03', 'age'])
    assert found.frame['sex'].tolist() == ['male', 'female', 'other']
    assert found.frame['group'].fillna('-').tolist() == ['control', '-', 'patient']
    assert found.frame.loc['sub-02', 'site'] == '1'


def test_what_is_not_understood_is_told(tmp_path):
    rows = [('participant_id', 'age', 'sex'), ('sub-01', 'old', 'F'), ('sub-02', '900', '7')]
    found = read_participants(write(tmp_path, *rows))
    assert found.frame['age'].isna().all()
    assert found.warning.endswith('values that were not understood: 2 of age, 1 of sex')


@pytest.mark.parametrize(
    ('rows', 'said'),
    [
        ([('name', 'age'), ('sub-01', '3')], 'no column participant_id'),
        ([('participant_id', 'age'), ('sub-01',)], '1 cells in row 2, where the header has 2'),
        ([('participant_id', 'age'), ('sub-1', '1'), ('1', '2')], 'several rows of one'),
        ([('participant_id', 'age'), ('n/a', '1')], 'a row without participant_id'),
        ([('participant_id', 'age', 'age')], 'two columns of one name'),
        ([('',)], 'an empty file'),
    ],
)
def test_a_malformed_table_is_left_out_with_a_sentence(tmp_path, rows, said):
    found = read_participants(write(tmp_path, *rows))
    assert found.frame.empty
    assert said in found.warning
    assert found.warning.endswith(' (it was not used)')
    assert 'participants.tsv cannot be' in found.warning
    assert '\n' not in found.warning


def test_other_files_than_tables_are_left_out(tmp_path):
    (tmp_path / 'participants.tsv').write_bytes(b'\xff\xfe\x00participant_id')
    assert '(it was not used)' in read_participants(tmp_path).warning
    (tmp_path / 'participants.tsv').unlink()
    (tmp_path / 'participants.tsv').mkdir()
    assert '(it was not used)' in read_participants(tmp_path).warning


def test_a_missing_table_or_dataset_is_no_matter(tmp_path):
    for place in (None, tmp_path, tmp_path / 'nowhere'):
        found = read_participants(place)
        assert found.frame.empty
        assert found.warning == ''
