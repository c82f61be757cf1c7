import json
from datetime import datetime

import pytest

from pvs_workflow.inputs.sessions import order_sessions

TIMES = {'ses-2': '2020-01-01T10:00:00', 'ses-10': '2019-05-01'}


def write(path, *rows):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text('\n'.join('\t'.join(row) for row in rows) + '\n', encoding='utf-8')


def write_sessions(folder, times):
    rows = [('session_id', 'acq_time'), *times.items()]
    write(folder / 'sub-01/sub-01_sessions.tsv', *rows)


def write_scans(folder, session, times):
    path = folder / f'sub-01/{session}/sub-01_{session}_scans.tsv'
    write(path, ('filename', 'acq_time'), *times.items())


def write_sidecar(folder, session, content):
    path = folder / f'sub-01/{session}/anat/sub-01_{session}_T2w.json'
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content))
    return {session: str(path.relative_to(folder)).replace('.json', '.nii.gz')}


def order(folder, *sessions, t2w=None):
    result = order_sessions(folder, 'sub-01', sessions, t2w)
    return list(result.times), result.source


def test_sessions_are_sorted_by_time(tmp_path):
    write_sessions(tmp_path, TIMES)
    result = order_sessions(tmp_path, 'sub-01', ['ses-2', 'ses-10'])
    assert list(result.times.items()) == [
        ('ses-10', datetime(2019, 5, 1)),
        ('ses-2', datetime(2020, 1, 1, 10)),
    ]
    assert result.source == 'times'


def test_without_a_dataset_labels_decide(tmp_path):
    for folder in (None, tmp_path, tmp_path / 'nowhere'):
        assert order(folder, 'ses-6months', 'ses-baseline') == (
            ['ses-baseline', 'ses-6months'],
            'labels',
        )
        assert order(folder, 'ses-B', 'ses-A') == (['ses-A', 'ses-B'], '')


def test_partly_known_times_do_not_order_but_must_agree(tmp_path):
    write_sessions(tmp_path, {'ses-1': '2020-01-01', 'ses-2': '2021-01-01', 'ses-3': 'n/a'})
    assert order(tmp_path, 'ses-1', 'ses-2', 'ses-3') == (['ses-1', 'ses-2', 'ses-3'], 'labels')
    write_sessions(tmp_path, {'ses-1': '2022-01-01', 'ses-2': '2021-01-01', 'ses-3': 'n/a'})
    assert order(tmp_path, 'ses-1', 'ses-2', 'ses-3')[1] == ''
    assert order(tmp_path, 'ses-1', 'ses-2') == (['ses-2', 'ses-1'], 'times')


def test_equal_times_leave_the_order_to_the_labels(tmp_path):
    write_sessions(tmp_path, {'ses-pre': '2020-05-01', 'ses-post': '2020-05-01'})
    assert order(tmp_path, 'ses-post', 'ses-pre') == (['ses-pre', 'ses-post'], 'labels')
    write_sessions(tmp_path, {'ses-A': '2020-05-01', 'ses-B': '2020-05-01'})
    assert order(tmp_path, 'ses-A', 'ses-B')[1] == ''


def test_dates_replaced_by_1_january_are_not_used(tmp_path):
    write_sessions(tmp_path, {'ses-A': '1900-01-01T15:00:00', 'ses-B': '1900-01-01T09:00:00'})
    assert order(tmp_path, 'ses-A', 'ses-B')[1] == ''
    write_sessions(tmp_path, {'ses-A': '1900-01-01T15:00:00', 'ses-B': '1900-03-01T09:00:00'})
    assert order(tmp_path, 'ses-A', 'ses-B')[1] == 'times'


def test_the_time_of_the_t2w_in_scans_is_used_else_of_the_first_file(tmp_path):
    t2w = 'anat/sub-01_ses-A_T2w.nii.gz'
    write_scans(tmp_path, 'ses-A', {'func/x_bold.nii.gz': '2019-01-01', t2w: '2020-02-01'})
    times = {'func/x_bold.nii.gz': '2020-01-09', 'anat/y_T1w.nii.gz': '2020-01-08'}
    write_scans(tmp_path, 'ses-B', times)
    result = order_sessions(tmp_path, 'sub-01', ['ses-A', 'ses-B'])
    assert list(result.times.items()) == [
        ('ses-B', datetime(2020, 1, 8)),
        ('ses-A', datetime(2020, 2, 1)),
    ]


def test_scans_of_all_sessions_may_be_in_one_table(tmp_path):
    rows = [('filename', 'acq_time'), ('ses-A/anat/a_T2w.nii.gz', '2020-02-01')]
    rows.append(('ses-B/anat/b_T2w.nii.gz', '2020-01-01'))
    write(tmp_path / 'sub-01/sub-01_scans.tsv', *rows)
    assert order(tmp_path, 'ses-A', 'ses-B') == (['ses-B', 'ses-A'], 'times')


def test_times_in_sidecars_are_used(tmp_path):
    t2w = write_sidecar(tmp_path, 'ses-A', {'AcquisitionDateTime': '2020-02-01T10:00:00.5'})
    t2w |= write_sidecar(tmp_path, 'ses-B', {'AcquisitionDate': '20200131'})
    assert order(tmp_path, 'ses-A', 'ses-B', t2w=t2w) == (['ses-B', 'ses-A'], 'times')


def test_sources_of_times_are_not_mixed(tmp_path):
    """Dates in tables are often shifted, those in sidecars forgotten."""
    write_sessions(tmp_path, {'ses-A': '1900-05-01'})
    t2w = write_sidecar(tmp_path, 'ses-B', {'AcquisitionDate': '20200131'})
    assert order(tmp_path, 'ses-A', 'ses-B', t2w=t2w)[1] == ''


def test_times_with_and_without_a_zone_can_be_compared(tmp_path):
    write_sessions(tmp_path, {'1': '2020-01-01T00:00:00Z', '2': '2020-02-01'})
    times = order_sessions(tmp_path, 'sub-01', ['ses-2', 'ses-1']).times
    assert (times['ses-2'] - times['ses-1']).days == 31


def test_no_file_outside_the_dataset_is_read(tmp_path):
    rows = [('session_id', 'acq_time'), ('A', '2020-05-02'), ('B', '2020-05-01')]
    write(tmp_path / 'out/out_sessions.tsv', *rows)
    (tmp_path / 'bids').mkdir()
    assert order_sessions(tmp_path / 'bids', '../out', ['ses-A', 'ses-B']).source == ''


@pytest.mark.parametrize(
    'rows',
    [
        [('a',), ('b',)],
        [('session_id', 'acq_time')],
        [('session_id', 'acq_time'), ('2',), ('10', 'yesterday'), ('7', '2020-01-01', 'x')],
    ],
)
def test_unusable_rows_are_skipped(tmp_path, rows):
    write(tmp_path / 'sub-01/sub-01_sessions.tsv', *rows)
    assert order(tmp_path, 'ses-2', 'ses-10') == (['ses-2', 'ses-10'], 'labels')
