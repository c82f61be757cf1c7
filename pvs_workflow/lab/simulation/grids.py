"""Voxel grids in millimetres, boxes cut from them, and rigid movements."""

from dataclasses import dataclass

import numpy as np
from nibabel.affines import voxel_sizes
from scipy.spatial.transform import Rotation

from pvs_workflow.science.slabs import slab_affine


@dataclass(frozen=True)
class Grid:
    """A canonical voxel grid.

    Attributes
    ----------
    shape : (int, int, int)
    affine : (4, 4) array
        Voxel index to millimetres.

    """

    shape: tuple[int, int, int]
    affine: np.ndarray

    @property
    def sizes(self) -> np.ndarray:
        """Voxel sizes in millimetres."""
        return voxel_sizes(self.affine)

    def moved(self, transform: np.ndarray) -> 'Grid':
        """Return the same voxels in another space, ``transform`` applied to their positions."""
        return Grid(self.shape, transform @ self.affine)

    def box(self, corner: tuple[int, int, int], shape: tuple[int, int, int]) -> 'Grid':
        """Return the part of the grid that starts at voxel ``corner``."""
        affine = self.affine.copy()
        affine[:3, 3] = (self.affine @ [*corner, 1])[:3]
        return Grid(shape, affine)

    def slabs(self, n: int) -> 'Grid':
        """Return the grid whose slices are ``n`` of this one's; those left over are dropped."""
        return Grid((*self.shape[:2], self.shape[2] // n), slab_affine(self.affine, n))

    def coarser(self, factor: int) -> 'Grid':
        """Return a grid with ``factor`` times larger pixels in plane, that reaches as far."""
        affine = self.affine.copy()
        affine[:3, :2] *= factor
        shape = tuple(-(-(n - 1) // factor) + 2 for n in self.shape[:2])
        return Grid((*shape, self.shape[2]), affine)

    def sublayers(self, offsets: np.ndarray) -> 'Grid':
        """Return the grid with each slice replaced by layers at ``offsets``, evenly spaced.

        These are in slices, from each slice's centre, and continue from slice to slice.
        """
        affine = self.affine.copy()
        affine[:3, 3] += affine[:3, 2] * offsets[0]
        affine[:3, 2] /= len(offsets)
        return Grid((*self.shape[:2], self.shape[2] * len(offsets)), affine)


def rigid(degrees, shift) -> np.ndarray:
    """Return a rigid transform: rotations about x, y and z through the origin, then a shift in mm.

    Examples
    --------
    >>> rigid((0, 0, 90), (1, 0, 0)).round(6)[:2].tolist()
    [[0.0, -1.0, 0.0, 1.0], [1.0, 0.0, 0.0, 0.0]]

    """
    out = np.eye(4)
    out[:3, :3] = Rotation.from_euler('xyz', degrees, degrees=True).as_matrix()
    out[:3, 3] = shift
    return out
