import json

import pytest

from pvs_workflow.errors import PVSError
from pvs_workflow.inputs import collect_scans, load_filters
from pvs_workflow.inputs.dataset import list_participant
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
        ('{"t2w": "x"}', 'is not a BIDS filter file'),
        ('{"T2w": {}}', 'unknown keys: T2w; use t2w, t1w, flair'),
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
    with pytest.raises(PVSError, match=r'has the pybids option \w+ in the filter for t2w'):
        load_filters(path)


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
