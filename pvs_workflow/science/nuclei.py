"""Labels of the deep grey matter, predicted in a box of template space."""

import nibabel as nb
import numpy as np
from scipy.ndimage import affine_transform, label

from pvs_workflow.science.resampling import resample
from pvs_workflow.science.roi import structure_values

BOX_SIZE = 1.5
"""Edge length of the voxels in the box, mm."""

BOX_SHAPE = (64, 72, 56)
"""Voxels left–right, back–front and bottom–top; each number can be halved three times."""

BOX_CENTRE = (0.0, -3.0, 8.0)
"""Centre of the box in template space, mm (RAS+)."""

CLASSES = (
    'background',
    'caudate',
    'putamen',
    'pallidum',
    'accumbens',
    'thalamus',
    'lateral ventricle',
)
"""Classes of the nuclei network; both hemispheres share a class."""

_IN_ROI = [CLASSES.index(name) for name in ('caudate', 'putamen', 'pallidum', 'accumbens')]

LAYERS = 5
"""Number of samples across a slice that vote for its labels."""

ONE_SIDED = 0.8
"""Minimum share of a connected piece on one side of the midplane that assigns all of it there.

Heads are not symmetric, and their midplane can differ from the template's.
"""


def box_affine() -> np.ndarray:
    """Return the (4, 4) affine of the box, from voxel index to template millimetres."""
    affine = np.diag([BOX_SIZE] * 3 + [1.0])
    affine[:3, 3] = np.array(BOX_CENTRE) - BOX_SIZE * (np.array(BOX_SHAPE) - 1) / 2
    return affine


def ganglia_points(probabilities: np.ndarray) -> np.ndarray:
    """Return the positions of the basal ganglia in the box.

    Parameters
    ----------
    probabilities : (64, 72, 56, 7) array
        Probabilities in any unit.

    Returns
    -------
    (n, 3) array
        Voxel centres, template millimetres.

    """
    ganglia = np.isin(probabilities.argmax(axis=-1), _IN_ROI)
    return nb.affines.apply_affine(box_affine(), np.argwhere(ganglia))


def standardise(box: np.ndarray) -> np.ndarray:
    """Scale intensities to robust standard scores, independent of contrast and scanner.

    Parameters
    ----------
    box : array
        Intensities; values beyond the 1st and 99th percentile are clipped.

    Returns
    -------
    array of float32, same shape
        Mean 0 and standard deviation 1; all 0 for a constant box.

    Examples
    --------
    >>> standardise(np.repeat([0.0, 10.0], 50))[[0, 99]].tolist()
    [-1.0, 1.0]

    """
    low, high = np.percentile(box, [1, 99])
    clipped = np.clip(box, low, high).astype(np.float32)
    spread = float(clipped.std())
    # The spread of a constant box can be a rounding error.
    is_constant = spread <= 1e-6 * max(abs(low), abs(high))
    return (clipped - clipped.mean()) / (1.0 if is_constant else spread)


def sample_box(scan: nb.Nifti1Image, to_template: np.ndarray) -> np.ndarray:
    """Resample a canonical scan to the box, without aliasing.

    Parameters
    ----------
    scan : nibabel image, 3D
    to_template : (4, 4) array
        Maps millimetres of the scan to millimetres of the template.

    Returns
    -------
    (64, 72, 56) array of float32
        0 outside the scan.

    """
    affine = np.linalg.inv(to_template) @ box_affine()
    # Read and smooth only the part of the scan inside the box.
    bounds = _bounds(np.linalg.inv(scan.affine) @ affine, BOX_SHAPE, scan.shape, 4)
    crop = scan.slicer[_slices(*bounds)]
    return np.asarray(resample(crop, BOX_SHAPE, affine, mode='constant').dataobj)


