"""Plausibility of the region of interest, the field of view and the contrast of a T2w."""

import numpy as np
from nibabel.affines import apply_affine

from pvs_workflow.science.roi import structure_values
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

VISIBLE = 0.97
"""Minimum share of the template's basal ganglia in the field of view of a T2w."""

MAX_TILT = 30.0
"""Maximum angle between the slices and the template's axial plane, degrees; at most 17 in good
scans."""

FLUID_CONTRAST = 1.6
"""Minimum ratio of the signal of fluid to that of deep grey matter in a T2w.

The lowest contrast of the T2w that the networks were trained on. In docs/validation.md, it
separates T2w from proton density, FLAIR and T1w.
"""

_MIN_FLUID = 20
"""Minimum number of voxels of the ventricles whose signal is measured."""


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


def visible_share(points: np.ndarray, to_voxel: np.ndarray, shape: tuple[int, ...]) -> float:
    """Return the share of points inside the field of view of an image.

    Parameters
    ----------
    points : (n, 3) array
        World coordinates, mm.
    to_voxel : (4, 4) array
        Affine from these coordinates to voxel indices of the image.
    shape : tuple of 3 int

    Returns
    -------
    float
        0 to 1.

    """
    voxels = apply_affine(to_voxel, points)
    inside = (voxels >= -0.5) & (voxels <= np.array(shape) - 0.5)
    return float(inside.all(axis=1).mean())


def slice_tilt(to_template: np.ndarray) -> float:
    """Return the angle between the slices of an image and the template's axial plane.

    Parameters
    ----------
    to_template : (4, 4) array
        Affine from voxel indices of the canonical image to template millimetres.

    Returns
    -------
    float
        Degrees, 0 to 90.

    Examples
    --------
    >>> slice_tilt(np.diag([0.5, 0.5, 4, 1]))
    0.0

    """
    normal = np.cross(to_template[:3, 0], to_template[:3, 1])
    cosine = abs(normal[2]) / np.linalg.norm(normal)
    return float(np.degrees(np.arccos(min(cosine, 1.0))))


def fluid_contrast(t2w: np.ndarray, structures: np.ndarray) -> float:
    """Return the signal of the lateral ventricles relative to that of thalamus and putamen.

    Parameters
    ----------
    t2w : (x, y, z) array
        Bias-corrected intensities.
    structures : (x, y, z) array of int
        FreeSurfer numbers.

    Returns
    -------
    float
        Third quartile of the ventricles, since thick slices mix fluid and tissue, over the median
        of the nuclei; NaN if there are hardly any ventricles or no nuclei.

    """
    signals = []
    for names in (('lateral ventricle',), ('thalamus', 'putamen')):
        values = [value for side in 'LR' for value in structure_values(side, *names)]
        signals.append(t2w[np.isin(structures, values)])
    fluid, grey = signals
    if fluid.size < _MIN_FLUID or not grey.size or not np.median(grey) > 0:
        return float('nan')
    return float(np.percentile(fluid, 75) / np.median(grey))
