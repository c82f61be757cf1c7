"""Voxel grids and the orientation of their axes.

All volumes are converted to *canonical* order: voxel axes as close as possible to left→right,
back→front and bottom→top (RAS+). Data are permuted and flipped but never interpolated, so results
do not depend on the storage order.
"""

from dataclasses import dataclass

import numpy as np
from nibabel.affines import voxel_sizes
from nibabel.orientations import apply_orientation, inv_ornt_aff, io_orientation

from pvs_workflow.errors import ImageError

SHEAR_TOLERANCE = 0.01
"""Maximum cosine between two voxel axes that count as perpendicular (0.6°)."""

MAX_VOXEL_SIZE = 100.0
"""Maximum voxel size along each axis, mm."""

MAX_ORIGIN = 10_000.0
"""Maximum distance of the first voxel from the scanner's centre along each axis, mm."""

SIZE_TOLERANCE = 0.05
"""Maximum relative difference between the voxel sizes of the sform and of the header."""

_ORIGIN_DECIMALS = 3  # 1 µm: removes the float32 rounding of flipped headers
_DIRECTION_DECIMALS = 6


@dataclass(frozen=True)
class Storage:
    """Voxel order of a file, needed to convert canonical data back.

    Attributes
    ----------
    shape : tuple of int
        Shape of the stored array.
    orientation : tuple of (int, int)
        Canonical axis and direction (1 or -1) of each stored axis.

    """

    shape: tuple[int, ...]
    orientation: tuple[tuple[int, int], ...]

    def slice_index(self, canonical_index: int) -> int:
        """Return the stored index of a canonical slice; both start at 0.

        Examples
        --------
        >>> Storage((4, 5, 6), ((0, 1), (1, 1), (2, -1))).slice_index(0)
        5
        """
        axis = [axis for axis, _ in self.orientation].index(2)
        flipped = self.orientation[axis][1] < 0
        return self.shape[axis] - 1 - canonical_index if flipped else canonical_index


def check_affine(affine: np.ndarray) -> None:
    """Check the affine of an image.

    Parameters
    ----------
    affine : (4, 4) array
        Voxel index to millimetres.

    Raises
    ------
    ImageError
        If it is not finite, not invertible or sheared by more than `SHEAR_TOLERANCE`, or if voxels
        are larger than `MAX_VOXEL_SIZE` or the first one is beyond `MAX_ORIGIN`.

    """
    affine = np.asarray(affine, dtype=float)
    if not np.isfinite(affine).all():
        raise ImageError('its affine has NaN or infinite entries; correct the header')
    sizes = voxel_sizes(affine)
    if sizes.min() <= 1e-3:
        raise ImageError(
            f'its affine is singular (voxel axes of {_join(sizes)} mm); correct the header or its '
            'unit'
        )
    if sizes.max() > MAX_VOXEL_SIZE:
        raise ImageError(
            f'its voxels are too large ({_join(sizes)} mm, at most {MAX_VOXEL_SIZE:g} mm per '
            'axis); correct the header or its unit'
        )
    if np.abs(affine[:3, 3]).max() > MAX_ORIGIN:
        origin = ', '.join(f'{value:g}' for value in affine[:3, 3])
        raise ImageError(
            f"its first voxel is too far from the scanner's centre ({origin} mm, at most "
            f'{MAX_ORIGIN:g} mm per axis); correct the header'
        )
    directions = affine[:3, :3] / sizes
    if abs(np.linalg.det(directions)) < 1e-3:
        raise ImageError(
            'its affine is singular (the directions of its axes have a determinant of '
            f'{np.linalg.det(directions):.2g}); correct the header'
        )
    cosines = (directions.T @ directions)[np.triu_indices(3, 1)]
    if np.abs(cosines).max() > SHEAR_TOLERANCE:
        angle = np.degrees(np.arccos(np.abs(cosines).max()))
        raise ImageError(
            f'its affine is sheared (axes at {angle:.1f}°); resample it to perpendicular axes, or '
            'set the code of a wrong sform to 0'
        )


