import math

import pytest

from pvs_workflow.inputs.participants import read_participants


def write(folder, *rows, name='participants.tsv'):
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text('\n'.join('\t'.join(row) for row in rows) + '\n', encoding='utf-8')
    return folder


def test_values_are_converted_to_their_types(tmp_path):
    rows = (
        ('participant_id', 'Age', 'SEX', 'group', 'site', 'other'),
        ('sub-01', '70.5', 'M', 'control', 'A', 'x'),
        ('02', '89+', 'female', 'n/a', '1', 'y'),
        ('sub-03', 'n/a', 'O', ' patient ', '', 'z'),
    )
    participants = read_participants(write(tmp_path, *rows))
    assert participants.warning == ''
    assert list(participants.frame.columns) == ['age', 'sex', 'group', 'site']
    assert participants.frame['age'].iloc[:2].tolist() == [70.5, 89]
    assert math.isnan(participants.frame.loc['sub-03', 'age'])
    assert participants.frame['sex'].tolist() == ['male', 'female', 'other']
    assert participants.frame['group'].fillna('-').tolist() == ['control', '-', 'patient']
    assert participants.frame.loc['sub-02', 'site'] == '1'


def test_unknown_values_are_counted_in_the_warning(tmp_path):
    rows = [('participant_id', 'age', 'sex'), ('sub-01', 'old', 'F'), ('sub-02', '900', '7')]
    participants = read_participants(write(tmp_path, *rows))
    assert participants.frame['age'].isna().all()
    assert participants.warning == (
        f"{tmp_path}/participants.tsv: unknown values left out: 2 of age (such as 'old'), "
        "1 of sex (such as '7')"
    )


def test_unmatched_rows_are_named(tmp_path):
    rows = [('participant_id', 'age'), ('sub-1', '70'), ('sub-2', '60'), ('sub-30', '50')]
    write(tmp_path, *rows)
    (tmp_path / 'sub-30').mkdir()
    participants = read_participants(tmp_path, ['sub-01', 'sub-2'])
    assert (
        participants.unmatched
        == participants.warning
        == (
            f'{tmp_path}/participants.tsv: no row for sub-01, but unmatched rows: '
            'sub-1 (like sub-01)'
        )
    )
    assert read_participants(tmp_path, ['sub-2', 'sub-30']).warning == ''


def test_rows_of_one_participant_are_merged(tmp_path):
    rows = [
        ('participant_id', 'session', 'age', 'sex', 'site'),
        ('sub-01', '1', '70', 'F', 'A'),
        ('sub-01', '2', '72', 'female', 'n/a'),
        ('01', '3', '74', 'F', 'A'),
        ('sub-02', '1', '60', 'M', 'B'),
    ]
    participants = read_participants(write(tmp_path, *rows))
    assert participants.frame.index.tolist() == ['sub-01', 'sub-02']
    assert participants.frame['age'].tolist()[1] == 60
    assert math.isnan(participants.frame.loc['sub-01', 'age'])
    assert participants.frame['sex'].tolist() == ['female', 'male']
    assert participants.frame['site'].tolist() == ['A', 'B']
    assert participants.warning.endswith(
        ': values that differ between rows left out: age of 1 participants'
    )


def test_one_bad_row_or_column_does_not_cost_the_others(tmp_path):
    rows = [
        ('participant_id', 'age', 'site', 'site'),
        ('sub-01', '70', 'A', 'A'),
        ('n/a', '30', 'A', 'A'),
        ('sub-02',),
        ('1', 'sub-03', '60', 'A', 'A'),
        ('sub-04', '40', '', '', '', ''),
    ]
    participants = read_participants(write(tmp_path, *rows))
    assert participants.frame['age'].dropna().to_dict() == {'sub-01': 70, 'sub-04': 40}
    assert participants.frame.index.tolist() == ['sub-01', 'sub-02', 'sub-04']
    assert 'with too many cells left out: line 3, 5; ' in participants.warning
    assert 'all of site (two columns)' in participants.warning


@pytest.mark.parametrize(
    ('rows', 'message'),
    [
        ([('name', 'age'), ('sub-01', '3')], 'no column participant_id'),
        ([('participant_id', 'participant_id')], 'two columns participant_id'),
        ([('participant_id,age',), ('sub-01,3',)], 'has commas instead of tabs; save it with'),
        ([('',)], 'it is empty'),
    ],
)
def test_a_malformed_table_is_ignored_with_a_warning(tmp_path, rows, message):
    participants = read_participants(write(tmp_path, *rows))
    assert participants.frame.empty
    assert message in participants.warning
    assert participants.warning.endswith(' (file ignored)')
    assert participants.warning.startswith(f'{tmp_path}/participants.tsv ')
    assert '\n' not in participants.warning


def test_a_broken_link_is_a_warning(tmp_path):
    (tmp_path / 'participants.tsv').symlink_to('.git/annex/objects/x')
    assert 'No such file' in read_participants(tmp_path).warning


def test_files_that_are_not_tables_are_ignored(tmp_path):
    (tmp_path / 'participants.tsv').write_bytes(b'\xff\xfe\x00participant_id')
    assert '(file ignored)' in read_participants(tmp_path).warning
    (tmp_path / 'participants.tsv').unlink()
    (tmp_path / 'participants.tsv').mkdir()
    assert '(file ignored)' in read_participants(tmp_path).warning


def test_a_missing_table_or_dataset_gives_no_warning(tmp_path):
    for folder in (None, tmp_path, tmp_path / 'nowhere'):
        participants = read_participants(folder)
        assert participants.frame.empty
        assert participants.warning == ''
