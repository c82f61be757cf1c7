"""What a dataset tells of its people, sessions and scanners; and what is made of nonsense."""

import json
import math
from datetime import datetime

import pytest

from pvs_workflow.inputs.metadata import scanner_metadata
from pvs_workflow.inputs.people import read_people
from pvs_workflow.inputs.sessions import order_sessions, read_session_times


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
    people = read_people(write(tmp_path, *rows))
    assert people.warning == ''
    assert list(people.frame.columns) == ['age', 'sex', 'group', 'site']
    assert people.frame['age'].iloc[:2].tolist() == [70.5, 89]
    assert math.isnan(people.frame.loc['sub-03', 'age'])
    assert people.frame['sex'].tolist() == ['male', 'female', 'other']
    assert people.frame['group'].fillna('-').tolist() == ['control', '-', 'patient']
    assert people.frame.loc['sub-02', 'site'] == '1'


def test_what_is_not_understood_is_told(tmp_path):
    rows = [('participant_id', 'age', 'sex'), ('sub-01', 'old', 'F'), ('sub-02', '900', '7')]
    people = read_people(write(tmp_path, *rows))
    assert people.frame['age'].isna().all()
    assert people.warning.endswith('values that were not understood: 2 of age, 1 of sex')


@pytest.mark.parametrize(
    ('rows', 'said'),
    [
        ([('name', 'age'), ('sub-01', '3')], 'no column participant_id'),
        ([('participant_id', 'age'), ('sub-01',)], '1 cells in row 2, where the header has 2'),
        ([('participant_id', 'age'), ('sub-1', '1'), ('1', '2')], 'several rows of one'),
        ([('participant_id', 'age'), ('n/a', '1')], 'a row without participant_id'),
        ([('participant_id', 'age', 'age')], 'two columns of one name'),
        ([('',)], 'no column participant_id'),
    ],
)
def test_a_malformed_table_is_left_out_with_a_sentence(tmp_path, rows, said):
    people = read_people(write(tmp_path, *rows))
    assert people.frame.empty
    assert said in people.warning
    assert 'participants.tsv was not used, expected' in people.warning
    assert '\n' not in people.warning


def test_other_files_than_tables_are_left_out(tmp_path):
    (tmp_path / 'participants.tsv').write_bytes(b'\xff\xfe\x00participant_id')
    assert 'was not used' in read_people(tmp_path).warning
    (tmp_path / 'participants.tsv').unlink()
    (tmp_path / 'participants.tsv').mkdir()
    assert 'was not used' in read_people(tmp_path).warning


def test_a_missing_table_or_dataset_is_no_matter(tmp_path):
    for place in (None, tmp_path, tmp_path / 'nowhere'):
        people = read_people(place)
        assert people.frame.empty
        assert people.warning == ''


SESSIONS = [('session_id', 'acq_time'), ('ses-2', '2020-01-01T10:00:00'), ('ses-10', '2019-05-01')]


def test_sessions_are_in_the_order_of_their_times(tmp_path):
    write(tmp_path, *SESSIONS, name='sub-01/sub-01_sessions.tsv')
    found = order_sessions(tmp_path, 'sub-01', ['ses-2', 'ses-10'])
    assert list(found.items()) == [
        ('ses-10', datetime(2019, 5, 1)),
        ('ses-2', datetime(2020, 1, 1, 10)),
    ]


@pytest.mark.parametrize('rows', [SESSIONS[:2], [('a',), ('b',)], [('session_id', 'acq_time')]])
def test_sessions_without_all_times_are_in_the_order_of_their_labels(tmp_path, rows):
    write(tmp_path, *rows, name='sub-01/sub-01_sessions.tsv')
    assert list(order_sessions(tmp_path, 'sub-01', ['ses-10', 'ses-2'])) == ['ses-2', 'ses-10']
    assert list(order_sessions(None, 'sub-01', ['ses-10', 'ses-2'])) == ['ses-2', 'ses-10']


def test_times_with_and_without_zone_can_be_compared(tmp_path):
    rows = [('session_id', 'acq_time'), ('1', '2020-01-01T00:00:00Z'), ('2', '2020-02-01')]
    write(tmp_path, *rows, name='sub-01/sub-01_sessions.tsv')
    times = order_sessions(tmp_path, 'sub-01', ['ses-2', 'ses-1'])
    assert (times['ses-2'] - times['ses-1']).days == 31


def test_no_file_outside_the_dataset_is_read(tmp_path):
    write(tmp_path, *SESSIONS, name='out/out_sessions.tsv')
    (tmp_path / 'bids').mkdir()
    assert read_session_times(tmp_path / 'bids', '../out') == {}


def test_sidecars_are_inherited(tmp_path):
    image = tmp_path / 'sub-01' / 'ses-1' / 'anat' / 'sub-01_ses-1_acq-a_T2w.nii.gz'
    image.parent.mkdir(parents=True)
    sidecars = {
        'T2w.json': {'Manufacturer': 'A', 'MagneticFieldStrength': 3, 'PatientName': 'secret'},
        'acq-b_T2w.json': {'Manufacturer': 'B'},
        'T1w.json': {'InstitutionName': 'of the T1w'},
        'sub-01/sub-01_T2w.json': {'ManufacturersModelName': 'M', 'SliceThickness': float('nan')},
        'sub-01/ses-1/anat/sub-01_ses-1_acq-a_T2w.json': {'MagneticFieldStrength': 1.5},
    }
    for name, content in sidecars.items():
        (tmp_path / name).write_text(json.dumps(content))
    assert scanner_metadata(tmp_path, image) == {
        'Manufacturer': 'A',
        'ManufacturersModelName': 'M',
        'MagneticFieldStrength': 1.5,
    }


@pytest.mark.parametrize('text', ['', '[]', '{"Manufacturer": ["A"]}', '{"Manufacturer": true}'])
def test_sidecars_that_cannot_be_used_are_passed_over(tmp_path, text):
    (tmp_path / 'T2w.json').write_text(text)
    assert scanner_metadata(tmp_path, tmp_path / 'sub-01_T2w.nii.gz') == {}
