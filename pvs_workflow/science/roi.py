"""The basal-ganglia ROI: nuclei, and the internal capsule between them."""

from dataclasses import dataclass

import numpy as np
from skimage.morphology import convex_hull_image


@dataclass(frozen=True)
class Structure:
    """One labelled structure of one hemisphere.

    Attributes
    ----------
    index : int
        FreeSurfer number, the value in label images.
    name : str
    hemisphere : {'L', 'R'}
    in_roi : bool
        Whether it is part of the basal-ganglia ROI.

    """

    index: int
    name: str
    hemisphere: str
    in_roi: bool


CAPSULE = 'internal capsule'

# From FreeSurferColorLUT.txt; the capsule has the numbers of "IntCapsule-Ant".
_NUMBERS = {
    'caudate': (11, 50, True),
    'putamen': (12, 51, True),
    'pallidum': (13, 52, True),
    'accumbens': (26, 58, True),
    CAPSULE: (155, 156, True),
    'thalamus': (10, 49, False),
    'lateral ventricle': (4, 43, False),
}
STRUCTURES = tuple(
    Structure(numbers[side], name, hemisphere, numbers[2])
    for side, hemisphere in enumerate('LR')
    for name, numbers in _NUMBERS.items()
)
"""All structures, left hemisphere first."""


def structure_values(hemisphere: str, *names: str) -> list[int]:
    """Return the label values of a hemisphere's structures, in the order of `STRUCTURES`.

    Parameters
    ----------
    hemisphere : {'L', 'R'}
    *names : str
        Names of structures.

    Returns
    -------
    list of int
        FreeSurfer numbers.

    Examples
    --------
    >>> structure_values('R', 'caudate', 'putamen')
    [50, 51]
    """
    return [s.index for s in STRUCTURES if s.hemisphere == hemisphere and s.name in names]


def add_capsule(structures: np.ndarray) -> np.ndarray:
    """Label the internal capsule between the nuclei in each axial slice.

    The capsule consists of the unlabelled voxels inside the convex hull of a hemisphere's caudate,
    putamen, pallidum and accumbens. Only slices with both a medial nucleus (caudate or accumbens)
    and a lateral one (putamen or pallidum) have a capsule.

    Parameters
    ----------
    structures : (x, y, z) array of int
        FreeSurfer numbers in canonical order.

    Returns
    -------
    (x, y, z) array of int
        A copy in which the capsule is 155 (left) and 156 (right).

    """
    out = np.array(structures)
    for hemisphere in 'LR':
        medial = np.isin(structures, structure_values(hemisphere, 'caudate', 'accumbens'))
        lateral = np.isin(structures, structure_values(hemisphere, 'putamen', 'pallidum'))
        (capsule,) = structure_values(hemisphere, CAPSULE)
        both = medial.any(axis=(0, 1)) & lateral.any(axis=(0, 1))
        for z in np.flatnonzero(both):
            hull = convex_hull_image(medial[:, :, z] | lateral[:, :, z])
            plane = out[:, :, z]
            plane[hull & (plane == 0)] = capsule
    return out


def roi_labels(structures: np.ndarray) -> np.ndarray:
    """Merge the structures of each hemisphere into the ROI.

    Parameters
    ----------
    structures : (x, y, z) array of int
        FreeSurfer numbers, including the capsule.

    Returns
    -------
    (x, y, z) array of uint8
        1 left, 2 right, 0 elsewhere.

    """
    roi = np.zeros(np.shape(structures), dtype=np.uint8)
    for value, hemisphere in enumerate('LR', start=1):
        members = [s.index for s in STRUCTURES if s.hemisphere == hemisphere and s.in_roi]
        roi[np.isin(structures, members)] = value
    return roi
