"""Images are read in full or rejected, and reordered to canonical order."""

import gzip
from dataclasses import replace

import nibabel as nb
import numpy as np
import pytest
from nibabel.orientations import axcodes2ornt, io_orientation, ornt_transform

from pvs_workflow.errors import ImageError, OutputError
from pvs_workflow.method.conform import Conformed, conform, prefix_errors

AFFINE = np.diag([1.2, 1.2, 4.0, 1.0])


def scan(shape=(50, 44, 9), dtype=np.int16):
    data = np.random.default_rng(5).integers(0, 900, shape)
    return nb.Nifti1Image(data.astype(dtype), AFFINE)


@pytest.mark.parametrize('codes', ['RAS', 'LAS', 'LPI', 'SRA', 'PIR'])
def test_every_storage_order_gives_the_same_image(tmp_path, codes):
    image = scan()
    turn = ornt_transform(io_orientation(image.affine), axcodes2ornt(codes))
    nb.save(image.as_reoriented(turn), tmp_path / 'a.nii.gz')
    conformed = conform(tmp_path / 'a.nii.gz', is_t2w=True)
    assert np.array_equal(conformed.image.dataobj, image.get_fdata())
    assert np.allclose(conformed.image.affine, AFFINE)
    axis = next(i for i, code in enumerate(codes) if code in 'SI')
    plane = np.take(
        np.asarray(image.as_reoriented(turn).dataobj), conformed.storage.slice_index(2), axis
    )
    assert sorted(plane.ravel()) == sorted(np.asarray(image.dataobj)[:, :, 2].ravel())


def test_saving_is_lossless(tmp_path):
    nb.save(scan(), tmp_path / 'a.nii.gz')
    conformed = replace(conform(tmp_path / 'a.nii.gz'), problems=('left may be right',))
    loaded = Conformed.load(conformed.save(tmp_path / 'saved'))
    assert np.array_equal(loaded.image.affine, conformed.image.affine)
    assert np.array_equal(loaded.image.dataobj, conformed.image.dataobj)
    assert loaded.storage == conformed.storage
    assert loaded.problems == conformed.problems


def test_a_trailing_axis_of_one_is_dropped(tmp_path):
    image = scan()
    path = tmp_path / 'a.nii.gz'
    nb.save(nb.Nifti1Image(np.asarray(image.dataobj)[..., None], AFFINE), path)
    assert np.array_equal(conform(path).image.dataobj, image.get_fdata())


def test_errors_begin_with_the_name_and_keep_their_class():
    with (
        pytest.raises(OutputError, match=r'^a\.nii cannot be used: disk full$'),
        prefix_errors('/x/a.nii'),
    ):
        raise OutputError('disk full')


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


def claim_a_huge_shape(path):
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
    ('make', 'message'),
    [
        (truncate, 'it is damaged, its 40 × 40 × 40 voxels cannot be read'),
        (flip_bits, 'it is damaged'),
        (text, 'it is not a readable NIfTI image'),
        (empty, 'it is not a readable NIfTI image'),
        (claim_a_huge_shape, 'unusable shape'),
        (colour, 'give one real number per voxel'),
    ],
)
def test_an_error_names_the_unusable_image(tmp_path, make, message):
    path = tmp_path / 'sub-01_T2w.nii.gz'
    make(path)
    with pytest.raises(ImageError, match=f'sub-01_T2w.nii.gz cannot be used: .*{message}'):
        conform(path, is_t2w=True)
