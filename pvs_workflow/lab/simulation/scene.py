"""What lies around the basal ganglia on a T2w's slices, before noise: tissue and ePVS apart."""

from dataclasses import dataclass

import numpy as np

from pvs_workflow.lab.simulation.acquisition import Protocol
from pvs_workflow.lab.simulation.grids import Grid
from pvs_workflow.lab.simulation.rendering import Spot, add_volume, label_visible
from pvs_workflow.science.roi import roi_labels


@dataclass(frozen=True)
class Scene:
    """The basal ganglia on the slices (slabs) that are read; without noise, unless recorded.

    Attributes
    ----------
    grid : Grid
        Of the arrays.
    corner : (int, int, int)
        Its first voxel in the whole grid.
    tissue : (x, y, z) array of float32
        Signal without ePVS, in multiples of the putamen's.
    structures : (x, y, z) array of uint8
    spots : list of Spot
        What each ePVS fills of the voxels.
    fluid : float
        Signal of what fills the ePVS.
    protocol : Protocol
        As read. No blur means that tissue and spots are as recorded already.

    """

    grid: Grid
    corner: tuple[int, int, int]
    tissue: np.ndarray
    structures: np.ndarray
    spots: list[Spot]
    fluid: float
    protocol: Protocol

    def region(self, n: int) -> tuple[slice, slice, slice]:
        """Return where the scene lies in a grid with ``n`` slices per slab."""
        scale = (1, 1, n)
        return tuple(
            slice(a * k, (a + size) * k)
            for a, size, k in zip(self.corner, self.grid.shape, scale, strict=True)
        )

    def signal(self) -> np.ndarray:
        """Return the signal with ePVS."""
        volume = add_volume(self.spots, self.tissue.shape)
        return self.tissue * (1 - volume) + self.fluid * volume

    def visible(self, **reader) -> np.ndarray:
        """Return what a rater could count, as :func:`label_visible`."""
        roi, protocol = roi_labels(self.structures), self.protocol
        return label_visible(
            self.spots, self.tissue, self.fluid, protocol.blur, 1 / protocol.snr, roi, **reader
        )
