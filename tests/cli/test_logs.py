"""Logs, settings and dataset description that every run writes."""

import json

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
