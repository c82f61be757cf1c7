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


def restored(image, path):
    """Save an image and return the header of its labels on the same grid, saved and loaded."""
    nb.save(image, path)
    original = open_nifti(path)
    data, affine, _ = to_canonical(np.ones(original.shape, np.int16), original.affine)
    nb.save(restore(nb.Nifti1Image(data, affine), original), path.with_name('out.nii.gz'))
    return nb.load(path.with_name('out.nii.gz')).header


MOVED = nb.affines.from_matvec(nb.eulerangles.euler2mat(0.05, 0.02, 0.2), (4, -18, 22)) @ AFFINE


@pytest.mark.parametrize(
    ('sform', 'qform'),
    [
        ((MOVED, 2), (AFFINE, 1)),  # moved by SPM
        ((AFFINE, 1), (MOVED, 1)),
        ((AFFINE, 4), (MOVED, 0)),
        ((np.diag([-1, 1, 1, 1]) @ AFFINE, 1), (AFFINE, 1)),  # opposed
    ],
)
@pytest.mark.parametrize('kind', [nb.Nifti1Image, nb.Nifti2Image])
def test_results_have_both_forms_of_the_t2w(tmp_path, sform, qform, kind):
    image = kind(np.zeros((12, 14, 9), np.int16), AFFINE)
    image.set_sform(*sform)
    image.set_qform(*qform)
    header = restored(image, tmp_path / 'sub-01_T2w.nii.gz')
    for name, (affine, code) in (('sform', sform), ('qform', qform)):
        assert header[f'{name}_code'] == code
        assert np.allclose(getattr(header, f'get_{name}')(), affine, atol=1e-4)
    assert np.allclose(header.get_zooms(), (0.6, 0.6, 4))


def test_a_qform_without_an_sform_is_kept(tmp_path):
    image = nb.Nifti1Image(np.zeros((12, 14, 9), np.int16), AFFINE)
    image.set_qform(MOVED, 1)
    image.header['sform_code'] = 0
    image.header['srow_x'] = np.nan
    image = nb.Nifti1Image(image.dataobj, None, image.header)
    header = restored(image, tmp_path / 'sub-01_T2w.nii.gz')
    assert (header['sform_code'], header['qform_code']) == (0, 1)
    assert np.allclose(header.get_best_affine(), MOVED, atol=1e-4)


def test_sizes_that_the_t2w_lacks_are_those_of_its_sform(tmp_path):
    image = nb.Nifti1Image(np.zeros((12, 14, 9), np.int16), AFFINE)
    path = tmp_path / 'sub-01_T2w.nii'
    nb.save(image, path)
    content = bytearray(path.read_bytes())
    content[80:92] = bytes(12)  # pixdim
    path.write_bytes(content)
    labels = nb.Nifti1Image(np.ones(image.shape, np.int16), AFFINE)
    header = restore(labels, open_nifti(path)).header
    assert np.allclose(header['pixdim'][1:4], (0.6, 0.6, 4))


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
