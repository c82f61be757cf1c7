import json

import pytest

from pvs_workflow.inputs.metadata import Sidecars, echo_time


def test_sidecars_are_inherited(tmp_path):
    image = tmp_path / 'sub-01' / 'ses-1' / 'anat' / 'sub-01_ses-1_acq-a_T2w.nii.gz'
    image.parent.mkdir(parents=True)
    sidecars = {
        'T2w.json': {'Manufacturer': 'A', 'MagneticFieldStrength': 3, 'PatientName': 'secret'},
        'acq-b_T2w.json': {'Manufacturer': 'B'},
        'T1w.json': {'InstitutionName': 'of the T1w'},
        'sub-01/sub-01_T2w.json': {'ManufacturersModelName': 'M', 'SliceThickness': float('nan')},
        'sub-01/ses-1/anat/sub-01_ses-1_acq-a_T2w.json': {'MagneticFieldStrength': 1.5},
    }
    for name, content in sidecars.items():
        (tmp_path / name).write_text(json.dumps(content))
    assert Sidecars(tmp_path).read(image) == {
        'Manufacturer': 'A',
        'ManufacturersModelName': 'M',
        'MagneticFieldStrength': 1.5,
    }


@pytest.mark.parametrize('text', ['', '[]', '{"Manufacturer": ["A"]}', '{"Manufacturer": true}'])
def test_unusable_sidecars_are_skipped(tmp_path, text):
    (tmp_path / 'T2w.json').write_text(text)
    assert Sidecars(tmp_path).read(tmp_path / 'sub-01_T2w.nii.gz') == {}


def test_sidecars_that_are_broken_links_are_found(tmp_path):
    (tmp_path / 'T2w.json').symlink_to('nowhere')
    assert Sidecars(tmp_path).find(tmp_path / 'sub-01_T2w.nii.gz') == [tmp_path / 'T2w.json']


@pytest.mark.parametrize(
    ('value', 'seconds'),
    [
        (0.012, 0.012),
        (12, 0.012),
        ('0.1', 0.1),
        ('100 ms', None),
        (0, None),
        (-0.1, None),
        (float('inf'), None),
    ],
)
def test_the_echo_time_is_in_seconds(value, seconds):
    assert echo_time({'EchoTime': value}) == seconds


def test_the_echo_time_may_be_unknown():
    assert echo_time({}) is None
