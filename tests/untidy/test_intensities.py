"""Intensities of any scale, offset and type: counts do not depend on them."""

import nibabel as nb
import numpy as np
import pytest
from scipy.ndimage import zoom

from pvs_workflow.errors import ImageError
from pvs_workflow.method import count_epvs
from pvs_workflow.method.conform import conform
from pvs_workflow.science.quality import fluid_contrast
from tests.builders.untidy_images import example_t2w, save, structures

VALUES, AFFINE = example_t2w()
HIGHEST = VALUES.max()


def with_nan(*parts):
    values = VALUES.copy()
    for part in parts:
        values[part] = np.nan
    return values


def ring(values):
    """Halve and restore the resolution, which undershoots at edges."""
    coarse = zoom(values, (0.5, 0.5, 1), order=1)
    size = [(n + 1) // 2 * 2 for n in values.shape[:2]]
    fine = zoom(coarse, (size[0] / coarse.shape[0], size[1] / coarse.shape[1], 1), order=5)
    out = np.zeros_like(values)
    part = tuple(slice(0, min(a, b)) for a, b in zip(out.shape, fine.shape, strict=True))
    out[part] = fine[part]
    return out


def wrapped(kind):
    """Return unsigned integers up to 92 % of their range, read as signed ones."""
    highest = 0.92 * np.iinfo(kind).max
    return np.round(VALUES / HIGHEST * highest).astype(kind).view(np.dtype(kind).name[1:])


SAME = {
    'offset −1024': (VALUES * 8 - 1024, np.int16),
    'offset −20 %': (VALUES - 0.2 * HIGHEST, np.float32),
    'offset +1000': (VALUES * 8 + 1000, np.int16),
    'all below zero': (VALUES - 5000, np.float64),
    '× 0.001': (VALUES * 1e-3, np.float32),
    '× 1e-9': (VALUES * 1e-9, np.float64),
    '× 10000, offset': (VALUES * 1e4 - 3e5, np.float32),
    'the full range of int16': (VALUES / HIGHEST * 65000 - 32700, np.int16),
    'uint16 read as int16': (wrapped(np.uint16), np.int16),
    'uint8 read as int8': (wrapped(np.uint8), np.int8),
    'NaN beyond a resliced field of view': (with_nan(np.s_[:6], np.s_[:, -9:]), np.float32),
    'a fourth axis of one volume': (VALUES[..., None], np.int16),
}


@pytest.mark.parametrize('name', SAME)
def test_scale_offset_and_type_do_not_matter(tmp_path, name):
    values, dtype = SAME[name]
    scan = conform(save(tmp_path / 'sub-01_T2w.nii', values, AFFINE, dtype), is_t2w=True)
    plain = conform(save(tmp_path / 'plain.nii', VALUES, AFFINE), is_t2w=True)
    got, expected = (np.asarray(image.dataobj) for image in (scan.image, plain.image))
    assert got.min() == 0
    scale = got.max() / expected.max()
    outside = np.isnan(np.asarray(values, float).reshape(VALUES.shape))[::-1, ::-1]
    assert np.allclose(got / scale, np.where(outside, 0, expected), atol=0.6)


@pytest.mark.parametrize(('slope', 'inter'), [(0.25, 0), (3, -1024), (0.01, 12), (1e4, -5e4)])
def test_scaled_integers_do_not_matter(tmp_path, slope, inter):
    image = nb.Nifti1Image(VALUES.astype(np.int16), AFFINE)
    image.header.set_slope_inter(slope, inter)
    nb.save(image, tmp_path / 'sub-01_T2w.nii')
    got = np.asarray(conform(tmp_path / 'sub-01_T2w.nii', is_t2w=True).image.dataobj)
    assert np.allclose(got / slope, VALUES[::-1, ::-1], atol=0.6)


def test_ringing_below_zero_leaves_the_contrast(tmp_path):
    values = ring(VALUES)
    assert values.min() < -1
    path = save(tmp_path / 'sub-01_T2w.nii', values * 10, AFFINE)
    got = np.asarray(conform(path, is_t2w=True).image.dataobj)[::-1, ::-1]
    assert got.min() == 0
    contrasts = [fluid_contrast(image, structures()) for image in (got, values)]
    assert contrasts[0] == pytest.approx(contrasts[1], rel=0.02)


REFUSED = {
    'NaN in the brain': (with_nan(np.s_[150:170, 180:200, 10:16]), 'NaN or infinite values in'),
    'NaN around and in the brain': (
        with_nan(np.s_[:6], np.s_[150:170, 180:200, 10:16]),
        'NaN or infinite values in 2400 of',
    ),
    'only NaN': (np.full_like(VALUES, np.nan), 'NaN or infinite'),
    'infinity': (np.where(VALUES > 100, np.inf, VALUES), 'NaN or infinite'),
    'two equal volumes': (np.stack([VALUES] * 2, -1), 'it is 4D'),
    'one value': (np.full_like(VALUES, -7), 'it is empty'),
}


@pytest.mark.parametrize('name', REFUSED)
def test_other_values_are_refused_in_one_sentence(tmp_path, name):
    values, message = REFUSED[name]
    path = save(tmp_path / 'sub-01_T2w.nii', values, AFFINE, np.float32)
    with pytest.raises(ImageError, match=f'sub-01_T2w.nii cannot be used: .*{message}'):
        conform(path, is_t2w=True)


def test_colours_are_refused(tmp_path):
    grey = VALUES.astype(np.uint8)
    colours = np.zeros(grey.shape, [(name, 'u1') for name in 'RGB'])
    for name in 'RGB':
        colours[name] = grey
    nb.save(nb.Nifti1Image(colours, AFFINE), tmp_path / 'sub-01_T2w.nii')
    with pytest.raises(ImageError, match='give one real number per voxel'):
        conform(tmp_path / 'sub-01_T2w.nii', is_t2w=True)


@pytest.fixture(scope='module')
def plain():
    """Return the result of the unchanged T2w."""
    return count_epvs(nb.Nifti1Image(VALUES, AFFINE))


@pytest.mark.slow
@pytest.mark.parametrize(('a', 'b'), [(8, -1024), (1e-3, 0), (1e4, -3e5)])
def test_counts_do_not_depend_on_scale_and_offset(plain, a, b):
    result = count_epvs(nb.Nifti1Image((VALUES * a + b).astype(np.float32), AFFINE))
    assert np.allclose(result.counted.counts, plain.counted.counts, atol=0.1)
    assert result.grade == plain.grade
    assert result.quality == plain.quality
