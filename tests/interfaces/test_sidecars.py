"""What the sidecar of the T2w tells of the scanner and the voxels."""

import json

import nibabel as nb
import numpy as np

from pvs_workflow.inputs import Scan
from pvs_workflow.interfaces.derivatives import SaveImage
from pvs_workflow.interfaces.io import read_canonical, save_image
from pvs_workflow.workflows.outputs import sidecar


def test_the_size_of_stored_voxels_is_written_when_asked_for(tmp_path):
    # Slices along the first axis, obliquely.
    turn = nb.eulerangles.euler2mat(0.1, 0.2, 0.05)
    affine = np.eye(4)
    affine[:3, :3] = turn @ np.array([[0, 0.5, 0], [0, 0, 0.6], [4.2, 0, 0]])
    stored = nb.Nifti1Image(np.arange(120, dtype=np.int16).reshape(6, 4, 5), affine)
    nb.save(stored, tmp_path / 'sub-01_T2w.nii.gz')
    data, canonical, _ = read_canonical(tmp_path / 'sub-01_T2w.nii.gz')
    save_image(data, canonical, tmp_path / 't2w.nii.gz')
    for asked in (True, False):
        SaveImage(
            in_file=tmp_path / 't2w.nii.gz',
            t2w_file=tmp_path / 'sub-01_T2w.nii.gz',
            stem=str(tmp_path / 'out'),
            sidecar={'SkullStripped': False},
            voxel_size=asked,
        ).run(cwd=tmp_path)
        content = json.loads((tmp_path / 'out.json').read_text())
        assert content.pop('VoxelSize', None) == ([4.2, 0.5, 0.6] if asked else None)
        assert content == {'SkullStripped': False}


def test_the_scanner_is_told_of_the_t2w_alone(tmp_path):
    anat = tmp_path / 'sub-01' / 'anat'
    anat.mkdir(parents=True)
    (tmp_path / 'T2w.json').write_text('{"Manufacturer": "M", "PatientID": "secret"}')
    scan = Scan('01', None, anat / 'sub-01_T2w.nii.gz', None, None, (('sub', '01'),))
    t2w = sidecar(scan, tmp_path, 'desc-preproc_T2w')
    assert t2w == {
        'Sources': ['bids:raw:sub-01/anat/sub-01_T2w.nii.gz'],
        'SkullStripped': False,
        'Manufacturer': 'M',
    }
    assert 'Manufacturer' not in sidecar(scan, tmp_path, 'space-T2w_desc-enhanced_T2w')
