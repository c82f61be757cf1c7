"""Logs, settings and dataset description that every run writes."""

import json
import subprocess
import sys

import pytest

from pvs_workflow.settings import load_settings
from tests.builders.execution import error_line, run_command


def test_every_run_writes_its_description_settings_and_log(make_dataset, tmp_path):
    folder = make_dataset('sub-01_T1w.nii.gz', DatasetDOI='doi:10.1/x')
    process = run_command(folder, 'out', 'participant', '--random-seed', '5', cwd=tmp_path)
    out = tmp_path / 'out'
    description = json.loads((out / 'dataset_description.json').read_text())
    assert description['DatasetType'] == 'derivative'
    assert description['GeneratedBy'][0]['Name'] == 'pvs_workflow'
    assert description['GeneratedBy'][0]['Version']
    assert description['SourceDatasets'] == [{'URL': folder.as_uri(), 'DOI': 'doi:10.1/x'}]
    assert description['DatasetLinks'] == {'raw': folder.as_uri()}
    assert (out / '.bidsignore').is_file()
    (settings,) = (load_settings(path) for path in (out / 'logs').glob('*.toml'))
    assert (settings['random_seed'], settings['bids_dir']) == (5, folder)
    log = (out / 'logs' / f'{settings["run_id"]}.log').read_text()
    assert error_line(process) in log


@pytest.mark.parametrize('closed', ['<&-', '>&-', '2>&-', '<&- >&- 2>&-'])
def test_closed_streams_are_not_replaced_by_files(closed, tmp_path):
    code = (
        'import sys; from pvs_workflow.cli.logs import open_closed_streams;'
        'open_closed_streams();'
        'file = open("first", "w"); file.write(f"{file.fileno()}");'
        'print("text"); print("text", file=sys.stderr); sys.stdin.fileno()'
    )
    process = subprocess.run(
        ['bash', '-c', f'exec "$0" -c "$1" {closed}', sys.executable, code], cwd=tmp_path
    )
    assert process.returncode == 0
    assert int((tmp_path / 'first').read_text()) > 2
