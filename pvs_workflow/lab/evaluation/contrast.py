"""Contrast-to-noise ratio of ePVS against their surroundings, as in the paper.

``CNR = |mean(ePVS) − mean(surround)| / sd(noise)`` (Chae et al. 2024, section 2.7). The paper
measures the noise in the air around the head. This would be unfair here: the networks are not
trained on air, and a filter that only darkens air would increase the ratio without limit. The
noise is therefore measured in pixels of the ROI far from any ePVS, the same pixels for every
enhancement. There are two ratios:

* Against the *grain*, the noise by Immerkær's stencil (1996, Comput Vis Image Underst 64:300). The
  stencil ignores gradients of anatomy and coil shading. This is closest to the paper's noise.
* Against the standard deviation of the *tissue*, which includes anatomy and false enhancements.
  This is stricter.
"""

from dataclasses import dataclass

import numpy as np
from scipy.ndimage import binary_erosion, convolve, distance_transform_edt

from pvs_workflow.science.noise import STENCIL

RING = (2.0, 4.0)
"""Range of the surround, pixels from the nearest ePVS; adjacent pixels are partly ePVS."""

MIN_PIXELS = 30
"""Minimum number of pixels of the surround and of quiet tissue."""


@dataclass(frozen=True)
class Regions:
    """Regions in which the contrast of one image is measured.

    Attributes
    ----------
    epvs : (80, 96) array of bool
    surround : (80, 96) array of bool
        2 to 4 pixels from the nearest ePVS, in the ROI.
    quiet : (80, 96) array of bool
        More than 4 pixels from any ePVS; each pixel's eight neighbours lie in the ROI.

    """

    epvs: np.ndarray
    surround: np.ndarray
    quiet: np.ndarray

    @property
    def usable(self) -> bool:
        """True if there is an ePVS and enough surround and quiet tissue."""
        sizes = (np.count_nonzero(self.surround), np.count_nonzero(self.quiet))
        return bool(self.epvs.any()) and min(sizes) >= MIN_PIXELS


@dataclass(frozen=True)
class Contrast:
    """The contrast-to-noise ratio of one image.

    Attributes
    ----------
    cnr : float
        Ratio to the grain, as shown in tables.
    cnr_tissue : float
        Ratio to the standard deviation of tissue without ePVS.

    """

    cnr: float
    cnr_tissue: float


def find_regions(epvs: np.ndarray, roi: np.ndarray) -> Regions:
    """Return the regions for measuring the contrast, independent of the image's intensities.

    Parameters
    ----------
    epvs : (80, 96) array of bool
        True ePVS. Those outside the ROI are not measured, but pixels near them do not count as
        quiet tissue.
    roi : (80, 96) array of bool

    """
    epvs, roi = np.asarray(epvs, bool), np.asarray(roi, bool)
    distance = distance_transform_edt(~epvs) if epvs.any() else np.full(epvs.shape, np.inf)
    core = binary_erosion(roi, np.ones((3, 3), bool))
    ring = roi & (distance >= RING[0]) & (distance <= RING[1])
    return Regions(epvs & roi, ring, core & (distance > RING[1]))


def measure_contrast(image: np.ndarray, regions: Regions) -> Contrast | None:
    """Return the contrast-to-noise ratio of an (80, 96) image, enhanced or not.

    It does not depend on the image's gain or offset. Returns None if the regions are not usable
    or the noise is zero.
    """
    if not regions.usable:
        return None
    image = np.asarray(image, float)
    contrast = abs(float(image[regions.epvs].mean() - image[regions.surround].mean()))
    grain, spread = grain_noise(image, regions.quiet), float(image[regions.quiet].std(ddof=1))
    if not (grain > 0 and spread > 0):
        return None
    return Contrast(contrast / grain, contrast / spread)


def grain_noise(image: np.ndarray, where: np.ndarray) -> float:
    """Return the standard deviation of white noise, independent of smooth structure.

    The method is that of :func:`~pvs_workflow.science.noise.estimate_noise` for an (x, y) array,
    but with the root mean square of all pixels instead of the median.
    """
    response = convolve(np.asarray(image, float), STENCIL, mode='nearest')
    return float(np.sqrt(np.mean(response[where] ** 2) / 36))
