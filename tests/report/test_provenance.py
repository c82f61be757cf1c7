import pytest

from pvs_workflow.errors import PVSError
from pvs_workflow.report.provenance import RunRecord, load_runs, record_path, save_run


def test_a_loaded_run_equals_the_saved_one(tmp_path):
    run = RunRecord({'seed': 1, 'model': {'name': 'ä'}}, {'sub-01': 'dark'}, ('no T1w',))
    save_run(tmp_path, '01', run)
    (read,) = load_runs(tmp_path, '01')
    assert read == run
    assert read.messages == ['no T1w', 'dark']


def test_without_a_record_there_are_no_runs(tmp_path):
    assert load_runs(tmp_path, '01') == []


def test_the_last_run_of_each_t2w_is_kept(tmp_path):
    save_run(tmp_path, '01', RunRecord({'run': 1}, {'a': 'failed', 'b': ''}, ('old',)))
    save_run(tmp_path, '01', RunRecord({'run': 2}, {'b': ''}))
    save_run(tmp_path, '01', RunRecord({'run': 3}, {'c': ''}))
    runs = load_runs(tmp_path, '01')
    assert [(run.facts['run'], dict(run.scans)) for run in runs] == [
        (1, {'a': 'failed'}),
        (2, {'b': ''}),
        (3, {'c': ''}),
    ]
    assert runs[0].errors == ()
    save_run(tmp_path, '01', RunRecord({'run': 4}, {'a': '', 'b': '', 'c': ''}))
    assert [run.facts['run'] for run in load_runs(tmp_path, '01')] == [4]


@pytest.mark.parametrize('content', ['{', '[]', '{"runs": [{}]}', '{"runs": 1}'])
def test_a_damaged_record_is_reported_and_replaced(tmp_path, content):
    path = record_path(tmp_path, '01')
    path.parent.mkdir(parents=True)
    path.write_text(content)
    with pytest.raises(PVSError, match=r'provenance.json is not a valid record of runs: \S'):
        load_runs(tmp_path, '01')
    save_run(tmp_path, '01', RunRecord({'run': 1}, {'a': ''}))
    assert len(load_runs(tmp_path, '01')) == 1
