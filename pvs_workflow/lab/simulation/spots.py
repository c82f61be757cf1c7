"""The small bright spots of a real scan that could be its person's own ePVS."""

import numpy as np
from scipy.ndimage import binary_dilation, gaussian_filter, median_filter, white_tophat

_NATURAL = 3.0  # mm: bright spots up to this wide are taken for a person's own ePVS


def without_spots(volume: np.ndarray, roi: np.ndarray, noise: float, pixel: float) -> np.ndarray:
    """Replace what a rater could take for ePVS by its surroundings and like noise.

    What stays, in a copy of float32, is the texture of real tissue, of which nothing is to be
    counted. The (x, y, z) volume and the noise's standard deviation are in multiples of the
    putamen's signal, the pixel is in millimetres.
    """
    size = 2 * int(np.ceil(_NATURAL / pixel / 2)) + 1
    out = np.array(volume, dtype=np.float32)
    rng = np.random.default_rng(0)  # the same background gives the same image
    for z in np.flatnonzero(roi.any(axis=(0, 1))):
        plane = out[:, :, z]
        smooth = gaussian_filter(plane, 0.5)
        spots = white_tophat(smooth, size=(size, size)) > max(0.2, 3.5 * noise)
        spots = binary_dilation(spots & roi[:, :, z], iterations=1)
        around = median_filter(plane, size=(2 * size + 1, 2 * size + 1))
        fill = around + noise * rng.standard_normal(plane.shape).astype(np.float32)
        plane[spots] = fill[spots]
    return out
