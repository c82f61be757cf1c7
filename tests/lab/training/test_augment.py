from dataclasses import replace

import numpy as np
import pytest

from pvs_workflow.lab.training.augment import (
    NONE,
    ROI_ERRORS,
    Augmentation,
    augmented_image,
    jitter_roi,
    plain_image,
)
from pvs_workflow.lab.training.samples import roi_depth
from pvs_workflow.science.intensity import Preprocessing, prepare_image

PREPROCESSING = Preprocessing()
KEEP_OUTSIDE = Preprocessing(outside='keep')


def variations(samples, by, preprocessing=PREPROCESSING, seed=0):
    rng = np.random.default_rng(seed)
    return [augmented_image(sample, preprocessing, by, rng) for sample in samples]


def test_plain_image_is_the_input_of_inference(samples):
    for sample in samples:
        image, roi, labels = sample.cut()
        plain = plain_image(sample, PREPROCESSING)
        assert (plain.image == prepare_image(image, roi, PREPROCESSING)).all()
        assert plain.count == sample.count
        assert (plain.epvs == (labels > 0)).all()


def test_an_augmentation_of_zero_strength_changes_nothing(samples):
    for sample, variation in zip(samples, variations(samples, NONE), strict=True):
        plain = plain_image(sample, PREPROCESSING)
        assert (variation.image == plain.image).all()
        assert (variation.epvs == plain.epvs).all()
        assert variation.count == plain.count


def test_flips_keep_counts_and_images(samples):
    by = replace(NONE, flip=True)
    varied = variations(samples, by)
    assert [v.count for v in varied] == [s.count for s in samples]
    for sample, variation in zip(samples, varied, strict=True):
        plain = plain_image(sample, PREPROCESSING)
        flipped = [np.flip(plain.image, axes) for axes in ((), 0, 1, (0, 1))]
        assert any((variation.image == image).all() for image in flipped)
    pairs = zip(varied, samples, strict=True)
    assert any((v.image != plain_image(s, PREPROCESSING).image).any() for v, s in pairs)


def test_mask_follows_rotation_and_scaling(samples):
    by = replace(NONE, flip=True, rotation=15.0, scale=0.1)
    for variation in variations(samples, by):
        dots = variation.epvs
        if variation.count:
            bright = variation.image >= 0.55  # dots are twice the ROI's median: 0.8 if prepared
            assert bright[dots].mean() > 0.7


def test_counts_hardly_change_if_the_roi_does_not(samples):
    by = Augmentation(shift=0, border=0, ripple=0)
    varied = variations(samples, by)
    difference = np.array([v.count - s.count for v, s in zip(varied, samples, strict=True)])
    assert np.abs(difference).max() <= 1
    assert np.abs(difference).mean() < 0.1


def test_instances_outside_the_field_of_view_are_not_counted(samples):
    sample = max(samples, key=lambda s: s.count)
    centre = (sample.view.centre[0] + 40, sample.view.centre[1])
    moved = replace(sample, view=replace(sample.view, centre=centre))
    inside = moved.cut()[2]
    assert augmented_image(moved, KEEP_OUTSIDE, NONE, np.random.default_rng(0)).count == len(
        set(inside.ravel().tolist()) - {0}
    )
    assert plain_image(moved, PREPROCESSING).count < sample.count


def test_blanked_instances_are_neither_counted_nor_a_target(samples):
    sample = max(samples, key=lambda s: s.count)
    roi = sample.roi.copy()
    roi[: int(sample.view.centre[0])] = False
    half = replace(sample, roi=roi, depth=roi_depth(roi[..., 0]))
    blanked = augmented_image(half, PREPROCESSING, NONE, np.random.default_rng(0))
    right = sample.labels[int(sample.view.centre[0]) :]
    assert 0 < blanked.count < sample.count
    assert abs(blanked.count - len(set(right.ravel().tolist()) - {0})) <= 3
    blank = blanked.image == 0
    assert not blanked.epvs[blank].any()
    unblanked = augmented_image(half, KEEP_OUTSIDE, NONE, np.random.default_rng(0))
    assert unblanked.count == sample.count


def test_same_seed_gives_the_same_image(samples):
    first, second = (variations(samples[:6], Augmentation(), seed=3) for _ in range(2))
    for a, b in zip(first, second, strict=True):
        assert (a.image == b.image).all()
        assert (a.epvs == b.epvs).all()
        assert a.count == b.count


def test_outputs_are_in_range_and_inputs_unmodified(samples):
    before = [(s.plane.copy(), s.roi.copy(), s.labels.copy()) for s in samples]
    for variation in variations(samples, Augmentation(noise=0.5, gain=0.5, shading=0.3)):
        assert variation.image.shape == variation.epvs.shape == (80, 96)
        assert variation.image.dtype == np.float32
        assert variation.epvs.dtype == bool
        assert 0 <= variation.image.min() <= variation.image.max() <= 1
    for (plane, roi, labels), sample in zip(before, samples, strict=True):
        assert (plane == sample.plane).all()
        assert (roi == sample.roi).all()
        assert (labels == sample.labels).all()


@pytest.mark.parametrize('change', ['gamma', 'shading', 'blur', 'noise', 'gain'])
def test_each_contrast_change_has_an_effect_and_keeps_the_count(samples, change):
    by = replace(NONE, **{change: getattr(Augmentation(), change)})
    varied = variations(samples, by)
    assert [v.count for v in varied] == [s.count for s in samples]
    plain = [plain_image(sample, PREPROCESSING).image for sample in samples]
    changed = [(v.image != image).any() for v, image in zip(varied, plain, strict=True)]
    assert np.mean(changed) > 0.5  # a blur of a tenth of a pixel has no effect


def test_depth_is_positive_in_the_roi(samples):
    for sample in samples:
        assert ((sample.depth > 0) == sample.roi[..., 0]).all()


def test_roi_errors_move_the_border_by_a_few_pixels(samples):
    rng = np.random.default_rng(0)
    shares = []
    for sample in samples:
        roi = sample.roi[..., 0]
        moved = jitter_roi(sample.depth, ROI_ERRORS, rng)
        shares.append(2 * np.count_nonzero(roi & moved) / (roi.sum() + moved.sum()))
        assert not (moved & (sample.depth < -8)).any()
    assert 0.85 < np.mean(shares) < 0.99


def test_dilation_of_the_roi_is_bounded(samples):
    by = replace(NONE, border=1.0)
    rng = np.random.default_rng(0)
    sizes = [jitter_roi(samples[0].depth, by, rng).sum() for _ in range(40)]
    depth = samples[0].depth
    assert (depth > 1).sum() <= min(sizes) < samples[0].roi.sum() < max(sizes)
    assert max(sizes) <= (depth > -1).sum()
