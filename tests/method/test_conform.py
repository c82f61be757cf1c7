"""What users stored is read whole or refused, and brought into one order."""

import gzip

import nibabel as nb
import numpy as np
import pytest
from nibabel.orientations import axcodes2ornt, io_orientation, ornt_transform

from pvs_workflow.errors import ImageError, OutputError
from pvs_workflow.method.conform import Conformed, conform, prefix_errors

AFFINE = np.diag([0.6, 0.6, 4.0, 1.0])


def scan(shape=(12, 14, 9), dtype=np.int16):
    data = np.random.default_rng(5).integers(0, 900, shape)
    return nb.Nifti1Image(data.astype(dtype), AFFINE)


@pytest.mark.parametrize('codes', ['RAS', 'LAS', 'LPI', 'SRA', 'PIR'])
def test_every_order_gives_one_image(tmp_path, codes):
    image = scan()
    turn = ornt_transform(io_orientation(image.affine), axcodes2ornt(codes))
    nb.save(image.as_reoriented(turn), tmp_path / 'a.nii.gz')
    found = conform(tmp_path / 'a.nii.gz', is_t2w=True)
    assert np.array_equal(found.image.dataobj, image.get_fdata())
    assert np.allclose(found.image.affine, AFFINE)
    axis = next(i for i, code in enumerate(codes) if code in 'SI')
    plane = np.take(
        np.asarray(image.as_reoriented(turn).dataobj), found.storage.slice_index(2), axis
    )
    assert sorted(plane.ravel()) == sorted(np.asarray(image.dataobj)[:, :, 2].ravel())


def test_saving_changes_no_digit(tmp_path):
    nb.save(scan(), tmp_path / 'a.nii.gz')
    found = conform(tmp_path / 'a.nii.gz')
    loaded = Conformed.load(found.save(tmp_path / 'saved'))
    assert np.array_equal(loaded.image.affine, found.image.affine)
    assert np.array_equal(loaded.image.dataobj, found.image.dataobj)
    assert loaded.storage == found.storage


def test_a_trailing_axis_of_one_is_dropped(tmp_path):
    image = scan()
    path = tmp_path / 'a.nii.gz'
    nb.save(nb.Nifti1Image(np.asarray(image.dataobj)[..., None], AFFINE), path)
    assert np.array_equal(conform(path).image.dataobj, image.get_fdata())


def test_errors_begin_with_the_name_and_keep_their_kind():
    with (
        pytest.raises(OutputError, match=r'^a\.nii cannot be used: no room$'),
        prefix_errors('/x/a.nii'),
    ):
        raise OutputError('no room')


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
        (truncate, 'it is damaged, its 40 × 40 × 40 voxels cannot be read'),
        (flip_bits, 'it is damaged'),
        (text, 'it is not a readable NIfTI image'),
        (empty, 'it is not a readable NIfTI image'),
        (claims_too_much, 'unusable shape'),
        (colour, 'one real number per voxel'),
    ],
)
def test_what_cannot_be_used_is_named(tmp_path, make, said):
    path = tmp_path / 'sub-01_T2w.nii.gz'
    make(path)
    with pytest.raises(ImageError, match=f'sub-01_T2w.nii.gz cannot be used: .*{said}'):
        conform(path, is_t2w=True)
