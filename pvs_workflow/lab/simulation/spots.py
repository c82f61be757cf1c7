"""Removal of small bright spots, which may be ePVS, from real scans."""

import numpy as np
from scipy.ndimage import binary_dilation, gaussian_filter, median_filter, white_tophat

_MAX_WIDTH = 3.0  # mm; bright spots up to this width may be a person's own ePVS


def without_spots(volume: np.ndarray, roi: np.ndarray, noise: float, pixel: float) -> np.ndarray:
    """Replace spots that a rater could count as ePVS by the median around them, with noise.

    Returns a float32 copy. The (x, y, z) volume and the standard deviation of the noise are in
    multiples of the putamen's signal, the pixel size is in mm.
    """
    size = 2 * int(np.ceil(_MAX_WIDTH / pixel / 2)) + 1
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
