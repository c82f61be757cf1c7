"""Run the participant level from the command line, up to the start of the graph."""

import shutil
import tempfile
from pathlib import Path

import pytest

from pvs_workflow.cli import participant
from pvs_workflow.errors import OutputError
from pvs_workflow.execution.claims import claimed
from pvs_workflow.report.provenance import record_path
from pvs_workflow.settings import Settings
from tests.builders.execution import error_line, run_command

BAD_INPUTS = {
    'no folder': (16, 'does not exist', [], None),
    'no dataset': (16, 'give the root of a BIDS dataset', [], None),
    'unknown participant': (18, 'has no participant 99', ['sub-01_T2w.nii.gz'], ['99']),
    'no T2w': (66, 'has no T2w image', ['sub-01_T1w.nii.gz'], None),
    'no participants': (66, 'has no participants', [], None),
}


@pytest.mark.parametrize('case', BAD_INPUTS)
def test_invalid_input_gives_one_message_and_its_exit_code(make_dataset, tmp_path, case):
    code, message, names, labels = BAD_INPUTS[case]
    folder = make_dataset(*names)
    if case == 'no folder':
        shutil.rmtree(folder)
    if case == 'no dataset':
        (folder / 'dataset_description.json').unlink()
    options = ['--participant-label', *labels] if labels else []
    model = Path(__file__).parent
    process = run_command(folder, 'out', 'participant', *options, '--model', model, cwd=tmp_path)
    assert process.returncode == code, process.stderr
    assert message in error_line(process)


def test_a_session_that_does_not_exist_is_reported(make_dataset, tmp_path):
    folder = make_dataset('sub-01_ses-1_T2w.nii.gz')
    process = run_command(folder, 'out', 'participant', '--session-label', '9', cwd=tmp_path)
    assert process.returncode == 18
    assert 'session 9' in error_line(process)


def test_a_malformed_filter_file_is_reported(make_dataset, tmp_path):
    (tmp_path / 'filters.json').write_text('{')
    folder = make_dataset('sub-01_T2w.nii.gz')
    process = run_command(
        folder, 'out', 'participant', '--bids-filter-file', 'filters.json', cwd=tmp_path
    )
    assert process.returncode == 1
    assert 'filters.json cannot be read as JSON' in error_line(process)


@pytest.mark.parametrize('where', ['output', 'work'])
def test_an_unwritable_folder_is_reported(make_dataset, tmp_path, where):
    (tmp_path / 'file').write_text('')
    out = 'file/out' if where == 'output' else 'out'
    work = 'file/work' if where == 'work' else 'work'
    folder = make_dataset('sub-01_T2w.nii.gz')
    process = run_command(folder, out, 'participant', '-w', work, cwd=tmp_path)
    assert process.returncode == 1
    assert 'file' in error_line(process)


def test_a_missing_model_is_reported(make_dataset, tmp_path):
    folder = make_dataset('sub-01_T2w.nii.gz')
    options = ['--model', 'nowhere', '--skip-bids-validation']
    process = run_command(folder, 'out', 'participant', *options, cwd=tmp_path)
    assert process.returncode == 1
    assert 'nowhere' in process.stderr.splitlines()[-1]
    assert 'Traceback' not in process.stderr


def test_no_output_is_written_without_a_dataset(tmp_path):
    run_command(tmp_path / 'nowhere', 'out', 'participant', cwd=tmp_path)
    assert not (tmp_path / 'out').exists()


def test_the_output_of_another_pipeline_is_not_changed(make_dataset, tmp_path):
    folder = make_dataset('sub-01_T2w.nii.gz')
    description = tmp_path / 'out' / 'dataset_description.json'
    description.parent.mkdir()
    description.write_text('{"Name": "other", "GeneratedBy": [{"Name": "fMRIPrep"}]}')
    before = description.read_bytes()
    process = run_command(folder, 'out', 'participant', cwd=tmp_path)
    assert process.returncode == 1
    assert "another dataset, 'other'" in error_line(process)
    assert description.read_bytes() == before


def test_the_description_does_not_depend_on_the_time(make_dataset, tmp_path):
    folder = make_dataset('sub-01_T1w.nii.gz')
    path = tmp_path / 'out' / 'dataset_description.json'
    contents = set()
    for _ in range(2):
        run_command(folder, 'out', 'participant', cwd=tmp_path)
        contents.add(path.read_bytes())
    assert len(contents) == 1


def test_a_run_that_lost_its_locks_does_not_change_the_record(make_dataset, tmp_path):
    """A run may be suspended after it locks a participant and before it writes a record."""
    settings = Settings(
        bids_dir=make_dataset('sub-01_T2w.nii.gz'),
        output_dir=tmp_path / 'out',
        work_dir=tmp_path / 'work',
        analysis_level='participant',
        run_id='late',
        skip_bids_validation=True,
    )
    for folder in (settings.logs, settings.work_dir):
        folder.mkdir(parents=True)
    record = record_path(settings.output_dir, '01')
    record.parent.mkdir(parents=True)
    record.write_text('{"runs": []}')
    selection = participant.select_scans(settings)
    with (
        pytest.raises(OutputError, match='taken over by another run'),
        claimed(settings, selection) as (locked, _, locks),
    ):
        next(settings.logs.glob('.*.beat')).unlink()
        participant.process_scans(settings, locked, {}, None, locks)
    assert record.read_text() == '{"runs": []}'


def test_a_full_temporary_folder_is_named(monkeypatch, tmp_path):
    monkeypatch.setattr(tempfile, 'tempdir', str(tmp_path))
    free = shutil.disk_usage(tmp_path)._replace(free=300_000)
    monkeypatch.setattr(shutil, 'disk_usage', lambda folder: free)
    with pytest.raises(OutputError) as info:
        participant._check_temporary_folder()
    assert str(info.value) == (
        f'the temporary folder {tmp_path} has 0.3 MB free, but the run needs 20; free some space '
        'or set TMPDIR'
    )


def test_a_missing_temporary_folder_is_named(monkeypatch):
    def refuse():
        raise FileNotFoundError(2, 'No usable temporary directory found in [...]')

    monkeypatch.setattr(tempfile, 'gettempdir', refuse)
    with pytest.raises(OutputError, match='set TMPDIR to one'):
        participant._check_temporary_folder()