def label_scan(
    probabilities: np.ndarray, shape: tuple[int, int, int], affine: np.ndarray, to_box: np.ndarray
) -> np.ndarray:
    """Label each voxel of a scan with the structure that fills most of its thickness.

    Parameters
    ----------
    probabilities : (64, 72, 56, 7) array
        Probability of each class in the box.
    shape : tuple of 3 int
    affine : (4, 4) array
        Canonical grid of the scan.
    to_box : (4, 4) array
        Maps millimetres of the scan to millimetres of the template.

    Returns
    -------
    (x, y, z) array of int16
        FreeSurfer labels, without the capsule. A nucleus gets the label of the side on which
        nearly all of it lies; one that extends to both sides is cut at the template's midplane.

    """
    out = np.zeros(shape, np.int16)
    index = np.linalg.inv(box_affine()) @ to_box @ affine
    low, high = _bounds(np.linalg.inv(index), BOX_SHAPE, shape)
    covered = tuple(high - low)
    start = index[:3, :3] @ low + index[:3, 3]
    total = np.zeros((len(CLASSES), *covered), np.float32)
    for offset in (np.arange(LAYERS) + 0.5) / LAYERS - 0.5:
        for number in range(1, len(CLASSES)):
            total[number] += affine_transform(
                probabilities[..., number],
                index[:3, :3],
                start + index[:3, 2] * offset,
                output_shape=covered,
                order=1,
                cval=0,
            )
    total /= LAYERS
    total[0] = 1 - total[1:].sum(axis=0)
    classes = np.argmax(total, axis=0)
    x = start[0] + np.tensordot(index[0, :3], np.indices(covered, dtype=np.float32), 1)
    left = x < (BOX_SHAPE[0] - 1) / 2 - BOX_CENTRE[0] / BOX_SIZE
    for number, name in enumerate(CLASSES[1:], start=1):
        mask = classes == number
        for side, half in (('L', left), ('R', ~left)):
            (value,) = structure_values(side, name)
            out[_slices(low, high)][_one_side(mask, half)] = value
    return out


def _one_side(mask: np.ndarray, side: np.ndarray) -> np.ndarray:
    """Return the pieces of a mask that belong to a side of the head; twins that touch are cut."""
    pieces, number = label(mask, np.ones((3, 3, 3)))
    sizes = np.bincount(pieces.ravel(), minlength=number + 1)
    share = (np.bincount(pieces[side], minlength=number + 1) / np.maximum(sizes, 1))[pieces]
    return mask & ((share >= ONE_SIDED) | (side & (share > 1 - ONE_SIDED)))


def structure_maps(probabilities: np.ndarray) -> np.ndarray:
    """Return the two maps that drive the warp of the template.

    Neighbouring structures differ in at least one map, so two maps cover six structures; the time
    of SyN grows with their number. Caudate and accumbens, whose border is invisible, are merged.

    Parameters
    ----------
    probabilities : (64, 72, 56, 7) array
        Probabilities in any unit.

    Returns
    -------
    (64, 72, 56, 2) array of float32
        Striatum − thalamus, and pallidum − lateral ventricle, −1 to 1.

    """
    total = probabilities.sum(axis=-1, dtype=np.float32)
    share = {
        name: probabilities[..., number].astype(np.float32) / total
        for number, name in enumerate(CLASSES)
    }
    striatum = share['caudate'] + share['accumbens'] + share['putamen']
    return np.stack(
        [striatum - share['thalamus'], share['pallidum'] - share['lateral ventricle']], axis=-1
    )


def nuclei_overlap(first: np.ndarray, second: np.ndarray) -> float:
    """Return the Dice overlap of the basal ganglia in two probability maps.

    Parameters
    ----------
    first, second : (64, 72, 56, 7) arrays
        Probability of each class in the box.

    Returns
    -------
    float
        0 to 1; 0 if neither has basal ganglia.

    """
    first, second = (np.isin(p.argmax(axis=-1), _IN_ROI) for p in (first, second))
    total = np.count_nonzero(first) + np.count_nonzero(second)
    return 2 * np.count_nonzero(first & second) / total if total else 0.0


def _bounds(index, shape, limits, margin: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Return the first voxel that a box covers and the one after the last, along each axis."""
    ends = np.array([[*corner, 1] for corner in np.ndindex(2, 2, 2)]) * [*shape, 1]
    corners = (index @ ends.T)[:3]
    low = np.clip(np.floor(corners.min(axis=1)).astype(int) - margin, 0, np.array(limits) - 1)
    high = np.clip(np.ceil(corners.max(axis=1)).astype(int) + 1 + margin, low + 1, limits)
    return low, high


def _slices(low, high) -> tuple[slice, ...]:
    return tuple(slice(a, b) for a, b in zip(low, high, strict=True))
