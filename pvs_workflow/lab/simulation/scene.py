"""Noise-free basal ganglia on the slices of a T2w, with tissue and ePVS kept separate."""

from dataclasses import dataclass

import numpy as np

from pvs_workflow.lab.simulation.acquisition import Protocol
from pvs_workflow.lab.simulation.grids import Grid
from pvs_workflow.lab.simulation.rendering import Spot, add_volume, label_visible
from pvs_workflow.science.roi import roi_labels


@dataclass(frozen=True)
class Scene:
    """The basal ganglia on the slices or slabs of a T2w, without noise unless real.

    Attributes
    ----------
    grid : Grid
        Grid of the arrays.
    corner : (int, int, int)
        First voxel of the scene in the whole grid.
    tissue : (x, y, z) array of float32
        Signal without ePVS, in multiples of the putamen's.
    structures : (x, y, z) array of uint8
    spots : list of Spot
        Partial volumes of the ePVS.
    fluid : float
        Signal inside the ePVS.
    protocol : Protocol
        Protocol of the slabs. Without blur, tissue and spots are already blurred.

    """

    grid: Grid
    corner: tuple[int, int, int]
    tissue: np.ndarray
    structures: np.ndarray
    spots: list[Spot]
    fluid: float
    protocol: Protocol

    def region(self, n: int) -> tuple[slice, slice, slice]:
        """Return the index of the scene in a grid with ``n`` slices per slab."""
        scale = (1, 1, n)
        return tuple(
            slice(a * k, (a + size) * k)
            for a, size, k in zip(self.corner, self.grid.shape, scale, strict=True)
        )

    def signal(self) -> np.ndarray:
        """Return the signal with ePVS."""
        volume = add_volume(self.spots, self.tissue.shape)
        return self.tissue * (1 - volume) + self.fluid * volume

    def visible(self, **options) -> np.ndarray:
        """Return labels of the ePVS that a rater could count (:func:`label_visible`)."""
        roi, protocol = roi_labels(self.structures), self.protocol
        return label_visible(
            self.spots, self.tissue, self.fluid, protocol.blur, 1 / protocol.snr, roi, **options
        )
