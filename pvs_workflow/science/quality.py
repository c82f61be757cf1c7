"""Plausibility of the size of the region of interest."""

import numpy as np

from pvs_workflow.science.slices import FIELD_OF_VIEW, HEMISPHERES, IMAGE_SHAPE

ROI_VOLUME = (9.0, 32.0)
"""Plausible range of the ROI volume of a hemisphere, cm³; the template has 19.9."""

ROI_AREA = 250.0
"""Minimum plausible ROI area in one image, mm²."""

ASYMMETRY = 0.4
"""Maximum plausible difference between the two ROI volumes, relative to their mean.

The 17 good heads on which failures are staged in docs/validation.md pass; two of 24 others truly
differ by more.
"""


def roi_areas(rois: np.ndarray) -> np.ndarray:
    """Return the ROI area of each image.

    Parameters
    ----------
    rois : (n, 80, 96) array of bool

    Returns
    -------
    (n,) array of float
        Areas, mm².

    """
    pixel = np.prod(np.array(FIELD_OF_VIEW) / IMAGE_SHAPE)
    return np.count_nonzero(rois, axis=(1, 2)) * pixel


def roi_volumes(roi: np.ndarray, affine: np.ndarray) -> dict[str, float]:
    """Return the ROI volume of each hemisphere.

    Parameters
    ----------
    roi : (x, y, z) array of int
        1 left, 2 right.
    affine : (4, 4) array

    Returns
    -------
    dict of float
        Volumes of ``L`` and ``R``, cm³.

    """
    voxel = abs(np.linalg.det(affine[:3, :3])) / 1000
    return {side: np.count_nonzero(roi == v) * voxel for side, v in HEMISPHERES.items()}


def volume_reasons(volumes: dict[str, float]) -> list[str]:
    """Return the reasons why ROI volumes are implausible.

    Parameters
    ----------
    volumes : dict of float
        From :func:`roi_volumes`, cm³.

    Returns
    -------
    list of str
        Empty if the volumes are plausible.

    """
    reasons = [
        f'implausible ROI volume on the {"left" if side == "L" else "right"}'
        for side, volume in volumes.items()
        if not ROI_VOLUME[0] <= volume <= ROI_VOLUME[1]
    ]
    left, right = volumes.values()
    if abs(left - right) > ASYMMETRY * (left + right) / 2:
        reasons.append('left and right ROI differ in volume')
    return reasons
