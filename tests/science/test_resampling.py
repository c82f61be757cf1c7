import nibabel as nb
import numpy as np
import pytest

from pvs_workflow.science.resampling import coarse_image, resample


@pytest.mark.parametrize('zooms', [(0.5, 0.5, 4.0), (1, 1, 1), (3, 3, 3)])
def test_a_linear_image_stays_linear(zooms):
    affine = np.diag([*zooms, 1.0])
    affine[:3, 3] = [-20, 5, 11]
    shape = tuple(round(60 / z) for z in zooms)
    grid = np.stack(np.meshgrid(*map(np.arange, shape), indexing='ij'), axis=-1)
    world = grid @ affine[:3, :3] + affine[:3, 3]
    image = nb.Nifti1Image((world @ [1.0, -2.0, 0.5]).astype(np.float32), affine)
    low = coarse_image(image, 2.0)
    assert np.allclose(low.header.get_zooms(), 2)
    inner = np.stack(
        np.meshgrid(*[np.arange(4, n - 4) for n in low.shape], indexing='ij'), axis=-1
    )
    expected = (inner @ low.affine[:3, :3] + low.affine[:3, 3]) @ [1.0, -2.0, 0.5]
    inside = np.asarray(low.dataobj)[4:-4, 4:-4, 4:-4]
    assert np.abs(inside - expected).max() < 0.15


def test_fine_noise_is_averaged_without_aliasing():
    noise = np.random.default_rng(0).normal(0, 1, (160, 160, 20)).astype(np.float32)
    low = coarse_image(nb.Nifti1Image(noise, np.diag([0.5, 0.5, 2, 1])), 2.0)
    assert np.asarray(low.dataobj).std() < 0.35


def test_the_margin_repeats_the_border():
    image = nb.Nifti1Image(np.full((10, 10, 10), 7, np.float32), np.diag([2, 2, 2, 1]))
    low = coarse_image(image, 2.0, 10.0)
    assert low.shape == (20, 20, 20)
    assert np.allclose(np.asarray(low.dataobj), 7)


def test_values_outside_the_image_repeat_the_border_or_are_zero():
    image = nb.Nifti1Image(np.full((4, 4, 4), 7, np.int16), np.eye(4))
    shape, affine = (8, 4, 4), np.eye(4)
    repeated = np.asarray(resample(image, shape, affine).dataobj)
    assert repeated.dtype == np.float32
    assert (repeated == 7).all()
    blank = np.asarray(resample(image, shape, affine, mode='constant').dataobj)
    assert (blank[:4] == 7).all() and not blank[4:].any()
    assert np.asarray(image.dataobj).dtype == np.int16


def test_a_finer_grid_is_interpolated():
    image = nb.Nifti1Image(np.arange(5, dtype=np.int16).reshape(5, 1, 1), np.eye(4))
    fine = resample(image, (9, 1, 1), np.diag([0.5, 1, 1, 1]))
    assert np.asarray(fine.dataobj).ravel().tolist() == [0, 0.5, 1, 1.5, 2, 2.5, 3, 3.5, 4]
