"""Ten plain statistics that describe an image and what the cascade made of it."""

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
"""Names of what :func:`image_statistics` returns, in its order."""

_DARK, _BRIGHT = 0.7, 1.6
"""Of the image's median: below is dark (iron, calcium, artefact), above is bright (CSF)."""

_FLOOR = 1e-3
"""Added before a logarithm is taken: a tenth of a per cent of an image's range."""

_SHOWN = 0.5
"""Of a full mask: evidence from which a pixel is counted here."""

_PIXELS_PER_COUNT = 5.0
"""About the evidence that one ePVS leaves, in pixels: keeps empty images from dividing 0 by 0."""


def image_statistics(image: np.ndarray, evidence: np.ndarray, count: float) -> np.ndarray:
    """Describe one image, and what the cascade made of it.

    Pixels that are 0 (blanked) are left out. Shares enter as square roots and sizes as
    logarithms, so that they scatter evenly.

    Parameters
    ----------
    image, evidence : (80, 96) arrays, in [0, 1]
        As the cascade got it, and what its enhancer added.
    count : float
        Predicted, ≥ 0.

    Returns
    -------
    (10,) array of float
        In the order of ``STATISTICS``; all finite.

    """
    image = np.asarray(image, float)
    seen = image > 0
    values = image[seen] if seen.any() else np.zeros(1)
    middle = float(np.median(values))
    low, high = np.percentile(values, [5, 95])
    inside = binary_erosion(seen, np.ones((3, 3)))
    inside = inside if inside.any() else np.ones_like(inside)
    noise = estimate_noise(image, inside)
    step = np.diff(image, axis=0)[inside[1:]]
    gradient = np.median(np.abs(step)) * MAD_TO_SD / np.sqrt(2) if step.size else 0.0
    shown = np.count_nonzero(np.asarray(evidence) >= _SHOWN)
    per_count = (shown + _PIXELS_PER_COUNT) / (_PIXELS_PER_COUNT * (count + 1))
    return np.array(
        [
            np.log(noise + _FLOOR),
            np.log(gradient + _FLOOR),
            np.log(high - low + _FLOOR),
            (high + low - 2 * middle) / (high - low + _FLOOR),
            np.sqrt(np.mean(values < _DARK * middle)),
            np.sqrt(np.mean(values > _BRIGHT * middle)),
            np.sqrt(np.mean(values >= 1)),
            np.log(values.size),
            np.sqrt(shown / values.size),
            np.log(per_count),
        ]
    )


def describe_images(images: np.ndarray, evidence: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """Return the statistics of n images, their evidence and (n,) counts, (n, 10)."""
    together = zip(images, evidence, map(float, counts), strict=True)
    rows = [image_statistics(*each) for each in together]
    return np.array(rows).reshape(-1, len(STATISTICS))
