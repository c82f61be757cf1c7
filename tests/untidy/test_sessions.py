"""Sessions whose labels or times say which was first, or do not."""

from itertools import pairwise

import pytest

from tests.builders.untidy_group import collect, save_count, save_raw, write_rows


def save_course(out, sessions):
    """Write results of a person whose count rises by 10 with each session."""
    return [save_count(out, '01', 3 + 10 * n, session) for n, session in enumerate(sessions)]


def signs(changes):
    """Return the sessions and the change of each pair."""
    columns = ['session_first', 'session_second', 'count_max_change']
    return [tuple(row) for row in changes[columns].to_numpy().tolist()]


IN_ORDER = [
    'baseline 6months',
    'baseline 6months 12months 2years',
    'pre post',
    'preop postop postop6m',
    'baselineYear1Arm1 2YearFollowUpYArm1 4YearFollowUpYArm1',
    'bl m06 m12',
    'BL V04 V06',
    'M00 M6 M12',
    '2 10',
    'd0129 d1456',
    '20191231 20200101',
    'wave1 wave2',
    'test retest',
]


@pytest.mark.parametrize('text', IN_ORDER)
def test_labels_that_name_times_order_the_sessions(tmp_path, text):
    sessions = text.split()
    save_course(tmp_path, sessions)
    output, _, changes, page = collect(tmp_path)
    assert output.warnings == ()
    expected = [(f'ses-{one}', f'ses-{two}', 10) for one, two in pairwise(sessions)]
    assert sorted(signs(changes)) == sorted(expected)
    assert 'labels that name points in time (1 of 1 participants)' in ' '.join(page.split())


@pytest.mark.parametrize('text', ['Prisma Trio', 'A B', '3T 7T', 'drug placebo', '1 followup'])
def test_without_an_order_there_is_no_sign_and_one_warning(tmp_path, text):
    save_course(tmp_path, text.split())
    for participant in ('02', '03'):
        for session in text.split():
            save_count(tmp_path, participant, 5, session)
    output, _, changes, page = collect(tmp_path)
    (warning,) = output.warnings
    assert 'no known order, so that changes are n/a: 3 (sub-01: ses-' in warning
    assert warning in page
    assert len(changes) == 3
    for name in ('days', 'change', 'count_max_change', 'potter_change', 'count_sum_change'):
        assert set(changes[name]) == {'n/a'}
    assert changes['count_max_first'].tolist() == [3, 5, 5]


@pytest.mark.parametrize('session', ['A', 'baseline'])
@pytest.mark.parametrize('source', ['sessions', 'scans', 'json', 'json with date and time'])
def test_times_order_sessions_whatever_their_labels(tmp_path, source, session):
    """The session that sorts last by label was first."""
    out, bids = tmp_path / 'out', tmp_path / 'bids'
    sessions = ['Z6months', session]
    images = save_course(out, sessions)
    times = ['1825-01-31T10:00:00', '1825-08-02T10:00:00']
    save_raw(bids, *images)
    if source == 'sessions':
        rows = [(f'ses-{label}', time) for label, time in zip(sessions, times, strict=True)]
        write_rows(bids / 'sub-01/sub-01_sessions.tsv', ('session_id', 'acq_time'), *rows)
    elif source == 'scans':
        for label, image, time in zip(sessions, images, times, strict=True):
            path = bids / f'sub-01/ses-{label}/sub-01_ses-{label}_scans.tsv'
            name = image.partition(f'ses-{label}/')[2]
            write_rows(path, ('filename', 'acq_time'), (name, f'{time}.5Z'))
    elif source == 'json':
        save_raw(bids, *images, sidecars=[{'AcquisitionDateTime': time} for time in times])
    else:
        dates = [time[:10].replace('-', '') for time in times]
        sidecars = [{'AcquisitionDate': date, 'AcquisitionTime': '100000.0'} for date in dates]
        save_raw(bids, *images, sidecars=sidecars)
    output, _, changes, page = collect(out, bids)
    assert output.warnings == ()
    assert signs(changes) == [('ses-Z6months', f'ses-{session}', 10)]
    assert changes['days'].tolist() == [183]
    assert 'times of acquisition (1 of 1 participants)' in ' '.join(page.split())


def test_dates_that_were_replaced_by_1_january_do_not_order(tmp_path):
    out, bids = tmp_path / 'out', tmp_path / 'bids'
    save_raw(bids, *save_course(out, ['6months', 'baseline']))
    rows = [('ses-6months', '1900-01-01T09:00:00'), ('ses-baseline', '1900-01-01T15:00:00')]
    write_rows(bids / 'sub-01/sub-01_sessions.tsv', ('session_id', 'acq_time'), *rows)
    _, _, changes, _ = collect(out, bids)
    assert signs(changes) == [('ses-baseline', 'ses-6months', -10)]
    assert changes['days'].tolist() == ['n/a']


def test_the_first_session_by_time_represents_a_person_in_statistics(tmp_path):
    """Otherwise, 12months would be used, which is the first by label."""
    out, bids = tmp_path / 'out', tmp_path / 'bids'
    bids.mkdir()
    rows = [('participant_id', 'group')]
    for number in range(10, 20):
        save_count(out, str(number), 3, 'baseline')
        save_count(out, str(number), 30, '12months')
        rows.append((f'sub-{number}', 'ab'[number % 2]))
    write_rows(bids / 'participants.tsv', *rows)
    page = collect(out, bids)[3]
    section = page.partition('id="people"')[2].partition('</section>')[0]
    assert '3.0' in section
    assert '30.0' not in section
