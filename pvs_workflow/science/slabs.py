"""Thin slices averaged into the thick axial slabs that the cascade knows."""

import numpy as np
from nibabel.affines import voxel_sizes

THIN_SLICE = 2.5
"""Slices under this spacing, in millimetres, are averaged (3D acquisitions)."""

_TOLERANCE = 0.01  # mm: what a header's rounding can do to a spacing

SLAB = 5.0
"""Slice thickness of the paper's T2w, in millimetres (Chae et al. 2024, section 2.2)."""


def slices_per_slab(affine: np.ndarray) -> int:
    """Return how many axial slices of a canonical volume make one slab.

    Examples
    --------
    >>> slices_per_slab(np.diag([0.573, 0.573, 5, 1])), slices_per_slab(np.diag([1, 1, 1, 1]))
    (1, 5)

    """
    spacing = float(voxel_sizes(affine)[2])
    return 1 if spacing > THIN_SLICE - _TOLERANCE else max(1, round(SLAB / spacing))


def average_slabs(data: np.ndarray, n: int) -> np.ndarray:
    """Average every ``n`` slices from the bottom, (x, y, z) to (x, y, z // n) of float32.

    Slices left over at the top are dropped.
    """
    n_slabs = data.shape[2] // n
    kept = data[:, :, : n_slabs * n].astype(np.float32)
    return kept.reshape(*data.shape[:2], n_slabs, n).mean(axis=3)


def slab_labels(labels: np.ndarray, n: int) -> np.ndarray:
    """Return, for each slab, the label that at least half of its slices hold, else 0."""
    if n == 1:
        return labels
    out = np.zeros((*labels.shape[:2], labels.shape[2] // n), dtype=labels.dtype)
    for value in np.unique(labels[labels > 0]):
        out[average_slabs(labels == value, n) >= 0.5] = value
    return out


def slab_affine(affine: np.ndarray, n: int) -> np.ndarray:
    """Return the affine of the slab volume, whose voxels centre on each slab's middle."""
    out = np.array(affine, dtype=float)
    out[:3, 3] += affine[:3, 2] * (n - 1) / 2
    out[:3, 2] *= n
    return out


def central_slice(slab: int, n: int) -> int:
    """Return the canonical index of a slab's central slice (of two, the upper).

    Examples
    --------
    >>> central_slice(3, 1), central_slice(3, 5)
    (3, 17)
    """
    return slab * n + n // 2
