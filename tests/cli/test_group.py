"""Run the group level from the command line."""

from tests.builders.execution import error_line, run_command
from tests.builders.results import save_result


def test_a_group_run_without_results_fails(tmp_path):
    (tmp_path / 'out').mkdir()
    process = run_command('nowhere', 'out', 'group', cwd=tmp_path)
    assert process.returncode == 66
    assert 'run the participant level first' in error_line(process)
    assert list((tmp_path / 'out').iterdir()) == []


def test_a_group_run_does_not_need_a_dataset_or_a_valid_participants_table(tmp_path):
    save_result(tmp_path / 'out', '01')
    process = run_command('nowhere', 'out', 'group', cwd=tmp_path)
    assert process.returncode == 0, process.stderr
    (tmp_path / 'bids').mkdir()
    (tmp_path / 'bids' / 'participants.tsv').write_text('age\n70\n')
    process = run_command('bids', 'out', 'group', cwd=tmp_path)
    assert process.returncode == 0
    assert '(file ignored)' in process.stderr
    assert 'Traceback' not in process.stderr
    assert (tmp_path / 'out' / 'group_potter.html').is_file()
