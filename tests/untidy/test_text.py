"""Every text of a user is read in every usual encoding."""

import json

import pytest

from pvs_workflow.execution.queues import read_plugin_file
from pvs_workflow.inputs import check_dataset, collect_scans, load_filters
from pvs_workflow.inputs.metadata import Sidecars
from pvs_workflow.inputs.participants import read_participants
from pvs_workflow.raters.ratings import read_ratings
from pvs_workflow.settings import load_settings
from tests.builders.untidy_text import ENCODINGS, write_as

TEXT = pytest.mark.parametrize('source', ENCODINGS)


@TEXT
def test_a_description_and_a_filter_file(make_dataset, tmp_path, source):
    folder = make_dataset('sub-01_ses-01_T2w.nii.gz', 'sub-01_ses-02_T2w.nii.gz')
    description = json.dumps(
        {'Name': 'Köln', 'BIDSVersion': '1.8.0'}, ensure_ascii=False, indent=1
    )
    write_as(folder / 'dataset_description.json', description, source)
    filters = write_as(tmp_path / 'filters.json', '{"t2w":\n {"session": "ses-02"}}\n', source)
    assert check_dataset(folder) == ''
    (scan,) = collect_scans(folder, filters=load_filters(filters)).scans
    assert scan.session == '02'


@TEXT
def test_a_sidecar(make_dataset, source):
    folder = make_dataset('sub-01_T2w.nii.gz')
    text = '{"Manufacturer": "Siemens",\n "InstitutionName": "Universitätsklinikum"}\n'
    write_as(folder / 'sub-01/anat/sub-01_T2w.json', text, source)
    assert Sidecars(folder).read(folder / 'sub-01/anat/sub-01_T2w.nii.gz') == {
        'Manufacturer': 'Siemens',
        'InstitutionName': 'Universitätsklinikum',
    }


@TEXT
def test_a_table_of_participants(tmp_path, source):
    text = 'participant_id\tage\tsite \nsub-01 \t71,5\tKöln\t\nsub-02\t 60\tGenève\n'
    write_as(tmp_path / 'participants.tsv', text, source)
    participants = read_participants(tmp_path)
    assert participants.warning == ''
    assert participants.frame.to_dict('index') == {
        'sub-01': {'age': 71.5, 'site': 'Köln'},
        'sub-02': {'age': 60.0, 'site': 'Genève'},
    }


@TEXT
def test_a_table_of_ratings(tmp_path, source):
    text = 'participant_id\tpotter\trater\nsub-01\t3\tJürgen\n'
    path = write_as(tmp_path / 'ratings.tsv', text, source)
    (rating,) = read_ratings([path], lambda folder: {})
    assert (rating.rater, rating.potter) == ('Jürgen', 3)


@TEXT
def test_settings_and_a_plugin_file(tmp_path, source):
    settings = write_as(tmp_path / 'run.toml', 'nprocs = 2\nmodel = "/Köln"\n', source)
    assert load_settings(settings)['nprocs'] == 2
    text = 'plugin: SLURM\nplugin_args:\n  sbatch_args: --comment=Köln\n'
    plugin = write_as(tmp_path / 'plugin.yml', text, source)
    assert read_plugin_file(plugin) == ('SLURM', {'sbatch_args': '--comment=Köln'})


@pytest.mark.parametrize(
    ('content', 'manufacturer'),
    [
        (b'{"Manufacturer": "GE", "EchoTime": NaN}', 'GE'),
        (b'{"Manufacturer": "GE", "EchoTime": Infinity}', 'GE'),
        (b'{"Manufacturer": "GE",}', None),
        (b"{'Manufacturer': 'GE'}", None),
        (b'{"Manufacturer": "GE"} // from dcm2niix', None),
        (b'', None),
    ],
    ids=['NaN', 'Infinity', 'trailing comma', 'Python', 'comment', 'empty'],
)
def test_no_sidecar_costs_the_image(make_dataset, content, manufacturer):
    folder = make_dataset('sub-01_T2w.nii.gz')
    (folder / 'sub-01/anat/sub-01_T2w.json').write_bytes(content)
    (scan,) = collect_scans(folder).scans
    assert Sidecars(folder).read(scan.t2w).get('Manufacturer') == manufacturer
    assert 'EchoTime' not in Sidecars(folder).read(scan.t2w)
