"""Recognise two images that were reconstructed from one acquisition."""

import numpy as np
from scipy.ndimage import uniform_filter

MIN_CORRELATION = 0.95
"""Minimum correlation of fine detail of two reconstructions. On the example data, it is 0.996 or
more after rounding to 8 bits, a bias field or sharpening, and 0.84 for two acquisitions at one
place with a signal-to-noise ratio of 160, which is more than scanners reach."""

_SLICES, _FINE, _COARSE = 3, 3, 9
_HEAD = 0.2
"""Minimum local intensity of the head, as a share of the brightest."""
_CLIP = 3.0
"""Limit of detail in median absolute deviations, so that edges do not dominate noise."""


def is_copy(one: np.ndarray, two: np.ndarray) -> bool:
    """Return whether two images on one grid are of the same acquisition.

    Noise is the same in both then, and different after a second acquisition.

    Parameters
    ----------
    one, two : (i, j, k) arrays
        Intensities. Their scale, and slow variations of it, do not matter.

    """
    return one.shape == two.shape and detail_correlation(one, two) >= MIN_CORRELATION


def detail_correlation(one: np.ndarray, two: np.ndarray) -> float:
    """Return the correlation of fine detail in the central slices of two images of one shape.

    It is 0 if either has no detail.

    Examples
    --------
    >>> noise = np.random.default_rng(0).normal(100, 5, (64, 64, 5))
    >>> round(detail_correlation(noise, 2 * noise), 3)
    1.0

    """
    (first, head), (second, other_head) = _detail(one), _detail(two)
    both = head & other_head
    details = []
    for values in (first[both], second[both]):
        if not values.size:
            return 0.0
        centred = values - np.median(values)
        spread = np.median(np.abs(centred))
        details.append(np.clip(centred, -_CLIP * spread, _CLIP * spread))
    product = np.linalg.norm(details[0]) * np.linalg.norm(details[1])
    return float(np.dot(*details) / product) if product else 0.0


def _detail(image: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the relative deviation from the neighbourhood, and where the head is."""
    axis = int(np.argmin(image.shape))
    middle = image.shape[axis] // 2
    low = max(0, middle - _SLICES // 2)
    slices = np.moveaxis(image, axis, -1)[..., low : low + _SLICES].astype(np.float32)
    slices = np.nan_to_num(slices)
    fine, coarse = (uniform_filter(slices, (size, size, 1)) for size in (_FINE, _COARSE))
    head = coarse > _HEAD * max(float(np.percentile(coarse, 98)), np.finfo(np.float32).tiny)
    return (slices - fine) / np.where(head, coarse, 1), head
