"""Noise estimation from a single image (Immerkær 1996, Comput Vis Image Underst 64:300).

The stencil is the difference of two Laplacians. Its response to planes and to edges and quadratic
trends along an axis is zero; its response to white noise of unit variance has a variance of 36.
Smoothed noise is underestimated.
"""

import numpy as np
from scipy.ndimage import convolve

MAD_TO_SD = 1.4826
"""Standard deviation of a normal distribution over its median absolute deviation."""

STENCIL = np.array([[1, -2, 1], [-2, 4, -2], [1, -2, 1]], float)


def estimate_noise(image: np.ndarray, where: np.ndarray) -> float:
    """Return a robust estimate of the standard deviation of the noise, filtered slice by slice.

    The estimate rests on a median, so a few edges and spots do not affect it.

    Parameters
    ----------
    image : (x, y) or (x, y, z) array
    where : array of bool, same shape
        Pixels to measure; their eight in-plane neighbours are used as well.

    Returns
    -------
    float
        In the unit of the image.

    Examples
    --------
    >>> noise = np.random.default_rng(0).standard_normal((400, 400))
    >>> noise[::40] += 100
    >>> round(estimate_noise(3 * noise, np.ones((400, 400), bool)), 1)
    3.0

    """
    image = np.asarray(image, float)
    response = convolve(image, STENCIL.reshape(3, 3, *(1,) * (image.ndim - 2)), mode='reflect')
    return float(MAD_TO_SD * np.median(np.abs(response[where])) / 6)
