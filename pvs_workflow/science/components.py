"""Evidence: which pixels the enhancement took for ePVS, one instance each."""

import numpy as np
from skimage.measure import label, regionprops
from skimage.morphology import remove_small_objects

EVIDENCE_THRESHOLD = 0.5


def enhancement_target(image: np.ndarray, epvs: np.ndarray) -> np.ndarray:
    """Return what the enhancer learns to give: the image plus its ePVS mask, in [0, 1].

    The sum is halved rather than stretched to its own range, so that a picture without ePVS
    keeps the same grey as one with them (Chae et al. 2024, section 2.4).

    Parameters
    ----------
    image : array, in [0, 1]
    epvs : array of bool, same shape

    """
    return (np.asarray(image, np.float32) + np.asarray(epvs, np.float32)) / 2


def epvs_evidence(image: np.ndarray, enhanced: np.ndarray) -> np.ndarray:
    """Return how much mask the enhancer added to each pixel: its target turned round.

    Parameters
    ----------
    image, enhanced : arrays in [0, 1], same shape

    Returns
    -------
    array of float32, in [0, 1]

    """
    return np.clip(2 * np.asarray(enhanced, np.float32) - image, 0, 1).astype(np.float32)


def label_instances(
    evidence: np.ndarray,
    roi: np.ndarray,
    threshold: float = EVIDENCE_THRESHOLD,
    min_pixels: int = 1,
) -> np.ndarray:
    """Give each connected patch of evidence its own integer.

    Parameters
    ----------
    evidence : (i, j) array, in [0, 1]
    roi : (i, j) array of bool
        A patch counts when at least half of its pixels lie in the ROI.
    threshold : float
        Evidence from which a pixel belongs to an ePVS.
    min_pixels : int
        Patches of fewer pixels are dropped.

    Returns
    -------
    (i, j) array of int32
        0 background; instances from 1, in the order of their first pixel. Pixels that touch at
        a corner belong together.

    """
    mask = np.asarray(evidence) >= threshold
    if min_pixels > 1:
        mask = remove_small_objects(mask, max_size=min_pixels - 1, connectivity=2)
    labels = label(mask, connectivity=2)
    out = np.zeros(labels.shape, dtype=np.int32)
    kept = 0
    for region in regionprops(labels):
        rows, columns = region.coords.T
        if np.count_nonzero(roi[rows, columns]) * 2 >= region.num_pixels:
            kept += 1
            out[rows, columns] = kept
    return out
