"""Two runs of the real app for two sessions of one participant at the same time."""

import json

import pytest

pytestmark = pytest.mark.slow


def test_two_sessions_of_one_participant_at_the_same_time(stages, faults):
    stage = stages('sessions-at-once', 'sessions')
    processes = [stage.begin('--session-label', label) for label in '12']
    for process in processes:
        code, output = stage.end(process)
        assert code == 0, output
    for label in '12':
        stem = f'sub-01/ses-{label}/anat/sub-01_ses-{label}_desc'
        assert (stage.out / f'{stem}-potter_grade.tsv').is_file()
    (record,) = stage.out.glob('sub-01/figures/*_provenance.json')
    runs = json.loads(record.read_text())['runs']
    names = sorted(name for run in runs for name in run['scans'])
    assert names == ['sub-01_ses-1', 'sub-01_ses-2']
    assert not any(error for run in runs for error in run['scans'].values())
    page = (stage.out / 'sub-01.html').read_text()
    assert all(f'ses-{label}_desc-' in page for label in '12')
    assert 'did not finish' not in page
    assert [path for path in stage.out.rglob('.*') if faults.is_temporary(path)] == []
