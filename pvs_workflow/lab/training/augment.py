"""Random variations of a training image, with the ePVS that can still be counted in each."""

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
    """Strength of each random variation; zero turns a variation off.

    Attributes
    ----------
    flip : bool
        Flip along each axis with probability 0.5 (Chae et al. 2024, section 2.6).
    scale : float
        Maximum relative change of size (paper: 0.1).
    rotation : float
        Maximum angle, degrees (paper: 15).
    untouched : float
        Share of images that are flipped and shifted but not interpolated, as at inference on
        images with the paper's pixel size.
    shift : float
        Maximum displacement of the ROI and of the image's centre, pixels, similar to
        registration errors.
    border : float
        Maximum uniform dilation or erosion of the ROI, pixels.
    ripple : float
        Standard deviation of the local error of the ROI's border, pixels.
    gain, gamma : float
        Maximum relative change of the prepared intensities, and of the exponent.
    shading : float
        Standard deviation of a linear relative change of intensity across the image.
    blur : float
        Maximum standard deviation of a Gaussian blur, pixels.
    noise : float
        Maximum standard deviation of the noise, relative to the ROI's median.

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
"""Errors of the ROI similar to those of registration, for calibration and validation."""


@dataclass(frozen=True)
class TrainingImage:
    """One image with the targets of both networks.

    Attributes
    ----------
    image : (80, 96) array of float32, in [0, 1]
        Input of the cascade.
    epvs : (80, 96) array of bool
        Mask of the ePVS, which the enhancer learns to add.
    count : float
        Number of ePVS, which the counter learns.
    density : (80, 96) array of float32
        Density map that sums to the count: each ePVS is spread evenly over its pixels. NaN
        if only the count is known.

    """

    image: np.ndarray
    epvs: np.ndarray
    count: float
    density: np.ndarray


def plain_image(sample: Sample, preprocessing: Preprocessing) -> TrainingImage:
    """Return the training image that inference would cut with a perfect ROI."""
    image, roi, labels = sample.cut()
    prepared = prepare_image(image, roi, preprocessing)
    return _training_image(sample, prepared, labels)


def augmented_image(
    sample: Sample,
    preprocessing: Preprocessing,
    augmentation: Augmentation,
    rng: np.random.Generator,
) -> TrainingImage:
    """Return a random variation of a sample.

    The geometry changes in a single interpolation. It includes the surroundings of the image,
    so that no empty corners appear. An ePVS is counted, and is part of the target, if at least
    half of it lies in the field of view and is not blanked.

    """
    cut = _random_cut(sample, augmentation, rng)
    image = cut(_random_contrast(sample, augmentation, rng), 1)
    roi = cut(jitter_roi(sample.depth, augmentation, rng), 0) > 0
    labels = cut(sample.labels[..., 0], 0).astype(np.int16)
    if not roi.any() or np.median(image[roi]) <= 0:
        return plain_image(sample, preprocessing)
    prepared = prepare_image(np.maximum(image, 0), roi, preprocessing)
    # Dividing by the ROI's median removes any earlier gain; this one simulates an error in it.
    prepared = np.clip(
        prepared * np.float32(1 + rng.uniform(-augmentation.gain, augmentation.gain)), 0, 1
    )
    visible = prepared > 0 if preprocessing.outside == 'blank' else np.ones(IMAGE_SHAPE, bool)
    pixel_area = np.prod(FIELD_OF_VIEW) / np.prod(IMAGE_SHAPE)
    voxels = np.bincount(sample.labels.ravel(), minlength=labels.max() + 1)
    area = np.prod(voxel_sizes(sample.affine)[:2])
    labels = _drop_hidden(labels, visible, voxels * area / pixel_area)
    return _training_image(sample, prepared, labels)


def jitter_roi(
    depth: np.ndarray, augmentation: Augmentation, rng: np.random.Generator
) -> np.ndarray:
    """Move the border of an ROI as registration errors would; return an (x, y) array of bool.

    ``depth`` is the distance from the ROI's border in pixels, positive inside. Only ``shift``,
    ``border`` and ``ripple`` of the augmentation are used. The ROI is unchanged if all three are
    zero, or if it would become empty.
    """
    roi = depth > 0
    if not (augmentation.shift or augmentation.border or augmentation.ripple):
        return roi
    ripple = gaussian_filter(rng.standard_normal(roi.shape, np.float32), 4.0)
    moved = (
        depth
        + rng.uniform(-augmentation.border, augmentation.border)
        + augmentation.ripple * ripple / ripple.std()
    )
    offset = np.rint(rng.uniform(-augmentation.shift, augmentation.shift, 2)).astype(int)
    out = np.roll(moved > 0, offset, axis=(0, 1))
    return out if out.any() else roi


def _random_cut(
    sample: Sample, augmentation: Augmentation, rng: np.random.Generator
) -> Callable[[np.ndarray, int], np.ndarray]:
    """Return a function that cuts a shifted, and possibly rotated and scaled, image."""
    flips = [axis for axis in (0, 1) if augmentation.flip and rng.random() < 0.5]
    shift = rng.uniform(-augmentation.shift, augmentation.shift, 2) / 2
    if rng.random() < augmentation.untouched or not (augmentation.rotation or augmentation.scale):
        centre = np.array(sample.view.centre) + np.rint(shift)
        view = replace(sample.view, centre=(float(centre[0]), float(centre[1])))

        def cut(plane: np.ndarray, order: int) -> np.ndarray:
            return np.flip(cut_image(plane[..., np.newaxis], sample.affine, view, order), flips)

    else:
        angle = np.deg2rad(rng.uniform(-augmentation.rotation, augmentation.rotation))
        size = 1 + rng.uniform(-augmentation.scale, augmentation.scale)
        grid = _rotated_grid(sample, angle, size, shift)

        def cut(plane: np.ndarray, order: int) -> np.ndarray:
            values = map_coordinates(plane.astype(np.float32), grid, order=order, mode='constant')
            return np.flip(values, flips)

    return cut


def _rotated_grid(sample: Sample, angle: float, size: float, shift: np.ndarray) -> np.ndarray:
    """Return the voxel coordinates in the plane of each pixel of a rotated and scaled image."""
    x, y = np.meshgrid(
        *(
            (np.arange(n) - (n - 1) / 2) * extent / n / size
            for n, extent in zip(IMAGE_SHAPE, FIELD_OF_VIEW, strict=True)
        ),
        indexing='ij',
    )
    cos, sin = np.cos(angle), np.sin(angle)
    rotated = np.stack([x * cos - y * sin, x * sin + y * cos])
    sizes = voxel_sizes(sample.affine)[:2]
    centre = np.array(sample.view.centre) + shift
    return rotated / sizes[:, None, None] + centre[:, None, None]


def _random_contrast(
    sample: Sample, augmentation: Augmentation, rng: np.random.Generator
) -> np.ndarray:
    plane = sample.plane[..., 0]
    level = float(np.median(plane[sample.roi[..., 0]]))
    if level <= 0:
        return plane
    out = plane
    if augmentation.gamma:
        out = level * (np.maximum(out, 0) / level) ** (
            1 + rng.uniform(-augmentation.gamma, augmentation.gamma)
        )
    if augmentation.shading:
        x, y = (np.linspace(-1, 1, n) for n in plane.shape)
        a, b, c = augmentation.shading * rng.standard_normal(3)
        out = out * (1 + a * x[:, None] + b * y + c * x[:, None] * y)
    if augmentation.blur:
        out = gaussian_filter(out, rng.uniform(0, augmentation.blur))
    if augmentation.noise:
        out = out + level * rng.uniform(0, augmentation.noise) * rng.standard_normal(plane.shape)
    return out


def _drop_hidden(labels: np.ndarray, visible: np.ndarray, sizes: np.ndarray) -> np.ndarray:
    """Remove instances of which less than half is visible.

    ``sizes`` are the pixels that each instance would have in an unlimited field of view.
    """
    visible_sizes = np.bincount(labels[visible], minlength=sizes.size)
    # Resampling changes the size of small instances by up to a pixel.
    countable = (visible_sizes > 0) & (visible_sizes >= 0.5 * sizes - 0.5)
    countable[0] = False
    return np.where(countable[labels], labels, 0)


def _training_image(sample: Sample, prepared: np.ndarray, labels: np.ndarray) -> TrainingImage:
    epvs = labels > 0
    if not sample.has_masks:
        return TrainingImage(prepared, epvs, sample.count, np.full(IMAGE_SHAPE, np.float32('nan')))
    sizes = np.bincount(labels.ravel())
    shares = np.zeros(sizes.size, np.float32)
    shares[1:] = 1 / np.maximum(sizes[1:], 1)
    return TrainingImage(prepared, epvs, np.count_nonzero(sizes[1:]), shares[labels])
