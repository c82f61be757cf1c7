"""How far ePVS stand out of their surroundings: the contrast-to-noise ratio of the paper.

``CNR = |mean(ePVS) − mean(surround)| / sd(noise)`` (Chae et al. 2024, section 2.7). The paper
takes the noise from the air around the head. That is no fair measure here: the networks see
nothing outside the ROI and were never taught what to make of air, and a filter that merely darkens
air would gain without end. The noise is therefore taken where ePVS are looked for, in pixels of
the ROI far from any ePVS, which are the same pixels for every enhancement. It is given twice:

* of the grain, by Immerkær's stencil (1996, Comput Vis Image Underst 64:300), which no gradient
  of anatomy or coil shading enters: nearest to the paper's noise, and the CNR proper;
* of all that varies in those pixels, anatomy and false enhancements included: stricter.
"""

from dataclasses import dataclass

import numpy as np
from scipy.ndimage import binary_erosion, convolve, distance_transform_edt

from pvs_workflow.science.noise import STENCIL

RING = (2.0, 4.0)
"""Pixels from the nearest ePVS that its surround spans: the first is half ePVS itself."""

MIN_PIXELS = 30
"""Of surround and of quiet tissue, for a mean and a standard deviation worth having."""


@dataclass(frozen=True)
class Regions:
    """Where the contrast of one image is measured.

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
        """Whether there is an ePVS, and enough of the rest."""
        rest = (np.count_nonzero(self.surround), np.count_nonzero(self.quiet))
        return bool(self.epvs.any()) and min(rest) >= MIN_PIXELS


@dataclass(frozen=True)
class Contrast:
    """The contrast-to-noise ratio of one image.

    Attributes
    ----------
    cnr : float
        Against the grain; the one that tables show.
    cnr_tissue : float
        Against all that varies in tissue without ePVS.

    """

    cnr: float
    cnr_tissue: float


def find_regions(epvs: np.ndarray, roi: np.ndarray) -> Regions:
    """Find where the contrast of an image is measured; it does not depend on the image.

    Parameters
    ----------
    epvs : (80, 96) array of bool
        The true ePVS; those outside the ROI keep others' surround and quiet tissue clean, but
        are not measured themselves.
    roi : (80, 96) array of bool

    """
    epvs, roi = np.asarray(epvs, bool), np.asarray(roi, bool)
    away = distance_transform_edt(~epvs) if epvs.any() else np.full(epvs.shape, np.inf)
    core = binary_erosion(roi, np.ones((3, 3), bool))
    return Regions(
        epvs & roi, roi & (away >= RING[0]) & (away <= RING[1]), core & (away > RING[1])
    )


def measure_contrast(image: np.ndarray, regions: Regions) -> Contrast | None:
    """Return the contrast-to-noise ratio of an (80, 96) image, enhanced or not.

    It does not depend on the image's gain or offset. None where the regions are not usable, or
    where there is no noise at all.
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
    """Return the standard deviation of white noise, whatever smooth structure is below it.

    Measured as by :func:`~pvs_workflow.science.noise.estimate_noise` on an (x, y) array, but
    every pixel counts.
    """
    response = convolve(np.asarray(image, float), STENCIL, mode='nearest')
    return float(np.sqrt(np.mean(response[where] ** 2) / 36))
