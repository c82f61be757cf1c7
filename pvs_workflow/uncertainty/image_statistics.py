"""Ten statistics of an image and of the cascade's output for it."""

import numpy as np
from scipy.ndimage import binary_erosion

from pvs_workflow.science.noise import MAD_TO_SD, estimate_noise

STATISTICS = (
    'noise',
    'gradient',
    'spread',
    'skew',
    'dark share',
    'bright share',
    'saturated share',
    'area',
    'evidence',
    'evidence per count',
)
"""Names of the statistics, in the order of :func:`image_statistics`."""

_DARK, _BRIGHT = 0.7, 1.6
"""Limits of dark (iron, calcium, artefact) and bright (CSF) pixels, relative to the median."""

_FLOOR = 1e-3
"""Value added before taking a logarithm, 0.1 % of an image's range."""

_MIN_EVIDENCE = 0.5
"""Minimum evidence of a pixel that counts as ePVS."""

_PIXELS_PER_COUNT = 5.0
"""Approximate evidence of one ePVS, pixels; prevents division of 0 by 0 in empty images."""


def image_statistics(image: np.ndarray, evidence: np.ndarray, count: float) -> np.ndarray:
    """Return the statistics of one image and of the cascade's output for it.

    Blanked pixels (0) are excluded. Shares are transformed by square roots and sizes by logarithms
    to stabilise their variance.

    Parameters
    ----------
    image, evidence : (80, 96) arrays, in [0, 1]
        Input of the cascade, and the evidence that its enhancer added.
    count : float
        Predicted count, ≥ 0.

    Returns
    -------
    (10,) array of float
        Statistics in the order of ``STATISTICS``; all finite.

    """
    image = np.asarray(image, float)
    mask = image > 0
    values = image[mask] if mask.any() else np.zeros(1)
    median = float(np.median(values))
    low, high = np.percentile(values, [5, 95])
    inside = binary_erosion(mask, np.ones((3, 3)))
    inside = inside if inside.any() else np.ones_like(inside)
    noise = estimate_noise(image, inside)
    step = np.diff(image, axis=0)[inside[1:]]
    gradient = np.median(np.abs(step)) * MAD_TO_SD / np.sqrt(2) if step.size else 0.0
    pixels = np.count_nonzero(np.asarray(evidence) >= _MIN_EVIDENCE)
    per_count = (pixels + _PIXELS_PER_COUNT) / (_PIXELS_PER_COUNT * (count + 1))
    return np.array(
        [
            np.log(noise + _FLOOR),
            np.log(gradient + _FLOOR),
            np.log(high - low + _FLOOR),
            (high + low - 2 * median) / (high - low + _FLOOR),
            np.sqrt(np.mean(values < _DARK * median)),
            np.sqrt(np.mean(values > _BRIGHT * median)),
            np.sqrt(np.mean(values >= 1)),
            np.log(values.size),
            np.sqrt(pixels / values.size),
            np.log(per_count),
        ]
    )


def describe_images(images: np.ndarray, evidence: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """Return the (n, 10) statistics of n images, their evidence and their (n,) counts."""
    triples = zip(images, evidence, map(float, counts), strict=True)
    rows = [image_statistics(*triple) for triple in triples]
    return np.array(rows).reshape(-1, len(STATISTICS))
