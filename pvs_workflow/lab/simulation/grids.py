"""Voxel grids and rigid transforms."""

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
        Voxel index to mm.

    """

    shape: tuple[int, int, int]
    affine: np.ndarray

    @property
    def sizes(self) -> np.ndarray:
        """Voxel sizes, mm."""
        return voxel_sizes(self.affine)

    def moved(self, transform: np.ndarray) -> 'Grid':
        """Return the grid with ``transform`` applied to its positions."""
        return Grid(self.shape, transform @ self.affine)

    def box(self, corner: tuple[int, int, int], shape: tuple[int, int, int]) -> 'Grid':
        """Return the part of the grid with ``shape`` voxels from voxel ``corner``."""
        affine = self.affine.copy()
        affine[:3, 3] = (self.affine @ [*corner, 1])[:3]
        return Grid(shape, affine)

    def slabs(self, n: int) -> 'Grid':
        """Return the grid of slabs of ``n`` slices; remaining slices are dropped."""
        return Grid((*self.shape[:2], self.shape[2] // n), slab_affine(self.affine, n))

    def coarser(self, factor: int) -> 'Grid':
        """Return a grid of the same extent with pixels ``factor`` times larger in plane."""
        affine = self.affine.copy()
        affine[:3, :2] *= factor
        shape = tuple(-(-(n - 1) // factor) + 2 for n in self.shape[:2])
        return Grid((*shape, self.shape[2]), affine)

    def sublayers(self, offsets: np.ndarray) -> 'Grid':
        """Return the grid with each slice replaced by evenly spaced layers at ``offsets``.

        Offsets are relative to the slice centre, in slices. Spacing is even across slices.
        """
        affine = self.affine.copy()
        affine[:3, 3] += affine[:3, 2] * offsets[0]
        affine[:3, 2] /= len(offsets)
        return Grid((*self.shape[:2], self.shape[2] * len(offsets)), affine)


def rigid(degrees, shift) -> np.ndarray:
    """Return a rigid transform: rotations about the x, y and z axes, then a shift in mm.

    Examples
    --------
    >>> rigid((0, 0, 90), (1, 0, 0)).round(6)[:2].tolist()
    [[0.0, -1.0, 0.0, 1.0], [1.0, 0.0, 0.0, 0.0]]

    """
    out = np.eye(4)
    out[:3, :3] = Rotation.from_euler('xyz', degrees, degrees=True).as_matrix()
    out[:3, 3] = shift
    return out
