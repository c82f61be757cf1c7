"""Evidence: which pixels the enhancement took for ePVS, one instance each.

The constants were chosen on simulated images with known ePVS, see ``docs/validation.md``.
"""

import numpy as np
from scipy import ndimage
from skimage.measure import label
from skimage.morphology import local_maxima, reconstruction
from skimage.segmentation import watershed

SMOOTHING = 0.5
"""Standard deviation, in pixels, of the Gaussian by which evidence is smoothed first."""

DIP = 0.1
"""Two maxima are two ePVS if evidence falls between them by more than this share of the lower."""

EXTENT = 0.6
"""An instance reaches out to this share of its maximum."""

MIN_STRENGTH = 0.14
"""Smoothed evidence a candidate needs: weaker ones that a count would keep are mostly none."""

FLUID = 2.0
"""Times the ROI's median from which a pixel is as bright as cerebrospinal fluid."""

FLUID_DISTANCE = 2
"""Pixels from a ventricle or a fissure within which evidence is that of its border."""

_NEIGHBOURS = np.ones((3, 3), bool)
"""Pixels that touch at a corner belong together."""


def enhancement_target(image: np.ndarray, epvs: np.ndarray) -> np.ndarray:
    """Return what the enhancer learns to give: the image plus its ePVS mask, in [0, 1].

    The sum is halved rather than stretched to its own range, so that a picture without ePVS
    keeps the same grey as one with them (Chae et al. 2024, section 2.4).
    """
    return (np.asarray(image, np.float32) + np.asarray(epvs, np.float32)) / 2


def added_mask(image: np.ndarray, enhanced: np.ndarray) -> np.ndarray:
    """Return the mask that an enhancer added to an image: :func:`enhancement_target` turned round.

    It is about 0 to 1, the enhancer's errors below and above included.
    """
    return (2 * np.asarray(enhanced, np.float32) - image).astype(np.float32)


def label_candidates(evidence: np.ndarray, roi: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Give each maximum of the evidence its own integer, and the pixels that go with it.

    The rule, on evidence smoothed by a Gaussian of ``SMOOTHING`` pixels:

    1. Maxima are candidates. Two of them are one if some path between them falls by no more
       than ``DIP`` of the lower one: a tube that is uneven stays whole, touching ones part.
       (H-maxima with a relative height, by reconstruction: Vincent 1993, IEEE Trans Image
       Process 2:176.)
    2. A watershed shares the pixels out among the maxima, and of its share an instance keeps
       the connected pixels of at least ``EXTENT`` of its maximum: weak and strong ones are
       measured alike, as by a half-width.
    3. An instance counts when its maximum reaches ``MIN_STRENGTH`` and at least half of its
       pixels lie in the ROI.

    Parameters
    ----------
    evidence : (i, j) array, in [0, 1]
        :func:`added_mask`, cut off at 0 and 1.
    roi : (i, j) array of bool

    Returns
    -------
    labels : (i, j) array of int32
        0 background; candidates from 1, by falling strength (ties: by their first pixel).
    strengths : (n,) array of float
        The maximum of each candidate's smoothed evidence, in [0, 1].

    """
    if np.shape(evidence) != np.shape(roi):
        raise ValueError(
            f'evidence and roi must have one shape, received {np.shape(evidence)} and '
            f'{np.shape(roi)}'
        )
    smooth = ndimage.gaussian_filter(np.asarray(evidence, float), SMOOTHING)
    levelled = reconstruction((1 - DIP) * smooth, smooth, footprint=_NEIGHBOURS)
    maxima = local_maxima(levelled, connectivity=2) & (levelled >= (1 - DIP) * MIN_STRENGTH)
    shares = watershed(-smooth, label(maxima, connectivity=2), connectivity=2)
    found = np.arange(1, shares.max() + 1)
    tops = np.array([0.0, *np.atleast_1d(ndimage.maximum(smooth, shares, found))])
    pieces = label(np.where(smooth >= EXTENT * tops[shares], shares, 0), connectivity=2)
    at = [pieces[top] for top in ndimage.maximum_position(smooth, shares, found)]
    inside = np.atleast_1d(ndimage.mean(np.asarray(roi, float), pieces, at))
    kept = np.flatnonzero((tops[1:] >= MIN_STRENGTH) & (inside >= 0.5))
    kept = kept[np.argsort(-tops[1:][kept], kind='stable')]
    numbers = np.zeros(pieces.max() + 1, np.int32)
    numbers[np.asarray(at, int)[kept]] = np.arange(1, kept.size + 1)
    return numbers[pieces], tops[1:][kept]


def drop_borders(
    labels: np.ndarray, strengths: np.ndarray, image: np.ndarray, roi: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Drop the candidates that lie on the border of a ventricle or a fissure.

    There the enhancement overshoots, above all where the ROI is not quite right. Pixels of
    ``FLUID`` times the ROI's median are fluid unless they are a candidate's own: an ePVS can be
    as bright. Candidates that come within ``FLUID_DISTANCE`` of fluid are dropped.

    Parameters
    ----------
    labels, strengths
        From :func:`label_candidates`; those that stay are returned.
    image : (i, j) array
        What the cascade saw.
    roi : (i, j) array of bool

    """
    if not strengths.size:
        return labels, strengths
    fluid = (image >= FLUID * np.median(image[roi])) & (labels == 0)
    near = ndimage.binary_dilation(fluid, _NEIGHBOURS, iterations=FLUID_DISTANCE)
    kept = np.setdiff1d(np.arange(1, strengths.size + 1), labels[near])
    numbers = np.zeros(strengths.size + 1, np.int32)
    numbers[kept] = np.arange(1, kept.size + 1)
    return numbers[labels], strengths[kept - 1]


def keep_strongest(
    labels: np.ndarray, strengths: np.ndarray, most: int
) -> tuple[np.ndarray, np.ndarray]:
    """Keep at most so many of :func:`label_candidates`, the strongest; none is ever made up."""
    return np.where(labels <= most, labels, 0).astype(labels.dtype), strengths[:most]
