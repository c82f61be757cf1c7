"""Segmentation of the enhancer's evidence into ePVS candidates.

The constants were chosen on simulated images with known ePVS, see ``docs/validation.md``.
"""

import numpy as np
from scipy import ndimage
from skimage.measure import label
from skimage.morphology import local_maxima, reconstruction
from skimage.segmentation import watershed

SMOOTHING = 0.5
"""Standard deviation of the Gaussian that smooths the evidence, pixels."""

DIP = 0.1
"""Minimum relative dip of the evidence between two maxima of separate ePVS."""

EXTENT = 0.6
"""Evidence at the edge of an instance, as a share of its maximum."""

MIN_STRENGTH = 0.14
"""Minimum smoothed evidence of a candidate; most weaker ones are false positives."""

FLUID = 2.0
"""Minimum intensity of cerebrospinal fluid, in multiples of the ROI's median."""

FLUID_DISTANCE = 2
"""Distance from fluid within which candidates are dropped, pixels."""

_NEIGHBOURS = np.ones((3, 3), bool)  # pixels that touch at a corner are connected


def enhancement_target(image: np.ndarray, epvs: np.ndarray) -> np.ndarray:
    """Return the training target of the enhancer: the image plus its ePVS mask, in [0, 1].

    The sum is halved instead of rescaled to its own range, so that grey values do not depend on
    the presence of ePVS (Chae et al. 2024, section 2.4).

    Parameters
    ----------
    image : array, in [0, 1]
    epvs : array of bool, same shape

    Returns
    -------
    array of float32, same shape, in [0, 1]

    """
    return (np.asarray(image, np.float32) + np.asarray(epvs, np.float32)) / 2


def added_mask(image: np.ndarray, enhanced: np.ndarray) -> np.ndarray:
    """Return the mask that an enhancer added to an image: :func:`enhancement_target` inverted.

    Parameters
    ----------
    image : array, in [0, 1]
    enhanced : array, same shape
        Output of the enhancer.

    Returns
    -------
    array of float32, same shape
        About 0 to 1; errors of the enhancer can exceed this range.

    """
    return (2 * np.asarray(enhanced, np.float32) - image).astype(np.float32)


def label_candidates(evidence: np.ndarray, roi: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Label the ePVS candidates in the evidence.

    The evidence is first smoothed by a Gaussian of ``SMOOTHING`` pixels.

    1. Maxima are candidates. Two maxima are merged if the evidence on some path between them falls
       by at most ``DIP`` of the lower one: uneven tubes stay whole and touching ones are
       separated. These are h-maxima with a relative height, found by reconstruction (Vincent
       1993, IEEE Trans Image Process 2:176).
    2. A watershed assigns each pixel to a maximum. A candidate keeps the connected pixels of at
       least ``EXTENT`` times its maximum, so its area does not depend on its strength.
    3. Candidates are kept if their maximum reaches ``MIN_STRENGTH`` and at least half of their
       pixels lie in the ROI.

    Parameters
    ----------
    evidence : (i, j) array, in [0, 1]
        :func:`added_mask`, clipped to [0, 1].
    roi : (i, j) array of bool

    Returns
    -------
    labels : (i, j) array of int32
        0 background; candidates from 1, strongest first (ties: by their first pixel).
    strengths : (n,) array of float
        Maximum of each candidate's smoothed evidence, in [0, 1].

    Raises
    ------
    ValueError
        If the shapes differ.

    """
    if np.shape(evidence) != np.shape(roi):
        raise ValueError(
            f'evidence and roi must have the same shape, received {np.shape(evidence)} and '
            f'{np.shape(roi)}'
        )
    smooth = ndimage.gaussian_filter(np.asarray(evidence, float), SMOOTHING)
    levelled = reconstruction((1 - DIP) * smooth, smooth, footprint=_NEIGHBOURS)
    maxima = local_maxima(levelled, connectivity=2) & (levelled >= (1 - DIP) * MIN_STRENGTH)
    shares = watershed(-smooth, label(maxima, connectivity=2), connectivity=2)
    index = np.arange(1, shares.max() + 1)
    tops = np.array([0.0, *np.atleast_1d(ndimage.maximum(smooth, shares, index))])
    pieces = label(np.where(smooth >= EXTENT * tops[shares], shares, 0), connectivity=2)
    top_pieces = [pieces[top] for top in ndimage.maximum_position(smooth, shares, index)]
    inside = np.atleast_1d(ndimage.mean(np.asarray(roi, float), pieces, top_pieces))
    order = np.flatnonzero((tops[1:] >= MIN_STRENGTH) & (inside >= 0.5))
    order = order[np.argsort(-tops[1:][order], kind='stable')]
    numbers = np.zeros(pieces.max() + 1, np.int32)
    numbers[np.asarray(top_pieces, int)[order]] = np.arange(1, order.size + 1)
    return numbers[pieces], tops[1:][order]


def drop_borders(
    labels: np.ndarray, strengths: np.ndarray, image: np.ndarray, roi: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Drop candidates on the border of a ventricle or fissure.

    The enhancement overshoots there, mostly where the ROI is inaccurate. Pixels of at least
    ``FLUID`` times the ROI's median are fluid, unless they belong to a candidate: an ePVS can be
    as bright. Candidates within ``FLUID_DISTANCE`` of fluid are dropped.

    Parameters
    ----------
    labels : (i, j) array of int32
    strengths : (n,) array of float
        Candidates from :func:`label_candidates`.
    image : (i, j) array, in [0, 1]
        Input of the cascade.
    roi : (i, j) array of bool

    Returns
    -------
    labels : (i, j) array of int32
    strengths : (m,) array of float
        The remaining candidates, in the same order.

    """
    if not strengths.size:
        return labels, strengths
    fluid = (image >= FLUID * np.median(image[roi])) & (labels == 0)
    near = ndimage.binary_dilation(fluid, _NEIGHBOURS, iterations=FLUID_DISTANCE)
    remaining = np.setdiff1d(np.arange(1, strengths.size + 1), labels[near])
    numbers = np.zeros(strengths.size + 1, np.int32)
    numbers[remaining] = np.arange(1, remaining.size + 1)
    return numbers[labels], strengths[remaining - 1]


def keep_strongest(
    labels: np.ndarray, strengths: np.ndarray, max_number: int
) -> tuple[np.ndarray, np.ndarray]:
    """Keep the strongest candidates.

    Parameters
    ----------
    labels : (i, j) array of int32
    strengths : (n,) array of float
        Candidates from :func:`label_candidates`, strongest first.
    max_number : int, ≥ 0

    Returns
    -------
    labels : (i, j) array of int32
    strengths : (m,) array of float
        The first ``max_number`` candidates, or all if there are fewer.

    """
    return np.where(labels <= max_number, labels, 0).astype(labels.dtype), strengths[:max_number]
