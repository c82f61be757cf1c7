import gzip

import nibabel as nb
import numpy as np
import pytest

from pvs_workflow.errors import ImageError
from pvs_workflow.inputs.nifti import compare_forms, open_nifti, read_nifti, read_voxels

AFFINE = np.diag([1.0, 1.0, 5.0, 1.0])
DATA = np.arange(60, dtype=np.int16).reshape(3, 4, 5)


def save(path, data=DATA, kind=nb.Nifti1Image, **header):
    image = kind(data, AFFINE)
    for name, value in header.items():
        image.header[name] = value
    nb.save(image, path)
    return path


@pytest.mark.parametrize('kind', [nb.Nifti1Image, nb.Nifti2Image])
@pytest.mark.parametrize('name', ['a.nii', 'a.nii.gz'])
def test_an_image_is_read_as_it_was_stored(tmp_path, name, kind):
    image, data = read_nifti(save(tmp_path / name, kind=kind))
    np.testing.assert_array_equal(data, DATA)
    np.testing.assert_array_equal(image.affine, AFFINE)


def test_the_header_is_opened_without_the_voxels(tmp_path):
    path = save(tmp_path / 'a.nii', DATA[..., None])
    path.write_bytes(path.read_bytes()[:-8])
    image = open_nifti(path)
    assert image.shape == (3, 4, 5, 1)
    with pytest.raises(ImageError, match='it is damaged, its 3 × 4 × 5 voxels cannot be read'):
        read_voxels(image, path)


def test_a_wrong_checksum_is_detected(tmp_path):
    path = save(tmp_path / 'a.nii.gz')
    raw = bytearray(path.read_bytes())
    raw[-8] ^= 1
    path.write_bytes(raw)
    with pytest.raises(ImageError, match='CRC check failed'):
        read_nifti(path)


def test_many_bytes_after_the_voxels_are_refused(tmp_path):
    path = save(tmp_path / 'a.nii')
    longer = path.with_name('b.nii.gz')
    with gzip.open(longer, 'wb', compresslevel=1) as stream:
        stream.write(path.read_bytes())
        for _ in range(17):
            stream.write(bytes(2**22))
    with pytest.raises(ImageError, match=r'more than \d+ bytes'):
        read_nifti(longer)


@pytest.mark.parametrize(
    ('content', 'message'),
    [
        (b'', 'no NIfTI header in its first 0 bytes'),
        (b'no image at all' * 99, 'no NIfTI header'),
        ((348).to_bytes(4, 'little') + bytes(400), 'unknown magic'),
    ],
)
def test_other_files_than_nifti_are_refused(tmp_path, content, message):
    (tmp_path / 'a.nii').write_bytes(content)
    with pytest.raises(ImageError, match=f'it is not a readable NIfTI image: .*{message}'):
        open_nifti(tmp_path / 'a.nii')


def test_missing_files_and_folders_are_refused(tmp_path):
    (tmp_path / 'folder.nii').mkdir()
    for name in ('none.nii', 'folder.nii'):
        with pytest.raises(ImageError, match='it is not a readable NIfTI image'):
            open_nifti(tmp_path / name)


def test_an_image_without_sform_and_qform_is_refused(tmp_path):
    path = save(tmp_path / 'a.nii')
    raw = bytearray(path.read_bytes())
    raw[252:256] = bytes(4)  # qform_code and sform_code
    path.write_bytes(raw)
    with pytest.raises(ImageError, match='does not say where left and right are'):
        open_nifti(path)


def test_voxels_must_be_real_numbers(tmp_path):
    with pytest.raises(ImageError, match='its voxels are complex64'):
        open_nifti(save(tmp_path / 'a.nii', DATA.astype(np.complex64)))


def forms(path, sform, qform, **header):
    """Save an image with both forms and further header fields."""
    image = nb.Nifti1Image(DATA, AFFINE)
    image.set_qform(qform, 1)
    image.set_sform(sform, 2)
    for name, value in header.items():
        image.header[name] = value
    nb.save(image, path)
    return open_nifti(path)


@pytest.mark.parametrize('sizes', [(1, 1, 1), (0.573, 0.573, 5), (5, 1, 1)])
def test_an_sform_and_pixdim_of_different_voxels_are_refused(tmp_path, sizes):
    with pytest.raises(ImageError, match=r'its sform has voxels of .*, its pixdim 1 × 1 × 5 mm'):
        forms(tmp_path / 'a.nii', np.diag([*sizes, 1]), AFFINE)


def test_the_sform_is_used_and_opposed_forms_are_reported(tmp_path):
    mirrored = np.diag([-1, 1, 1, 1]) @ AFFINE
    image = forms(tmp_path / 'a.nii', mirrored, AFFINE)
    assert np.array_equal(image.affine, mirrored)
    (problem,) = compare_forms(image)
    assert 'sform and qform' in problem
    shifted = nb.affines.from_matvec(np.eye(3), (4, -18, 22)) @ AFFINE
    assert compare_forms(forms(tmp_path / 'b.nii', shifted, AFFINE)) == ()


@pytest.mark.parametrize('header', [{'qform_code': 0}, {'sform_code': 0}, {'quatern_b': np.nan}])
def test_a_form_that_is_not_set_is_not_compared(tmp_path, header):
    mirrored = np.diag([-1, 1, 1, 1]) @ AFFINE
    assert compare_forms(forms(tmp_path / 'a.nii', mirrored, AFFINE, **header)) == ()