def check_sizes(affine: np.ndarray, sizes: np.ndarray) -> None:
    """Check that an sform has the voxel sizes of the header.

    Parameters
    ----------
    affine : (4, 4) array
        The sform.
    sizes : (3,) array
        ``pixdim`` as stored, mm; values of 0 or less, NaN and infinity are not set.

    Raises
    ------
    ImageError
        If a size differs by more than `SIZE_TOLERANCE`.

    """
    own = voxel_sizes(affine)
    with np.errstate(invalid='ignore'):
        is_set = np.isfinite(sizes) & (sizes > 0)
    if np.any(np.abs(own - sizes)[is_set] > SIZE_TOLERANCE * own[is_set]):
        raise ImageError(
            f'its sform has voxels of {_join(own)} mm, its pixdim {_join(sizes)} mm; correct the '
            'header'
        )


def are_opposed(sform: np.ndarray, qform: np.ndarray) -> bool:
    """Return whether two affines of one image disagree about the direction of a voxel axis.

    Programs that prefer the other affine then show the image flipped.

    Parameters
    ----------
    sform, qform : (4, 4) arrays

    Returns
    -------
    bool
        True if an axis of one is over 90° from that of the other.

    Examples
    --------
    >>> are_opposed(np.diag([-1, 1, 1, 1]), np.eye(4)), are_opposed(np.eye(4), np.eye(4))
    (True, False)

    """
    return bool(np.any(np.sum(sform[:3, :3] * qform[:3, :3], axis=0) < 0))


def _join(values) -> str:
    return ' × '.join(f'{value:.3g}' for value in values)


def to_canonical(data: np.ndarray, affine: np.ndarray) -> tuple[np.ndarray, np.ndarray, Storage]:
    """Permute and flip a volume to the voxel order closest to RAS+.

    The entries of the affine are rounded (the origin to 1 µm), so that all storage orders of a
    volume give the same canonical affine.

    Parameters
    ----------
    data : (i, j, k) array
    affine : (4, 4) array
        Voxel index to millimetres, RAS+.

    Returns
    -------
    data : (x, y, z) array
        A view, if possible.
    affine : (4, 4) array
    storage : Storage
        Order of the stored voxels, for :func:`to_stored`.

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
    """Reorder a canonical array to the stored order: the inverse of :func:`to_canonical`.

    Parameters
    ----------
    data : (x, y, z) array
    storage : Storage

    Returns
    -------
    (i, j, k) array
        A view of ``data``.

    """
    axes, flips = zip(*storage.orientation, strict=True)
    return np.transpose(data, axes)[tuple(slice(None, None, flip) for flip in flips)]


def isotropic_grid(
    shape: tuple[int, int, int], affine: np.ndarray, size: float, margin: float = 0.0
) -> tuple[tuple[int, int, int], np.ndarray]:
    """Return the grid of cubic voxels that covers a volume along its axes.

    Parameters
    ----------
    shape : tuple of 3 int
    affine : (4, 4) array
        Grid of the volume.
    size : float
        Edge length of the new voxels, mm.
    margin : float
        Space to add on each side, mm.

    Returns
    -------
    shape : tuple of 3 int
    affine : (4, 4) array
        The new grid, with the same centre.

    """
    sizes = voxel_sizes(affine)
    extent = np.asarray(shape) * sizes + 2 * margin
    new_shape = np.maximum(np.ceil(extent / size - 1e-6).astype(int), 1)
    new_affine = np.eye(4)
    new_affine[:3, :3] = affine[:3, :3] / sizes * size
    centre = affine @ np.append((np.asarray(shape) - 1) / 2, 1)
    new_affine[:3, 3] = centre[:3] - new_affine[:3, :3] @ ((new_shape - 1) / 2)
    return tuple(int(n) for n in new_shape), new_affine
