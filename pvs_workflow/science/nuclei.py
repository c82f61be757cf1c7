"""The box around the deep grey matter, in template space, and the classes told apart in it."""

import nibabel as nb
import numpy as np
from scipy.ndimage import affine_transform, label

from pvs_workflow.science.resampling import resample
from pvs_workflow.science.roi import structure_values

BOX_SIZE = 1.5
"""Voxel edge of the box, in millimetres."""

BOX_SHAPE = (64, 72, 56)
"""Voxels: left–right, back–front, low–high; each halves three times."""

BOX_CENTRE = (0.0, -3.0, 8.0)
"""Its middle, in millimetres of the template (RAS+)."""

CLASSES = (
    'background',
    'caudate',
    'putamen',
    'pallidum',
    'accumbens',
    'thalamus',
    'lateral ventricle',
)
"""What is told apart; both sides of the head are one class."""

_IN_ROI = [CLASSES.index(name) for name in ('caudate', 'putamen', 'pallidum', 'accumbens')]

LAYERS = 5
"""Samples through a slice that vote for its labels."""

ONE_SIDED = 0.8
"""A piece of which so much lies on one side of the midplane belongs to that side: heads are not
symmetric, and their own midplane is not quite the template's."""


def box_affine() -> np.ndarray:
    """Return the affine of the box: voxel index to template millimetres, (4, 4)."""
    affine = np.diag([BOX_SIZE] * 3 + [1.0])
    affine[:3, 3] = np.array(BOX_CENTRE) - BOX_SIZE * (np.array(BOX_SHAPE) - 1) / 2
    return affine


def scaled(box: np.ndarray) -> np.ndarray:
    """Scale intensities so that contrasts and scanners look alike: robust standard scores.

    Examples
    --------
    >>> scaled(np.repeat([0.0, 10.0], 50))[[0, 99]].tolist()
    [-1.0, 1.0]

    """
    low, high = np.percentile(box, [1, 99])
    clipped = np.clip(box, low, high).astype(np.float32)
    return (clipped - clipped.mean()) / max(float(clipped.std()), 1e-6)


def sample_box(scan: nb.Nifti1Image, to_template: np.ndarray) -> np.ndarray:
    """Resample a canonical scan to the box, without aliasing; float32, 0 outside the scan.

    The matrix, (4, 4), leads from millimetres of the scan to those of the template.
    """
    affine = np.linalg.inv(to_template) @ box_affine()
    # Only what the box sees is read and smoothed.
    reach = _reach(np.linalg.inv(scan.affine) @ affine, BOX_SHAPE, scan.shape, 4)
    part = scan.slicer[_slices(*reach)]
    return np.asarray(resample(part, BOX_SHAPE, affine, mode='constant').dataobj)


def label_scan(
    probabilities: np.ndarray, shape: tuple[int, int, int], affine: np.ndarray, to_box: np.ndarray
) -> np.ndarray:
    """Give each voxel of a scan the structure that most of its depth holds.

    Parameters
    ----------
    probabilities : (64, 72, 56, 7) array
        Of each class in the box.
    shape, affine
        The scan's grid, canonical.
    to_box : (4, 4) array
        From millimetres of the scan to those of the template.

    Returns
    -------
    (x, y, z) array of int16
        FreeSurfer numbers, without the capsule. A nucleus is on the side of the template's
        midplane on which nearly all of it lies; one that reaches over to its twin is cut there.

    """
    out = np.zeros(shape, np.int16)
    index = np.linalg.inv(box_affine()) @ to_box @ affine
    low, high = _reach(np.linalg.inv(index), BOX_SHAPE, shape)
    reached = tuple(high - low)
    start = index[:3, :3] @ low + index[:3, 3]
    total = np.zeros((len(CLASSES), *reached), np.float32)
    for offset in (np.arange(LAYERS) + 0.5) / LAYERS - 0.5:
        for number in range(1, len(CLASSES)):
            total[number] += affine_transform(
                probabilities[..., number],
                index[:3, :3],
                start + index[:3, 2] * offset,
                output_shape=reached,
                order=1,
                cval=0,
            )
    total /= LAYERS
    total[0] = 1 - total[1:].sum(axis=0)
    found = np.argmax(total, axis=0)
    across = start[0] + np.tensordot(index[0, :3], np.indices(reached, dtype=np.float32), 1)
    left = across < (BOX_SHAPE[0] - 1) / 2 - BOX_CENTRE[0] / BOX_SIZE
    for number, name in enumerate(CLASSES[1:], start=1):
        mine = found == number
        for side, where in (('L', _to_one_side(mine, left)), ('R', _to_one_side(mine, ~left))):
            (value,) = structure_values(side, name)
            out[_slices(low, high)][where] = value
    return out


def _to_one_side(mask: np.ndarray, side: np.ndarray) -> np.ndarray:
    """Return what of a mask belongs to a side of the head: whole pieces, where they do."""
    pieces, number = label(mask, np.ones((3, 3, 3)))
    sizes = np.bincount(pieces.ravel(), minlength=number + 1)
    share = (np.bincount(pieces[side], minlength=number + 1) / np.maximum(sizes, 1))[pieces]
    return mask & ((share >= ONE_SIDED) | (side & (share > 1 - ONE_SIDED)))


def structure_maps(probabilities: np.ndarray) -> np.ndarray:
    """Return the two maps that the template is warped by.

    What lies side by side differs in one of them, so that two do for six structures: SyN's time
    grows with their number. Caudate and accumbens, which no scan shows a border of, are as one.

    Parameters
    ----------
    probabilities : (64, 72, 56, 7) array
        In any unit.

    Returns
    -------
    (64, 72, 56, 2) array of float32
        Striatum less thalamus, and pallidum less lateral ventricle, -1 to 1.

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
    """Return the overlap (Dice) of the basal ganglia in two (64, 72, 56, 7) probabilities."""
    first, second = (np.isin(p.argmax(axis=-1), _IN_ROI) for p in (first, second))
    total = np.count_nonzero(first) + np.count_nonzero(second)
    return 2 * np.count_nonzero(first & second) / total if total else 0.0


def _reach(index, shape, limits, margin: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Return the first voxel that a box covers, and the one after the last, along each axis."""
    ends = np.array([[*place, 1] for place in np.ndindex(2, 2, 2)]) * [*shape, 1]
    corners = (index @ ends.T)[:3]
    low = np.clip(np.floor(corners.min(axis=1)).astype(int) - margin, 0, np.array(limits) - 1)
    high = np.clip(np.ceil(corners.max(axis=1)).astype(int) + 1 + margin, low + 1, limits)
    return low, high


def _slices(low, high) -> tuple[slice, ...]:
    return tuple(slice(a, b) for a, b in zip(low, high, strict=True))
