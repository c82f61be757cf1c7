"""Result images are saved in the voxel order of the stored T2w."""

import json

import nibabel as nb
import numpy as np
import pytest
from nibabel.orientations import axcodes2ornt, io_orientation, ornt_transform

from pvs_workflow.derivatives.images import restore, save_derivative, write_lookup
from pvs_workflow.inputs.nifti import open_nifti
from pvs_workflow.science.geometry import to_canonical

AFFINE = np.diag([0.6, 0.6, 4.0, 1.0])


def save_oriented(codes, path):
    """Save a random image with the given axis codes, and load it."""
    voxels = np.random.default_rng(5).integers(0, 900, (12, 14, 9)).astype(np.int16)
    image = nb.Nifti1Image(voxels, AFFINE)
    orientation = ornt_transform(io_orientation(image.affine), axcodes2ornt(codes))
    nb.save(image.as_reoriented(orientation), path)
    return nb.load(path)


@pytest.mark.parametrize('codes', ['RAS', 'LAS', 'LPI', 'SRA', 'PIR'])
def test_results_are_saved_in_the_stored_voxel_order(tmp_path, codes):
    path = tmp_path / 'sub-01_T2w.nii.gz'
    original = save_oriented(codes, path)
    data, affine, _ = to_canonical(original.get_fdata(dtype=np.float32), original.affine)
    image = nb.Nifti1Image(np.ascontiguousarray(data), affine)
    target = save_derivative(image, path, str(tmp_path / 'back'), {'SkullStripped': False})
    result = nb.load(target)
    assert np.abs(result.get_fdata() - original.get_fdata()).max() < 0.02
    assert np.array_equal(result.affine, original.affine)
    assert result.header['sform_code'] == original.header['sform_code']
    assert json.loads((tmp_path / 'back.json').read_text()) == {'SkullStripped': False}

    labels = nb.Nifti1Image((data > 450).astype(np.int16) * 156, affine)
    restored = restore(labels, open_nifti(path))
    assert np.array_equal(np.asarray(restored.dataobj), (original.get_fdata() > 450) * 156)


def test_the_size_of_stored_voxels_is_written_on_request(tmp_path):
    # Oblique slices along the first axis.
    rotation = nb.eulerangles.euler2mat(0.1, 0.2, 0.05)
    affine = np.eye(4)
    affine[:3, :3] = rotation @ np.array([[0, 0.5, 0], [0, 0, 0.6], [4.2, 0, 0]])
    stored = nb.Nifti1Image(np.arange(120, dtype=np.int16).reshape(6, 4, 5), affine)
    nb.save(stored, tmp_path / 'sub-01_T2w.nii.gz')
    data, canonical, _ = to_canonical(np.asarray(stored.dataobj), affine)
    image = nb.Nifti1Image(data.astype(np.float32), canonical)
    save_derivative(image, tmp_path / 'sub-01_T2w.nii.gz', str(tmp_path / 'out'), {}, True)
    assert json.loads((tmp_path / 'out.json').read_text()) == {'VoxelSize': [4.2, 0.5, 0.6]}


def test_every_structure_is_named(tmp_path):
    write_lookup('structures', tmp_path / 'a.tsv')
    lines = (tmp_path / 'a.tsv').read_text().splitlines()
    assert lines[0] == 'index\tname'
    assert '51\tright putamen' in lines
    assert len(lines) == 15


def test_sides_of_the_roi_are_named(tmp_path):
    write_lookup('roi', tmp_path / 'a.tsv')
    text = (tmp_path / 'a.tsv').read_text()
    assert text == 'index\tname\n1\tleft basal ganglia\n2\tright basal ganglia\n'
