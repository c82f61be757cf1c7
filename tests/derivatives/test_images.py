"""Results go back to the voxels of the T2w as the user stored it."""

import json

import nibabel as nb
import numpy as np
import pytest
from nibabel.orientations import axcodes2ornt, io_orientation, ornt_transform

from pvs_workflow.derivatives.images import restore, save_derivative, write_lookup
from pvs_workflow.inputs.nifti import open_nifti
from pvs_workflow.science.geometry import to_canonical

AFFINE = np.diag([0.6, 0.6, 4.0, 1.0])


def stored_as(codes, path):
    voxels = np.random.default_rng(5).integers(0, 900, (12, 14, 9)).astype(np.int16)
    image = nb.Nifti1Image(voxels, AFFINE)
    turn = ornt_transform(io_orientation(image.affine), axcodes2ornt(codes))
    nb.save(image.as_reoriented(turn), path)
    return nb.load(path)


@pytest.mark.parametrize('codes', ['RAS', 'LAS', 'LPI', 'SRA', 'PIR'])
def test_results_lie_on_the_stored_voxels(tmp_path, codes):
    path = tmp_path / 'sub-01_T2w.nii.gz'
    original = stored_as(codes, path)
    data, affine, _ = to_canonical(original.get_fdata(dtype=np.float32), original.affine)
    image = nb.Nifti1Image(np.ascontiguousarray(data), affine)
    target = save_derivative(image, path, str(tmp_path / 'back'), {'SkullStripped': False})
    ours = nb.load(target)
    assert np.abs(ours.get_fdata() - original.get_fdata()).max() < 0.02
    assert np.array_equal(ours.affine, original.affine)
    assert ours.header['sform_code'] == original.header['sform_code']
    assert json.loads((tmp_path / 'back.json').read_text()) == {'SkullStripped': False}

    labels = nb.Nifti1Image((data > 450).astype(np.int16) * 156, affine)
    whole = restore(labels, open_nifti(path))
    assert np.array_equal(np.asarray(whole.dataobj), (original.get_fdata() > 450) * 156)


def test_the_size_of_stored_voxels_is_written_when_asked_for(tmp_path):
    # Slices along the first axis, obliquely.
    turn = nb.eulerangles.euler2mat(0.1, 0.2, 0.05)
    affine = np.eye(4)
    affine[:3, :3] = turn @ np.array([[0, 0.5, 0], [0, 0, 0.6], [4.2, 0, 0]])
    stored = nb.Nifti1Image(np.arange(120, dtype=np.int16).reshape(6, 4, 5), affine)
    nb.save(stored, tmp_path / 'sub-01_T2w.nii.gz')
    data, canonical, _ = to_canonical(np.asarray(stored.dataobj), affine)
    image = nb.Nifti1Image(data.astype(np.float32), canonical)
    save_derivative(image, tmp_path / 'sub-01_T2w.nii.gz', str(tmp_path / 'out'), {}, True)
    assert json.loads((tmp_path / 'out.json').read_text()) == {'VoxelSize': [4.2, 0.5, 0.6]}


def test_every_value_has_a_name(tmp_path):
    write_lookup('structures', tmp_path / 'a.tsv')
    lines = (tmp_path / 'a.tsv').read_text().splitlines()
    assert lines[0] == 'index\tname'
    assert '51\tright putamen' in lines
    assert len(lines) == 15


def test_sides_of_the_roi_are_named(tmp_path):
    write_lookup('roi', tmp_path / 'a.tsv')
    text = (tmp_path / 'a.tsv').read_text()
    assert text == 'index\tname\n1\tleft basal ganglia\n2\tright basal ganglia\n'
