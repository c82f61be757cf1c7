import json
import subprocess
import sys
from pathlib import Path

import pytest

from pvs_workflow.derivatives.description import describe_outputs
from pvs_workflow.errors import OutputError

NAMES = [
    'sub-01.html',
    'sub-01/figures/sub-01_ses-1_desc-roi_T2w.svg',
    'sub-01/log/20240712-120000_x/crash-x.txt',
    'sub-01/log/20240712-120000_x/sub-01_ses-1_desc-potter_grade.tsv',
    'sub-01/ses-1/anat/sub-01_ses-1_desc-potter_grade.tsv',
    'sub-01/ses-1/anat/sub-01_ses-1_desc-potter_grade.json',
    'sub-01/ses-1/anat/sub-01_ses-1_desc-epvs_counts.tsv',
    'sub-01/ses-1/anat/sub-01_ses-1_desc-epvs_counts.json',
    'sub-01/ses-1/anat/sub-01_ses-1_space-T2w_desc-epvs_instances.tsv',
    'sub-01/ses-1/anat/sub-01_ses-1_space-T2w_desc-epvs_instances.json',
    'sub-01/ses-1/anat/sub-01_ses-1_from-T1w_to-T2w_mode-image_xfm.txt',
    'sub-01/ses-1/anat/sub-01_ses-1_from-MNI152NLin2009cSym_to-T2w_mode-image_xfm.nii.gz',
    'sub-02/anat/sub-02_desc-potter_grade.tsv',
    'logs/20240712-120000_x.toml',
    'logs/graph.dot',
    'group_potter.tsv',
    'group_potter.json',
    'group_potter.html',
    'group_agreement.tsv',
    'group_agreement.json',
    'reading/reading_sheet.html',
    'reading/reading_ratings.tsv',
    'reading/reading_ratings.json',
    'reading/reading_ratings_old-001.tsv',
    'reading_key.tsv',
    'reading_key.json',
    'reading_key_old-001.tsv',
]


def find_errors(folder):
    """Return the locations of the errors that the BIDS validator reports."""
    command = [Path(sys.executable).parent / 'bids-validator-deno', folder, '--format', 'json']
    process = subprocess.run(command, capture_output=True, text=True)
    issues = json.loads(process.stdout)['issues']['issues']
    return {issue['location'] for issue in issues if issue['severity'] == 'error'}


def test_results_without_a_bids_name_are_ignored_by_the_validator(make_dataset, tmp_path):
    out = tmp_path / 'out'
    describe_outputs(out, make_dataset('sub-01_T2w.nii.gz'))
    for name in [*NAMES, 'sub-01/ses-1/anat/sub-01_ses-1_desc-strange_thing.nii.gz']:
        (out / name).parent.mkdir(parents=True, exist_ok=True)
        (out / name).write_text('{}')
    assert find_errors(out) == {'/sub-01/ses-1/anat/sub-01_ses-1_desc-strange_thing.nii.gz'}


def test_the_group_level_keeps_the_source(make_dataset, tmp_path):
    out = tmp_path / 'out'
    describe_outputs(out, make_dataset('sub-01_T2w.nii.gz'))
    before = (out / 'dataset_description.json').read_bytes()
    describe_outputs(out)
    assert (out / 'dataset_description.json').read_bytes() == before


def test_derivatives_without_raw_data_are_described(tmp_path):
    describe_outputs(tmp_path)
    description = json.loads((tmp_path / 'dataset_description.json').read_text())
    assert description['DatasetType'] == 'derivative'
    assert 'SourceDatasets' not in description


def test_the_folder_of_another_dataset_is_refused(make_dataset, tmp_path):
    folder = make_dataset('sub-01_T2w.nii.gz')
    with pytest.raises(OutputError, match="belongs to another dataset, 'tiny'"):
        describe_outputs(folder, folder)
