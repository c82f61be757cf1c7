import json
from datetime import datetime

import pytest

from pvs_workflow.inputs.acquisition_times import (
    is_same_acquisition,
    parse_time,
    read_sidecar,
    scans_times,
    sidecar_time,
    table_rows,
)

NOON = datetime(2020, 1, 31, 12)
IMAGES = [f'sub-01/anat/sub-01_run-{run}_T2w.nii.gz' for run in (1, 2)]


@pytest.mark.parametrize(
    'text',
    [
        '2020-01-31T12:00:00',
        '2020-01-31T12:00:00.000000',
        '2020-01-31T12:00:00Z',
        '2020-01-31T14:00:00+02:00',
        ' 2020-01-31 12:00 ',
        '2020/01/31 12:00:00',
        '20200131120000.5',
        '20200131T120000',
        '20200131T12:00:00.5',
    ],
)
def test_times_of_bids_and_dicom_are_read(text):
    assert parse_time(text) == NOON


@pytest.mark.parametrize('text', ['', 'n/a', '31.1.2020', '12:00:00', '2020', '20201332'])
def test_other_texts_are_no_time(text):
    assert parse_time(text) is None


def test_shifted_dates_are_times():
    assert parse_time('1800-01-01T10:00:00').year == 1800


@pytest.mark.parametrize(
    'sidecar',
    [
        {'AcquisitionDateTime': '2020-01-31T12:00:00.000000'},
        {'AcquisitionDate': '20200131', 'AcquisitionTime': '120000.000000'},
        {'AcquisitionDate': 20200131, 'AcquisitionTime': '12:00:00.000000'},
        {'SeriesDate': '2020-01-31', 'SeriesTime': '12:00:00'},
        {'AcquisitionDateTime': ['no'], 'StudyDate': '20200131', 'StudyTime': '120000'},
    ],
)
def test_the_time_in_a_sidecar_needs_a_date(sidecar):
    assert sidecar_time(sidecar) == NOON


def test_a_time_of_day_or_a_date_alone():
    assert sidecar_time({'AcquisitionTime': '12:00:00'}) is None
    assert sidecar_time({'AcquisitionDate': '20200131'}) == datetime(2020, 1, 31)


def test_unreadable_tables_and_sidecars_are_empty(tmp_path):
    (tmp_path / 'sub-01_scans.tsv').write_bytes(b'\xff\xfe\x00')
    assert list(table_rows(tmp_path / 'sub-01_scans.tsv')) == []
    assert scans_times(tmp_path, 'sub-02') == {}
    assert read_sidecar(tmp_path, IMAGES[0]) == {}


def test_no_sidecar_outside_the_dataset_is_read(tmp_path):
    (tmp_path / 'secret.json').write_text('{"a": 1}')
    (tmp_path / 'bids').mkdir()
    assert read_sidecar(tmp_path, 'secret.nii.gz') == {'a': 1}
    for image in ('../secret.nii', f'{tmp_path}/secret.nii', None, ''):
        assert read_sidecar(tmp_path / 'bids', image) == {}


def write(folder, first=None, second=None, scans=()):
    anat = folder / 'sub-01/anat'
    anat.mkdir(parents=True)
    for image, sidecar in zip(IMAGES, (first, second), strict=True):
        if sidecar:
            (folder / image.replace('.nii.gz', '.json')).write_text(json.dumps(sidecar))
    rows = ['filename\tacq_time', *('\t'.join(row) for row in scans)]
    (folder / 'sub-01/sub-01_scans.tsv').write_text('\n'.join(rows) + '\n')
    return folder


T2W = [image.removeprefix('sub-01/') for image in IMAGES]


@pytest.mark.parametrize(
    ('first', 'second', 'same'),
    [
        ({'SeriesInstanceUID': '1.2'}, {'SeriesInstanceUID': '1.2'}, True),
        ({'SeriesInstanceUID': '1.2'}, {'SeriesInstanceUID': '1.3'}, False),
        ({'AcquisitionTime': '10:01:02.5'}, {'AcquisitionTime': '10:01:02.5'}, True),
        ({'AcquisitionTime': '10:01:02.5'}, {'AcquisitionTime': '10:09:02.5'}, False),
        ({'AcquisitionTime': '00:00:00.0'}, {'AcquisitionTime': '00:00:00.0'}, False),
        (
            {'AcquisitionTime': '10:01:02', 'AcquisitionDate': '20200131'},
            {'AcquisitionTime': '10:01:02', 'AcquisitionDate': '20210131'},
            False,
        ),
        ({'AcquisitionDateTime': '2020-01-31T10:01:02'},) * 2 + (True,),
        ({'AcquisitionDateTime': '2020-01-31T00:00:00'},) * 2 + (False,),
        ({'EchoTime': 0.1}, {'EchoTime': 0.1}, False),
        (None, None, False),
    ],
)
def test_one_acquisition_has_one_time_or_series(tmp_path, first, second, same):
    assert is_same_acquisition(write(tmp_path, first, second), *IMAGES) == same


@pytest.mark.parametrize(
    ('scans', 'same'),
    [
        ([(T2W[0], '2020-01-31T10:00:00'), (T2W[1], '2020-01-31T10:00:00')], True),
        ([(T2W[0], '2020-01-31T10:00:00'), (T2W[1], '2020-01-31T10:07:00')], False),
        ([(T2W[0], '2020-01-31'), (T2W[1], '2020-01-31')], False),
        ([(name, '2020-01-31T10:00:00') for name in (*T2W, 'anat/sub-01_T1w.nii.gz')], False),
    ],
)
def test_the_times_of_scans_show_one_acquisition(tmp_path, scans, same):
    assert is_same_acquisition(write(tmp_path, scans=scans), *IMAGES) == same
