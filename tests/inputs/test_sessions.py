from datetime import datetime

import pytest

from pvs_workflow.inputs.sessions import order_sessions, read_session_times

SESSIONS = [('session_id', 'acq_time'), ('ses-2', '2020-01-01T10:00:00'), ('ses-10', '2019-05-01')]


def write(folder, *rows, name):
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text('\n'.join('\t'.join(row) for row in rows) + '\n', encoding='utf-8')


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


def test_rows_that_cannot_be_used_are_passed_over(tmp_path):
    rows = [('session_id', 'acq_time'), ('1', 'yesterday'), ('2',), ('3', '2020-01-01', 'x')]
    write(tmp_path, *rows, name='sub-01/sub-01_sessions.tsv')
    assert read_session_times(tmp_path, 'sub-01') == {'ses-3': datetime(2020, 1, 1)}
    (tmp_path / 'sub-01/sub-01_sessions.tsv').write_bytes(b'\xff\xfe\x00')
    assert read_session_times(tmp_path, 'sub-01') == {}
