"""What users stored is read whole or refused, and results go back the same way."""

import gzip

import nibabel as nb
import numpy as np
import pytest
from nibabel.orientations import axcodes2ornt, io_orientation, ornt_transform

from pvs_workflow.errors import ImageError
from pvs_workflow.inputs.nifti import open_nifti
from pvs_workflow.interfaces.anatomy import Conform
from pvs_workflow.interfaces.io import load_views, read_canonical, save_image, save_views
from pvs_workflow.interfaces.storage import restore, save_stored, stored_slices, write_lookup
from pvs_workflow.science.slices import View

AFFINE = np.diag([0.6, 0.6, 4.0, 1.0])


def scan(shape=(12, 14, 9), dtype=np.int16):
    data = np.random.default_rng(5).integers(0, 900, shape)
    return nb.Nifti1Image(data.astype(dtype), AFFINE)


def stored_as(image, codes):
    return image.as_reoriented(ornt_transform(io_orientation(image.affine), axcodes2ornt(codes)))


@pytest.mark.parametrize('codes', ['RAS', 'LAS', 'LPI', 'SRA', 'PIR'])
def test_results_lie_on_the_stored_voxels(tmp_path, codes):
    path = tmp_path / 'sub-01_T2w.nii.gz'
    nb.save(stored_as(scan(), codes), path)
    data, affine, _ = read_canonical(path)
    canonical = nb.load(save_image(data, affine, tmp_path / 'canonical.nii.gz'))
    assert np.array_equal(data, scan().get_fdata())
    back = restore(canonical, *open_nifti(path))
    save_stored(back, tmp_path / 'back.nii.gz')
    ours, original = nb.load(tmp_path / 'back.nii.gz'), nb.load(path)
    assert np.abs(ours.get_fdata() - original.get_fdata()).max() < 0.02
    assert np.array_equal(ours.affine, original.affine)
    assert ours.header['sform_code'] == original.header['sform_code']

    labels = (data > 450).astype(np.int16) * 156
    whole = restore(nb.Nifti1Image(labels, affine), *open_nifti(path))
    assert np.array_equal(np.asarray(whole.dataobj), (original.get_fdata() > 450) * 156)

    (index,) = stored_slices([View('L', 2, 1, (0.5, 0.5))], path)
    axis = next(i for i, code in enumerate(codes) if code in 'SI')
    plane = np.take(original.get_fdata(), index, axis=axis)
    assert sorted(plane.ravel()) == sorted(data[:, :, 2].ravel())


def test_a_trailing_axis_of_one_is_dropped(tmp_path):
    image = scan()
    path = tmp_path / 'a.nii.gz'
    nb.save(nb.Nifti1Image(np.asarray(image.dataobj)[..., None], AFFINE), path)
    assert np.array_equal(read_canonical(path)[0], image.get_fdata())


def test_thin_slices_are_named_by_their_central_one(tmp_path):
    path = tmp_path / 'a.nii.gz'
    nb.save(nb.Nifti1Image(np.ones((4, 4, 40), np.int16), np.diag([1, 1, 1, 1.0])), path)
    assert stored_slices([View('L', 3, 1, (0.5, 0.5))], path) == [17]


def write_image(path):
    nb.save(scan(), path)


def truncate(path):
    nb.save(scan((40, 40, 40)), path)
    path.write_bytes(path.read_bytes()[:5000])


def flip_bits(path):
    nb.save(scan((40, 40, 40)), path)
    content = bytearray(path.read_bytes())
    content[3000:3040] = bytes(40)
    path.write_bytes(content)


def text(path):
    path.write_bytes(gzip.compress(b'hello ' * 200))


def claims_too_much(path):
    image = scan()
    image.header['dim'][1:4] = 30000
    image.header['vox_offset'] = 352
    path.write_bytes(gzip.compress(image.header.binaryblock + bytes(500)))


def colour(path):
    data = np.zeros((4, 4, 4), [('R', 'u1'), ('G', 'u1'), ('B', 'u1')])
    nb.save(nb.Nifti1Image(data, AFFINE), path)


def empty(path):
    path.write_bytes(b'')


@pytest.mark.parametrize(
    ('make', 'said'),
    [
        (truncate, 'it is damaged, expected 40 × 40 × 40 voxels, received'),
        (flip_bits, 'it is damaged'),
        (text, 'it cannot be read, expected a NIfTI image'),
        (empty, 'it cannot be read, expected a NIfTI image'),
        (claims_too_much, 'unusable shape'),
        (colour, 'expected one real number per voxel'),
    ],
)
def test_what_cannot_be_used_is_named(tmp_path, make, said):
    path = tmp_path / 'sub-01_T2w.nii.gz'
    make(path)
    with pytest.raises(ImageError, match=said):
        read_canonical(path)
    with pytest.raises(ImageError, match=f'sub-01_T2w.nii.gz cannot be used: .*{said}'):
        Conform(in_file=str(path), is_t2w=True).run(cwd=tmp_path)


def test_views_survive_a_file(tmp_path):
    views = [View('L', 4, 1, (69.5, 119.5)), View('R', 5, 2, (20.5, 30.5))]
    assert load_views(save_views(views, tmp_path / 'views.json')) == views


def test_lookups_name_every_value(tmp_path):
    write_lookup('structures', tmp_path / 'a.tsv')
    lines = (tmp_path / 'a.tsv').read_text().splitlines()
    assert lines[0] == 'index\tname'
    assert '51\tright putamen' in lines
    assert len(lines) == 15
