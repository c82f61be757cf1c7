import json

import pytest

from pvs_workflow.inputs.metadata import scanner_metadata


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
    assert scanner_metadata(tmp_path, image) == {
        'Manufacturer': 'A',
        'ManufacturersModelName': 'M',
        'MagneticFieldStrength': 1.5,
    }


@pytest.mark.parametrize('text', ['', '[]', '{"Manufacturer": ["A"]}', '{"Manufacturer": true}'])
def test_unusable_sidecars_are_skipped(tmp_path, text):
    (tmp_path / 'T2w.json').write_text(text)
    assert scanner_metadata(tmp_path, tmp_path / 'sub-01_T2w.nii.gz') == {}
