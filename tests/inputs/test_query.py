import json

import pytest

from pvs_workflow.errors import PVSError
from pvs_workflow.inputs import collect_scans, load_filters
from pvs_workflow.inputs.listing import list_participant
from pvs_workflow.inputs.query import find_images


@pytest.mark.parametrize(
    ('filters', 'expected'),
    [
        ({'t2w': {'acquisition': 'hi'}}, ['acq-hi_run-1', 'acq-hi_run-2']),
        ({'t2w': {'acquisition': 'hi', 'run': 2}}, ['acq-hi_run-2']),
        ({'t2w': {'acquisition': None}}, ['']),
        ({'t2w': {'run': '*'}}, ['acq-hi_run-1', 'acq-hi_run-2']),
        ({'t2w': {'acquisition': ['lo', 'hi']}}, ['acq-hi_run-1', 'acq-hi_run-2', 'acq-lo']),
        ({'t2w': {'suffix': 'T2w', 'datatype': 'anat', 'acquisition': 'lo'}}, ['acq-lo']),
    ],
)
def test_filters_select_the_t2w(make_dataset, filters, expected, tmp_path):
    names = ('_acq-hi_run-1', '_acq-hi_run-2', '_acq-lo', '')
    folder = make_dataset(*(f'sub-01{name}_T2w.nii.gz' for name in names))
    path = tmp_path / 'filters.json'
    path.write_text(json.dumps(filters))
    scans = collect_scans(folder, filters=load_filters(path)).scans
    assert [scan.prefix.removeprefix('sub-01').lstrip('_') for scan in scans] == expected


def test_filters_select_other_contrasts(make_dataset):
    folder = make_dataset(
        'sub-01_T2w.nii.gz', 'sub-01_acq-a_T1w.nii.gz', 'sub-01_acq-b_T1w.nii.gz'
    )
    (scan,) = collect_scans(folder, filters={'t1w': {'acquisition': 'b'}}).scans
    assert scan.t1w.name == 'sub-01_acq-b_T1w.nii.gz'
    (scan,) = collect_scans(folder, filters={'t1w': {'acquisition': 'c'}}).scans
    assert scan.t1w is None


@pytest.mark.parametrize(
    ('content', 'message'),
    [
        ('{', 'cannot be read as JSON'),
        ('[]', 'is not a BIDS filter file'),
        ('{"t2w": "x"}', 'the filter for t2w is not an object of entities'),
        ('{"t2w": {"session": 1}}', 'has session: 1, a number; give the text "1", or null for'),
        ('{"t2w": {"session": ["01", 2]}}', 'has session: 2, a number; give the text "2"'),
        ('{"t2w": {"run": true}}', 'has run: True; give a text, null or a list'),
        ('{"t2w": {"session": {"a": 1}}}', 'has session: .*; give a text, null or a list'),
        (None, 'cannot be read as a BIDS filter file: No such file'),
    ],
)
def test_a_damaged_filter_file_is_refused(content, message, tmp_path):
    path = tmp_path / 'filters.json'
    if content is not None:
        path.write_text(content)
    with pytest.raises(PVSError, match=message) as error:
        load_filters(path)
    assert '\n' not in str(error.value)


def test_an_unknown_entity_in_a_filter_is_named(make_dataset):
    with pytest.raises(PVSError, match='acquisiton'):
        collect_scans(make_dataset('sub-01_T2w.nii.gz'), filters={'t2w': {'acquisiton': 'hi'}})


@pytest.mark.parametrize('entities', [{'scope': 'raw'}, {'return_type': 'file'}])
def test_options_of_pybids_are_refused_in_a_filter_file(entities, tmp_path):
    path = tmp_path / 'filters.json'
    path.write_text(json.dumps({'t2w': entities}))
    with pytest.raises(PVSError, match=r'the filter for t2w has the pybids option \w+'):
        load_filters(path)


@pytest.mark.parametrize(
    ('text', 'expected'),
    [
        ('{"session": "ses-01", "acq": "acq-hi"}', {'session': '01', 'acquisition': 'hi'}),
        ('{"run": 1, "echo": "echo-2"}', {'run': 1, 'echo': '2'}),
        ('{"acquisition": "Query.NONE"}', {'acquisition': None}),
        ('{"acquisition": "<Query.NONE: 1>"}', {'acquisition': None}),
        ('{"acquisition": Query.NONE}', {'acquisition': None}),
        ('{"acquisition": ["hi", "Query.NONE"]}', {'acquisition': ['hi', None]}),
        ('{"acquisition": "Query.ANY"}', {'acquisition': '*'}),
        ('{"acquisition": "Query.OPTIONAL"}', {'acquisition': [None, '*']}),
        ('{"suffix": "T2w"}', {'suffix': 'T2w'}),
    ],
)
def test_values_are_read_as_fmriprep_and_people_write_them(tmp_path, text, expected):
    path = tmp_path / 'filters.json'
    path.write_text(f'{{"T2w": {text}}}')
    assert load_filters(path) == {'t2w': expected}


def test_filters_for_other_images_are_passed_over_with_a_note(tmp_path, caplog):
    caplog.set_level('INFO', 'pvs_workflow')
    path = tmp_path / 'filters.json'
    path.write_bytes(
        b'\xef\xbb\xbf{"t1w": {"session": "1"}, "sbref": {}, "bold": {"session": 2, "scope": 3}}'
    )
    assert load_filters(path) == {'t1w': {'session': '1'}}
    assert f'{path}: filters for bold, sbref passed over; t2w, t1w, flair are read' in caplog.text


def test_a_list_may_have_null(make_dataset):
    names = ('_acq-hi', '_acq-lo', '')
    folder = make_dataset(*(f'sub-01{name}_T2w.nii.gz' for name in names))
    scans = collect_scans(folder, filters={'t2w': {'acquisition': ['hi', None]}}).scans
    names = {scan.t2w.name for scan in scans}
    assert names == {'sub-01_acq-hi_T2w.nii.gz', 'sub-01_T2w.nii.gz'}


def test_derived_and_phase_images_are_ignored(make_dataset, make_image):
    folder = make_dataset(
        'sub-01_part-mag_T2w.nii.gz',
        'sub-01_part-phase_T2w.nii.gz',
        'sub-01_desc-preproc_T2w.nii.gz',
        'sub-01_space-MNI_T1w.nii.gz',
    )
    for parent in ('derivatives/other', 'sourcedata', 'derivatives', 'sub-01/anat/sourcedata'):
        make_image(folder / parent / 'sub-01' / 'anat' / 'sub-01_acq-x_T2w.nii.gz')
    (scan,) = collect_scans(folder).scans
    assert (scan.t2w.name, scan.t1w) == ('sub-01_part-mag_T2w.nii.gz', None)


def test_entities_are_in_bids_order_with_the_values_of_the_name(make_dataset):
    folder = make_dataset('sub-01_ses-1_run-01_acq-hi_T2w.nii.gz')
    (image,) = find_images(folder, list_participant(folder, '01').files, 't2w')
    assert image.entities == (('sub', '01'), ('ses', '1'), ('acq', 'hi'), ('run', '01'))
    assert (image.get('run'), image.get('echo')) == ('01', None)
