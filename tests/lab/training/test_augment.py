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

HOW = Preprocessing()
KEEP = Preprocessing(outside='keep')


def variations(samples, by, how=HOW, seed=0):
    rng = np.random.default_rng(seed)
    return [augmented_image(sample, how, by, rng) for sample in samples]


def test_plain_image_is_what_inference_prepares(samples):
    for sample in samples:
        image, roi, labels = sample.cut()
        made = plain_image(sample, HOW)
        assert (made.image == prepare_image(image, roi, HOW)).all()
        assert made.count == sample.count
        assert (made.epvs == (labels > 0)).all()


def test_no_augmentation_changes_nothing(samples):
    for sample, made in zip(samples, variations(samples, NONE), strict=True):
        plain = plain_image(sample, HOW)
        assert (made.image == plain.image).all()
        assert (made.epvs == plain.epvs).all()
        assert made.count == plain.count


def test_flips_keep_counts_and_mask_on_the_dots(samples):
    by = replace(NONE, flip=True)
    made = variations(samples, by)
    assert [m.count for m in made] == [s.count for s in samples]
    for sample, one in zip(samples, made, strict=True):
        plain = plain_image(sample, HOW)
        flipped = [np.flip(plain.image, axes) for axes in ((), 0, 1, (0, 1))]
        assert any((one.image == image).all() for image in flipped)
    pairs = zip(made, samples, strict=True)
    assert any((m.image != plain_image(s, HOW).image).any() for m, s in pairs)


def test_mask_follows_rotation_and_scaling(samples):
    by = replace(NONE, flip=True, rotation=15.0, scale=0.1)
    for made in variations(samples, by):
        dots = made.epvs
        if made.count:
            bright = made.image >= 0.55  # dots are twice the ROI's median: 0.8 when prepared
            assert bright[dots].mean() > 0.7


def test_counts_hardly_change_when_all_stays_in_view(samples):
    by = Augmentation(shift=0, border=0, ripple=0)
    made = variations(samples, by)
    difference = np.array([m.count - s.count for m, s in zip(made, samples, strict=True)])
    assert np.abs(difference).max() <= 1
    assert np.abs(difference).mean() < 0.1


def test_instances_that_leave_the_field_of_view_are_not_counted(samples):
    sample = max(samples, key=lambda s: s.count)
    centre = (sample.view.centre[0] + 40, sample.view.centre[1])
    moved = replace(sample, view=replace(sample.view, centre=centre))
    inside = moved.cut()[2]
    assert augmented_image(moved, KEEP, NONE, np.random.default_rng(0)).count == len(
        set(inside.ravel().tolist()) - {0}
    )
    assert plain_image(moved, HOW).count < sample.count


def test_blanked_instances_are_neither_counted_nor_a_target(samples):
    sample = max(samples, key=lambda s: s.count)
    roi = sample.roi.copy()
    roi[: int(sample.view.centre[0])] = False
    half = replace(sample, roi=roi, depth=roi_depth(roi[..., 0]))
    made = augmented_image(half, HOW, NONE, np.random.default_rng(0))
    right = sample.labels[int(sample.view.centre[0]) :]
    assert 0 < made.count < sample.count
    assert abs(made.count - len(set(right.ravel().tolist()) - {0})) <= 3
    blank = made.image == 0
    assert not made.epvs[blank].any()
    kept = augmented_image(half, KEEP, NONE, np.random.default_rng(0))
    assert kept.count == sample.count


def test_same_generator_same_image(samples):
    first, second = (variations(samples[:6], Augmentation(), seed=3) for _ in range(2))
    for a, b in zip(first, second, strict=True):
        assert (a.image == b.image).all()
        assert (a.epvs == b.epvs).all()
        assert a.count == b.count


def test_ranges_and_inputs(samples):
    before = [(s.plane.copy(), s.roi.copy(), s.labels.copy()) for s in samples]
    for made in variations(samples, Augmentation(noise=0.5, gain=0.5, shading=0.3)):
        assert made.image.shape == made.epvs.shape == (80, 96)
        assert made.image.dtype == np.float32
        assert made.epvs.dtype == bool
        assert 0 <= made.image.min() <= made.image.max() <= 1
    for (plane, roi, labels), sample in zip(before, samples, strict=True):
        assert (plane == sample.plane).all()
        assert (roi == sample.roi).all()
        assert (labels == sample.labels).all()


@pytest.mark.parametrize('change', ['gamma', 'shading', 'blur', 'noise', 'gain'])
def test_each_contrast_change_acts_and_keeps_the_count(samples, change):
    by = replace(NONE, **{change: getattr(Augmentation(), change)})
    made = variations(samples, by)
    assert [m.count for m in made] == [s.count for s in samples]
    plain = [plain_image(sample, HOW).image for sample in samples]
    changed = [(m.image != image).any() for m, image in zip(made, plain, strict=True)]
    assert np.mean(changed) > 0.5  # a blur of a tenth of a pixel is none


def test_depth_tells_the_roi(samples):
    for sample in samples:
        assert ((sample.depth > 0) == sample.roi[..., 0]).all()


def test_roi_errors_move_the_border_by_pixels(samples):
    rng = np.random.default_rng(0)
    shares = []
    for sample in samples:
        roi = sample.roi[..., 0]
        moved = jitter_roi(sample.depth, ROI_ERRORS, rng)
        shares.append(2 * np.count_nonzero(roi & moved) / (roi.sum() + moved.sum()))
        assert not (moved & (sample.depth < -8)).any()
    assert 0.85 < np.mean(shares) < 0.99


def test_a_general_widening_is_bounded(samples):
    by = replace(NONE, border=1.0)
    rng = np.random.default_rng(0)
    sizes = [jitter_roi(samples[0].depth, by, rng).sum() for _ in range(40)]
    depth = samples[0].depth
    assert (depth > 1).sum() <= min(sizes) < samples[0].roi.sum() < max(sizes)
    assert max(sizes) <= (depth > -1).sum()
