"""What makes a result doubtful: flags with reasons, from ROI, alignment and appearance."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from pvs_workflow.science.slices import FIELD_OF_VIEW, HEMISPHERES, IMAGE_SHAPE

ROI_VOLUME = (9.0, 32.0)
"""Plausible volume of one hemisphere's ROI in cm³; the template's is 19.9."""

ROI_AREA = 250.0
"""Least plausible ROI area in one image, mm²."""

ASYMMETRY = 0.4
"""Largest plausible difference of the two ROI volumes, as a part of their mean. Set so that the
17 good heads pass on which failures are staged in docs/validation.md; two of 24 others truly
differ by more."""

CORRELATION = (0.3, 0.4)
"""Correlation with the template around the basal ganglia: below the first the alignment has
failed, below the second it wants a look."""

AGREEMENT = 0.83
"""Overlap (Dice) of the basal ganglia that the T2w and another contrast show: below, the other one
does not lie on the T2w, or is somebody else's. It parts 17 own T1w from 9 others' in
docs/validation.md."""

HANDEDNESS = 0.98
"""Mutual information of the T2w and another contrast, over that with its mirror image: below, one
of the two has left and right swapped."""

UNFAMILIAR = 'an image unlike those the cascade was trained on'


@dataclass(frozen=True)
class Quality:
    """Flags of one T2w.

    Attributes
    ----------
    images : tuple of str
        'pass', 'review' or 'fail' for each of the six images.
    overall : str
        The worst of all.
    reasons : tuple of str
        Empty when ``overall`` is 'pass'.

    """

    images: tuple[str, ...]
    overall: str
    reasons: tuple[str, ...]


_LEVELS = ('pass', 'review', 'fail')


def roi_areas(rois: np.ndarray) -> np.ndarray:
    """Return each image's ROI area in mm².

    Parameters
    ----------
    rois : (n, 80, 96) array of bool

    """
    pixel = np.prod(np.array(FIELD_OF_VIEW) / IMAGE_SHAPE)
    return np.count_nonzero(rois, axis=(1, 2)) * pixel


def roi_volumes(roi: np.ndarray, affine: np.ndarray) -> dict[str, float]:
    """Return the ROI volume of each hemisphere in cm³."""
    voxel = abs(np.linalg.det(affine[:3, :3])) / 1000
    return {side: np.count_nonzero(roi == v) * voxel for side, v in HEMISPHERES.items()}


def volume_reasons(volumes: dict[str, float]) -> list[str]:
    """Say what is implausible about the volumes of the two ROIs.

    Parameters
    ----------
    volumes : dict
        cm³ of each hemisphere's ROI, from :func:`roi_volumes`.

    Examples
    --------
    >>> volume_reasons({'L': 19.0, 'R': 21.0})
    []

    """
    found = [
        f'implausible ROI volume on the {_name(side)}'
        for side, volume in volumes.items()
        if not ROI_VOLUME[0] <= volume <= ROI_VOLUME[1]
    ]
    left, right = volumes.values()
    if abs(left - right) > ASYMMETRY * (left + right) / 2:
        found.append('left and right ROI differ in volume')
    return found


def judge(
    rois: np.ndarray,
    volumes: dict[str, float],
    chosen: Sequence[int],
    n_slices: int,
    correlation: float,
    familiar: Sequence[bool] | None = None,
    agreements: Sequence[float] = (),
    handedness: Sequence[float] = (),
) -> Quality:
    """Flag what is implausible.

    Parameters
    ----------
    rois : (6, 80, 96) array of bool
        Left then right hemisphere.
    volumes : dict
        cm³ of each hemisphere's ROI, from :func:`roi_volumes`.
    chosen : sequence of int
        The three slices (slabs), canonical.
    n_slices : int
        Slices (slabs) of the volume.
    correlation : float
        Of the T1w or T2w with the template laid on it.
    familiar : sequence of 6 bool, optional
        Whether each image looks like those that the cascade knows.
    agreements : sequence of float
        Of the T2w and each other contrast, from :func:`pvs_workflow.science.nuclei.agreement`.
    handedness : sequence of float
        Of each other contrast, from :func:`pvs_workflow.registration.rigid.register_rigid`.

    """
    images = ['review' if area < ROI_AREA else 'pass' for area in roi_areas(rois)]
    found: list[tuple[str, str]] = []
    if 'review' in images:
        found.append(('review', 'little of the basal ganglia on an image'))
    if familiar is not None and not all(familiar):
        images = [q if f else 'review' for q, f in zip(images, familiar, strict=True)]
        found.append(('review', UNFAMILIAR))
    found += [('review', reason) for reason in volume_reasons(volumes)]
    if min(chosen) == 0 or max(chosen) == n_slices - 1:
        found.append(('review', 'the basal ganglia reach the edge of the field of view'))
    if any(overlap < AGREEMENT for overlap in agreements):
        found.append(('review', 'T1w or FLAIR shows the basal ganglia elsewhere than the T2w'))
    if any(ratio < HANDEDNESS for ratio in handedness):
        found.append(('review', 'T1w or FLAIR fits the T2w better with left and right swapped'))
    if correlation < CORRELATION[0]:
        found.append(('fail', 'the template does not fit'))
    elif correlation < CORRELATION[1]:
        found.append(('review', 'the template fits poorly'))
    overall = max([level for level, _ in found], key=_LEVELS.index, default='pass')
    if overall == 'fail':
        images = ['fail'] * len(images)
    return Quality(tuple(images), overall, tuple(reason for _, reason in found))


def _name(side: str) -> str:
    return {'L': 'left', 'R': 'right'}[side]
