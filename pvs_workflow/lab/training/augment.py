"""Variations of a training image, and what can still be counted in each."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from nibabel.affines import voxel_sizes
from scipy.ndimage import gaussian_filter, map_coordinates

from pvs_workflow.lab.training.samples import Sample
from pvs_workflow.science.intensity import Preprocessing, prepare_image
from pvs_workflow.science.slices import FIELD_OF_VIEW, IMAGE_SHAPE, cut_image


@dataclass(frozen=True)
class Augmentation:
    """How far each variation goes; a zero turns it off.

    Attributes
    ----------
    flip : bool
        In both directions, each in half of the images (Chae et al. 2024, section 2.6).
    scale : float
        Largest relative change of size (paper: 0.1).
    rotation : float
        Largest angle in degrees (paper: 15).
    untouched : float
        Share of images that are flipped and shifted but not interpolated, as at inference on
        the paper's own pixel size.
    shift : float
        Largest displacement of the ROI and of the image's centre, in pixels, as registration
        leaves one.
    border : float
        Largest general widening or narrowing of the ROI, in pixels.
    ripple : float
        Standard deviation of the ROI border's local error, in pixels.
    gain, gamma : float
        Largest relative change of the prepared intensities, and of the exponent.
    shading : float
        Standard deviation of a linear relative change of intensity across the image.
    blur : float
        Largest standard deviation of a Gaussian blur, in pixels.
    noise : float
        Largest standard deviation of the noise, relative to the ROI's median.

    """

    flip: bool = True
    scale: float = 0.1
    rotation: float = 15.0
    untouched: float = 0.3
    shift: float = 3.0
    border: float = 1.0
    ripple: float = 0.7
    gain: float = 0.05
    gamma: float = 0.1
    shading: float = 0.05
    blur: float = 0.6
    noise: float = 0.08


NONE = Augmentation(False, *([0.0] * 11))
ROI_ERRORS = Augmentation(
    False, 0, 0, 1, shift=2.0, border=1.0, ripple=0.7, gain=0, gamma=0, shading=0, blur=0, noise=0
)
"""Only what registration does to an image: for calibration and validation."""


@dataclass(frozen=True)
class TrainingImage:
    """What the networks learn from.

    Attributes
    ----------
    image : (80, 96) array of float32, in [0, 1]
        As the cascade gets it.
    epvs : (80, 96) array of bool
        What the enhancer should add.
    count : float
        What the counter should give.
    places : (80, 96) array of float32
        Sums to the count, each ePVS spread over its own pixels; NaN where only the count is
        known.

    """

    image: np.ndarray
    epvs: np.ndarray
    count: float
    places: np.ndarray


def plain_image(sample: Sample, how: Preprocessing) -> TrainingImage:
    """Return a sample as inference would see it with a perfect ROI."""
    image, roi, labels = sample.cut()
    prepared = prepare_image(image, roi, how)
    return _training_image(sample, prepared, labels)


def augmented_image(
    sample: Sample, how: Preprocessing, by: Augmentation, rng: np.random.Generator
) -> TrainingImage:
    """Return a random variation of a sample.

    The geometry changes in one interpolation, from the surroundings of the image, so that no
    empty corners appear. An ePVS is counted, and is part of the target, when at least half of
    it lies in the field of view and is not blanked.

    """
    take = _random_pose(sample, by, rng)
    image = take(_random_contrast(sample, by, rng), 1)
    roi = take(jitter_roi(sample.depth, by, rng), 0) > 0
    labels = take(sample.labels[..., 0], 0).astype(np.int16)
    if not roi.any() or np.median(image[roi]) <= 0:
        return plain_image(sample, how)
    prepared = prepare_image(np.maximum(image, 0), roi, how)
    # The ROI's median takes out any earlier gain; this is for an error in the median itself.
    prepared = np.clip(prepared * np.float32(1 + rng.uniform(-by.gain, by.gain)), 0, 1)
    visible = prepared > 0 if how.outside == 'blank' else np.ones(IMAGE_SHAPE, bool)
    pixel_area = np.prod(FIELD_OF_VIEW) / np.prod(IMAGE_SHAPE)
    voxels = np.bincount(sample.labels.ravel(), minlength=labels.max() + 1)
    area = np.prod(voxel_sizes(sample.affine)[:2])
    labels = _countable(labels, visible, voxels * area / pixel_area)
    return _training_image(sample, prepared, labels)


def jitter_roi(depth: np.ndarray, by: Augmentation, rng: np.random.Generator) -> np.ndarray:
    """Move a ROI's border as a registration's error would, and return an (x, y) array of bool.

    The depth is in pixels from the ROI's border, positive inside. Of the augmentation, ``shift``,
    ``border`` and ``ripple`` are used; where all three are zero, and where nothing would be left
    of the ROI, it stays as it is.
    """
    roi = depth > 0
    if not (by.shift or by.border or by.ripple):
        return roi
    ripple = gaussian_filter(rng.standard_normal(roi.shape, np.float32), 4.0)
    moved = depth + rng.uniform(-by.border, by.border) + by.ripple * ripple / ripple.std()
    offset = np.rint(rng.uniform(-by.shift, by.shift, 2)).astype(int)
    out = np.roll(moved > 0, offset, axis=(0, 1))
    return out if out.any() else roi


def _random_pose(
    sample: Sample, by: Augmentation, rng: np.random.Generator
) -> Callable[[np.ndarray, int], np.ndarray]:
    """Return what cuts an image from a plane: in a new place, and perhaps turned and scaled."""
    flips = [axis for axis in (0, 1) if by.flip and rng.random() < 0.5]
    shift = rng.uniform(-by.shift, by.shift, 2) / 2
    if rng.random() < by.untouched or not (by.rotation or by.scale):
        centre = np.array(sample.view.centre) + np.rint(shift)
        view = replace(sample.view, centre=(float(centre[0]), float(centre[1])))

        def take(plane: np.ndarray, order: int) -> np.ndarray:
            return np.flip(cut_image(plane[..., np.newaxis], sample.affine, view, order), flips)

    else:
        angle = np.deg2rad(rng.uniform(-by.rotation, by.rotation))
        size = 1 + rng.uniform(-by.scale, by.scale)
        grid = _turned_grid(sample, angle, size, shift)

        def take(plane: np.ndarray, order: int) -> np.ndarray:
            values = map_coordinates(plane.astype(np.float32), grid, order=order, mode='constant')
            return np.flip(values, flips)

    return take


def _turned_grid(sample: Sample, angle: float, size: float, shift: np.ndarray) -> np.ndarray:
    """Return where in the plane each pixel of a turned and scaled image lies, in voxels."""
    x, y = np.meshgrid(
        *(
            (np.arange(n) - (n - 1) / 2) * extent / n / size
            for n, extent in zip(IMAGE_SHAPE, FIELD_OF_VIEW, strict=True)
        ),
        indexing='ij',
    )
    cos, sin = np.cos(angle), np.sin(angle)
    turned = np.stack([x * cos - y * sin, x * sin + y * cos])
    sizes = voxel_sizes(sample.affine)[:2]
    centre = np.array(sample.view.centre) + shift
    return turned / sizes[:, None, None] + centre[:, None, None]


def _random_contrast(sample: Sample, by: Augmentation, rng: np.random.Generator) -> np.ndarray:
    plane = sample.plane[..., 0]
    level = float(np.median(plane[sample.roi[..., 0]]))
    if level <= 0:
        return plane
    out = plane
    if by.gamma:
        out = level * (np.maximum(out, 0) / level) ** (1 + rng.uniform(-by.gamma, by.gamma))
    if by.shading:
        x, y = (np.linspace(-1, 1, n) for n in plane.shape)
        a, b, c = by.shading * rng.standard_normal(3)
        out = out * (1 + a * x[:, None] + b * y + c * x[:, None] * y)
    if by.blur:
        out = gaussian_filter(out, rng.uniform(0, by.blur))
    if by.noise:
        out = out + level * rng.uniform(0, by.noise) * rng.standard_normal(plane.shape)
    return out


def _countable(labels: np.ndarray, visible: np.ndarray, whole: np.ndarray) -> np.ndarray:
    """Drop the instances of which less than half can be seen.

    ``whole`` are the pixels that each instance would have in an endless image.
    """
    seen = np.bincount(labels[visible], minlength=whole.size)
    # Resampling small instances loses or wins a pixel: forgive one.
    kept = (seen > 0) & (seen >= 0.5 * whole - 0.5)
    kept[0] = False
    return np.where(kept[labels], labels, 0)


def _training_image(sample: Sample, prepared: np.ndarray, labels: np.ndarray) -> TrainingImage:
    epvs = labels > 0
    if not sample.has_masks:
        return TrainingImage(prepared, epvs, sample.count, np.full(IMAGE_SHAPE, np.float32('nan')))
    sizes = np.bincount(labels.ravel())
    shares = np.zeros(sizes.size, np.float32)
    shares[1:] = 1 / np.maximum(sizes[1:], 1)
    return TrainingImage(prepared, epvs, np.count_nonzero(sizes[1:]), shares[labels])
