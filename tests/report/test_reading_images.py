"""The images on the sheet equal the cascade's input, for any orientation of the file."""

import base64
import io
from dataclasses import replace

import nibabel as nb
import numpy as np
import pytest
from PIL import Image

from pvs_workflow.derivatives.images import restore
from pvs_workflow.derivatives.results import Result
from pvs_workflow.errors import ImageError
from pvs_workflow.report.reading_images import ROI_END, T2W_END, RawImage, read_images
from pvs_workflow.science.geometry import to_canonical
from pvs_workflow.science.intensity import Preprocessing
from pvs_workflow.science.sampling import cut_six
from pvs_workflow.science.slabs import central_slice, slices_per_slab


def save_volumes(stem, volume, roi, affine, orientation='RAS'):
    """Write T2w and ROI like the app, for a T2w stored in some orientation.

    Returns the views and slices of the six images, and the cascade's input.
    """
    image = nb.Nifti1Image(volume.astype(np.float32), affine)
    target = nb.orientations.axcodes2ornt(orientation)
    ornt = nb.orientations.ornt_transform(nb.io_orientation(affine), target)
    original = image.as_reoriented(ornt)
    original.set_sform(original.affine, 1)
    data, canonical, storage = to_canonical(np.asarray(original.dataobj), original.affine)
    labels, _, _ = to_canonical(
        np.asarray(nb.Nifti1Image(roi.astype(np.int16), affine).as_reoriented(ornt).dataobj),
        original.affine,
    )
    for array, end in ((data, T2W_END), (labels.astype(np.int16), ROI_END)):
        stored = restore(nb.Nifti1Image(array, canonical), original)
        nb.save(stored, stem.with_name(stem.name + end))
    views, images, _ = cut_six(data, labels, canonical, Preprocessing(outside='keep'))
    n = slices_per_slab(canonical)
    slices = [storage.slice_index(central_slice(view.slice_index, n)) for view in views]
    return views, slices, images


def result_of(stem, views, slices):
    pairs = zip(views, slices, strict=True)
    counts = [{'hemisphere': view.hemisphere, 'slice': index} for view, index in pairs]
    return Result(stem, {}, tuple(counts))


@pytest.mark.parametrize('orientation', ['RAS', 'LPS', 'PSR', 'LAI'])
@pytest.mark.parametrize('thin', [False, True])
def test_images_equal_the_input_of_the_cascade(tmp_path, phantom, orientation, thin):
    volume, roi, affine = phantom.t2w, phantom.roi, phantom.affine
    rng = np.random.default_rng(0)
    volume = volume + 100 * rng.random(volume.shape)
    if thin:  # 1 mm slices: averaged to slabs of five
        affine = affine @ np.diag([1, 1, 0.2, 1])
        volume, roi = (np.repeat(array, 5, axis=2) for array in (volume, roi))
        volume = volume + 100 * rng.random(volume.shape)
    stem = tmp_path / 'sub-01'
    views, slices, expected = save_volumes(stem, volume, roi, affine, orientation)
    images = read_images(result_of(stem, views, slices))
    assert [(i.hemisphere, i.rank, i.slice) for i in images] == [
        (view.hemisphere, view.rank, index) for view, index in zip(views, slices, strict=True)
    ]
    pixels = np.stack([image.pixels for image in images])
    # The precision of the files is one part in 65,000 of the volume's range.
    np.testing.assert_allclose(pixels, expected, atol=1e-4)
    assert expected.std() > 0.1


def test_left_is_at_the_left_and_anterior_at_the_top():
    pixels = np.zeros((80, 96))
    pixels[:8] = 1.0  # the person's left
    pixels[:, -8:] = 0.5  # the front
    uri = RawImage('L', 1, 0, pixels).uri
    raw = base64.b64decode(uri.partition(',')[2])
    picture = Image.open(io.BytesIO(raw))
    assert picture.mode == 'L'
    assert picture.info == {}
    grey = np.asarray(picture)
    assert grey.shape == (96, 80)
    assert (grey[20:, :8] == 255).all()
    assert (grey[:8, 10:] == 128).all()
    assert not grey[20:, 10:].any()


@pytest.fixture
def saved(tmp_path, phantom):
    stem = tmp_path / 'sub-01'
    views, slices, _ = save_volumes(stem, phantom.t2w, phantom.roi, phantom.affine)
    return result_of(stem, views, slices)


@pytest.mark.parametrize('end', [T2W_END, ROI_END])
def test_an_error_names_missing_or_damaged_derivatives(saved, end):
    stem = saved.stem
    path = stem.with_name(stem.name + end)
    path.write_bytes(path.read_bytes()[:2000])
    with pytest.raises(ImageError, match=f'sub-01 cannot be shown: .*{end[1:]}.* is unusable'):
        read_images(saved)
    path.unlink()
    with pytest.raises(
        ImageError, match=f'sub-01 cannot be shown: .*{end[1:]}.* is unusable'
    ) as error:
        read_images(saved)
    assert '\n' not in str(error.value)


def test_images_that_were_not_counted_are_rejected(saved, phantom):
    stem = saved.stem
    others = tuple(row | {'slice': row['slice'] + 1} for row in saved.counts)
    with pytest.raises(ImageError, match='sub-01 cannot be shown: counted slices are'):
        read_images(replace(saved, counts=others))
    nothing = nb.Nifti1Image(np.zeros(phantom.roi.shape, np.int16), phantom.affine)
    nb.save(nothing, stem.with_name(stem.name + ROI_END))
    with pytest.raises(ImageError, match='sub-01 cannot be shown: its field of view'):
        read_images(saved)
    nb.save(nothing.slicer[..., :5], stem.with_name(stem.name + ROI_END))
    with pytest.raises(ImageError, match='not on one grid'):
        read_images(saved)
