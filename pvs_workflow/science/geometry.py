"""Voxel grids and where their axes point.

Inside the app every volume is *canonical*: its voxel axes run closest to left→right,
back→front and bottom→top (RAS+). The data are only permuted and flipped for that, never
interpolated, so that results do not depend on how a scanner happened to store them.
"""

from dataclasses import dataclass

import numpy as np
from nibabel.affines import voxel_sizes
from nibabel.orientations import apply_orientation, inv_ornt_aff, io_orientation

from pvs_workflow.errors import ImageError

SHEAR_TOLERANCE = 0.01
"""Largest cosine between two voxel axes that still counts as perpendicular (0.6°)."""

LONGEST_AXIS = 100.0
"""Millimetres: no voxel of a head is as long."""

FARTHEST = 10_000.0
"""Millimetres from the scanner's centre to the first voxel; no scanner is as large."""

_ORIGIN_DECIMALS = 3  # 1 µm: hides the float32 rounding of flipped headers
_DIRECTION_DECIMALS = 6


@dataclass(frozen=True)
class Storage:
    """How a file stores its voxels, to go back from canonical order.

    Attributes
    ----------
    shape : tuple of int
        The stored array's shape.
    orientation : tuple of (int, int)
        For each stored axis, the canonical axis it becomes and its direction (1 or -1).

    """

    shape: tuple[int, ...]
    orientation: tuple[tuple[int, int], ...]

    def slice_index(self, canonical_index: int) -> int:
        """Translate an inferior-to-superior slice index to the stored, 0-based one.

        Examples
        --------
        >>> Storage((4, 5, 6), ((0, 1), (1, 1), (2, -1))).slice_index(0)
        5
        """
        axis = [axis for axis, _ in self.orientation].index(2)
        flipped = self.orientation[axis][1] < 0
        return self.shape[axis] - 1 - canonical_index if flipped else canonical_index


def check_affine(affine: np.ndarray) -> None:
    """Raise :class:`ImageError` unless the affine is finite, invertible and without shear.

    Voxels of absurd size, or that lie absurdly far away, are refused too.
    """
    affine = np.asarray(affine, dtype=float)
    if not np.isfinite(affine).all():
        raise ImageError('its affine holds values that are not finite, expected 4 × 4 numbers')
    sizes = voxel_sizes(affine)
    if sizes.min() <= 1e-3:
        raise ImageError(
            'its affine is singular, expected three voxel axes longer than 0.001 mm, '
            f'received lengths of {_join(sizes)} mm'
        )
    if sizes.max() > LONGEST_AXIS:
        raise ImageError(
            f'its voxels are too large, expected axes of at most {LONGEST_AXIS:g} mm, received '
            f'{_join(sizes)} mm'
        )
    if np.abs(affine[:3, 3]).max() > FARTHEST:
        origin = ', '.join(f'{value:g}' for value in affine[:3, 3])
        raise ImageError(
            f'it lies too far away, expected its first voxel at most {FARTHEST:g} mm from the '
            f"scanner's centre along each axis, received {origin} mm"
        )
    directions = affine[:3, :3] / sizes
    if abs(np.linalg.det(directions)) < 1e-3:
        raise ImageError(
            'its affine is singular, expected three independent voxel axes, received '
            f'directions with a determinant of {np.linalg.det(directions):.2g}'
        )
    cosines = (directions.T @ directions)[np.triu_indices(3, 1)]
    if np.abs(cosines).max() > SHEAR_TOLERANCE:
        raise ImageError(
            'its affine is sheared, expected perpendicular voxel axes, received axes at '
            f'{np.degrees(np.arccos(np.abs(cosines).max())):.1f}° to each other'
        )


def _join(values) -> str:
    return ' × '.join(f'{value:.3g}' for value in values)


def to_canonical(data: np.ndarray, affine: np.ndarray) -> tuple[np.ndarray, np.ndarray, Storage]:
    """Permute and flip a volume to the voxel order closest to RAS+.

    The affine's entries are rounded (origin to 1 µm), so that one volume stored in several
    orders gives one and the same canonical affine.

    Parameters
    ----------
    data : (i, j, k) array
    affine : (4, 4) array
        Voxel index to millimetres, RAS+.

    Returns
    -------
    data : (x, y, z) array
        A view where that is possible.
    affine : (4, 4) array
    storage : Storage
        What :func:`to_stored` needs to go back.

    Examples
    --------
    >>> data, affine, storage = to_canonical(np.arange(8).reshape(2, 2, 2), np.diag([-1, 1, 1, 1]))
    >>> data[0, 0, 0], affine[0].tolist()
    (np.int64(4), [1.0, 0.0, 0.0, -1.0])

    """
    affine = np.asarray(affine, dtype=float)
    orientation = io_orientation(affine)
    storage = Storage(
        tuple(int(n) for n in data.shape),
        tuple((int(axis), int(flip)) for axis, flip in orientation),
    )
    canonical = affine @ inv_ornt_aff(orientation, data.shape)
    canonical[:3, :3] = np.round(canonical[:3, :3], _DIRECTION_DECIMALS)
    canonical[:3, 3] = np.round(canonical[:3, 3], _ORIGIN_DECIMALS)
    return apply_orientation(data, orientation), canonical + 0.0, storage


def to_stored(data: np.ndarray, storage: Storage) -> np.ndarray:
    """Undo :func:`to_canonical` for an array on the canonical grid; a view of it."""
    axes, flips = zip(*storage.orientation, strict=True)
    return np.transpose(data, axes)[tuple(slice(None, None, flip) for flip in flips)]


def isotropic_grid(
    shape: tuple[int, int, int], affine: np.ndarray, size: float, margin: float = 0.0
) -> tuple[tuple[int, int, int], np.ndarray]:
    """Return shape and affine of a cubic-voxel grid, along the same axes, that covers a volume.

    Parameters
    ----------
    shape, affine
        The volume to cover.
    size : float
        Edge of the new voxels, in millimetres.
    margin : float
        Room to add on every side, in millimetres.

    """
    sizes = voxel_sizes(affine)
    extent = np.asarray(shape) * sizes + 2 * margin
    new_shape = np.maximum(np.ceil(extent / size - 1e-6).astype(int), 1)
    new_affine = np.eye(4)
    new_affine[:3, :3] = affine[:3, :3] / sizes * size
    centre = affine @ np.append((np.asarray(shape) - 1) / 2, 1)
    new_affine[:3, 3] = centre[:3] - new_affine[:3, :3] @ ((new_shape - 1) / 2)
    return tuple(int(n) for n in new_shape), new_affine
