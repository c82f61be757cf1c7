"""Average thin axial slices into slabs as thick as the slices that the cascade was trained on."""

import numpy as np
from nibabel.affines import voxel_sizes

THIN_SLICE = 2.5
"""Slice spacing below which slices are averaged (3D acquisitions), mm."""

_TOLERANCE = 0.01  # mm: rounding of the spacing in a header

SLAB = 5.0
"""Slice thickness of the paper's T2w, mm (Chae et al. 2024, section 2.2)."""


def slices_per_slab(affine: np.ndarray) -> int:
    """Return the number of axial slices per slab of a canonical volume.

    Parameters
    ----------
    affine : (4, 4) array

    Returns
    -------
    int
        1 unless slices are thin.

    Examples
    --------
    >>> slices_per_slab(np.diag([0.573, 0.573, 5, 1])), slices_per_slab(np.diag([1, 1, 1, 1]))
    (1, 5)

    """
    spacing = float(voxel_sizes(affine)[2])
    return 1 if spacing > THIN_SLICE - _TOLERANCE else max(1, round(SLAB / spacing))


def average_slabs(data: np.ndarray, n: int) -> np.ndarray:
    """Average every ``n`` slices of a volume.

    Slabs start at the most inferior slice; superior slices that do not fill a slab are dropped.

    Parameters
    ----------
    data : (x, y, z) array
    n : int
        Slices per slab.

    Returns
    -------
    (x, y, z // n) array of float32

    """
    n_slabs = data.shape[2] // n
    covered = data[:, :, : n_slabs * n].astype(np.float32)
    return covered.reshape(*data.shape[:2], n_slabs, n).mean(axis=3)


def slab_labels(labels: np.ndarray, n: int) -> np.ndarray:
    """Return the labels of slabs: those of at least half of the slices, voxel by voxel.

    Parameters
    ----------
    labels : (x, y, z) array of int
    n : int
        Slices per slab.

    Returns
    -------
    (x, y, z // n) array of int
        0 where no label has half of the slices.

    """
    if n == 1:
        return labels
    out = np.zeros((*labels.shape[:2], labels.shape[2] // n), dtype=labels.dtype)
    for value in np.unique(labels[labels > 0]):
        out[average_slabs(labels == value, n) >= 0.5] = value
    return out


def slab_affine(affine: np.ndarray, n: int) -> np.ndarray:
    """Return the (4, 4) affine of a volume of slabs; voxel centres are in the middle of slabs."""
    out = np.array(affine, dtype=float)
    out[:3, 3] += affine[:3, 2] * (n - 1) / 2
    out[:3, 2] *= n
    return out


def central_slice(slab: int, n: int) -> int:
    """Return the canonical index of a slab's central slice, the upper one of two.

    Examples
    --------
    >>> central_slice(3, 1), central_slice(3, 5)
    (3, 17)
    """
    return slab * n + n // 2
