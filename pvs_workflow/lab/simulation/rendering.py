"""Partial volumes of tubes in the voxels of a scan, and the visibility rule."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from nibabel.affines import apply_affine
from scipy.ndimage import binary_dilation, gaussian_filter, label

from pvs_workflow.lab.simulation.acquisition import Protocol
from pvs_workflow.lab.simulation.grids import Grid
from pvs_workflow.lab.simulation.vessels import Tube
from pvs_workflow.science.slices import HEMISPHERES

SUPERSAMPLING = 4
"""Subpixels per pixel and axis: 0.14 mm at the paper's resolution."""

LEVEL = 0.4
"""Spacing of the depths at which a slice is sampled, mm."""

MIN_CONTRAST = 0.25
MIN_NOISE = 4.0
MIN_SHARE = 0.5
"""Visibility rule. In a slice, a space can be counted if its brightest pixel exceeds its
surroundings by `MIN_CONTRAST` of the tissue's signal and by `MIN_NOISE` standard deviations of the
noise. This applies after slice averaging and blur. Size matters through the partial volume: in the
paper's T2w, a space that crosses the whole slice is visible from about 0.5 mm. Of the pixels with
at least half of its contrast, at least `MIN_SHARE` must be free of brighter spaces and their
neighbours."""


def smallest_visible(protocol: Protocol, fluid: float) -> float:
    """Return the diameter, mm, from which most spaces satisfy the visibility rule.

    The peak of a small spot is its area divided by that of the point spread (pixel and blur).
    ``fluid`` is the signal inside the space, in multiples of the tissue's.

    Examples
    --------
    >>> round(smallest_visible(Protocol(0.573, 5.0, snr=22.0), 2.4), 2)
    0.52

    """
    contrast = max(MIN_CONTRAST, MIN_NOISE / protocol.snr)
    widths = np.sqrt(np.square(protocol.blur) + 1 / 12) * protocol.pixel
    spread = 2 * np.pi * np.prod(widths)
    depth = 0.5  # share of the slice: spaces taper, lean, and start or end inside it
    return float(np.sqrt(contrast / (fluid - 1) / depth * spread * 4 / np.pi))


@dataclass(frozen=True)
class Spot:
    """Part of a tube in one slice.

    Attributes
    ----------
    tube : int
        Index of the tube.
    slice_index : int
    corner : (int, int)
        First voxel of the patch.
    volume : (i, j) array
        Fraction of each voxel that the tube fills.

    """

    tube: int
    slice_index: int
    corner: tuple[int, int]
    volume: np.ndarray

    @property
    def box(self) -> tuple[slice, slice, int]:
        """Index of the patch in a volume."""
        sides = (slice(c, c + n) for c, n in zip(self.corner, self.volume.shape, strict=True))
        return (*sides, self.slice_index)


def render_tubes(
    tubes: list[Tube], grid: Grid, protocol: Protocol | None = None, margin: int = 4
) -> list[Spot]:
    """Compute the share of each voxel that each tube fills.

    The grid is in the space of the tubes. The protocol gives the slice profile; without one, all
    depths of a slice have equal weight. Each patch has ``margin`` empty pixels around it, for the
    blur.
    """
    inverse = np.linalg.inv(grid.affine)
    spots = []
    for number, tube in enumerate(tubes):
        path = apply_affine(inverse, tube.points)
        first = max(0, int(np.floor(path[0, 2] + 0.5)))
        last = min(grid.shape[2] - 1, int(np.ceil(path[-1, 2] - 0.5)))
        for z in range(first, last + 1):
            spot = _render_slice(number, tube, path, z, grid, protocol, margin)
            if spot is not None:
                spots.append(spot)
    return spots


def _render_slice(number, tube, path, z, grid, protocol, margin) -> Spot | None:
    sizes = grid.sizes
    n_levels = max(3, int(np.ceil(sizes[2] / LEVEL)))
    levels = z + (np.arange(n_levels) + 0.5) / n_levels - 0.5
    within = (levels >= path[0, 2]) & (levels <= path[-1, 2])
    if not within.any():
        return None
    weights = protocol.layer_weights(n_levels) if protocol else np.full(n_levels, 1 / n_levels)
    levels, weights = levels[within], weights[within].astype(np.float32)
    centre = np.stack([np.interp(levels, path[:, 2], path[:, axis]) for axis in (0, 1)])
    radius = np.interp(levels, path[:, 2], tube.radii)
    direction = (path[-1] - path[0]) * sizes
    direction /= np.linalg.norm(direction)
    reach = np.ceil(radius.max() / sizes[:2] / max(direction[2], 0.4)).astype(int) + margin
    low = np.floor(centre.min(axis=1)).astype(int) - reach
    high = np.ceil(centre.max(axis=1)).astype(int) + reach + 1
    low, high = np.maximum(low, 0), np.minimum(high, grid.shape[:2])
    if (high - low < 2).any():
        return None
    fine = [
        (np.arange((b - a) * SUPERSAMPLING) + 0.5) / SUPERSAMPLING - 0.5 + a
        for a, b in zip(low, high, strict=True)
    ]
    dx = (fine[0][None, :, None] - centre[0][:, None, None]) * sizes[0]
    dy = (fine[1][None, None, :] - centre[1][:, None, None]) * sizes[1]
    along = dx * direction[0] + dy * direction[1]
    # Distance to the tilted axis: the cross-section of a slanted tube is an ellipse.
    distance = np.sqrt(np.maximum(dx**2 + dy**2 - along**2, 0))
    edge = sizes[:2].mean() / SUPERSAMPLING
    filled = np.clip((radius[:, None, None] - distance) / edge + 0.5, 0, 1)
    filled = np.tensordot(weights, filled, 1)
    shape = (high - low).tolist()
    volume = filled.reshape(shape[0], SUPERSAMPLING, shape[1], SUPERSAMPLING).mean(axis=(1, 3))
    return Spot(number, z, (int(low[0]), int(low[1])), volume.astype(np.float32))


def add_volume(spots: list[Spot], shape: tuple[int, int, int]) -> np.ndarray:
    """Sum spots to a volume of fractions, at most 1."""
    out = np.zeros(shape, dtype=np.float32)
    for spot in spots:
        out[spot.box] += spot.volume
    return np.minimum(out, 1)


def label_visible(
    spots: list[Spot],
    tissue: np.ndarray,
    fluid: float,
    blur: tuple[float, float],
    noise: float,
    roi: np.ndarray,
    perception: Callable[[np.ndarray], float] = lambda contrast: 1.0,
) -> np.ndarray:
    """Label the spaces that a rater could count, by the visibility rule.

    The pixels of a space in a slice are those with at least half of its contrast. A space counts
    if at least half of its pixels lie in the ROI of one hemisphere. Where two spaces would touch
    at a side or a corner, the fainter one loses the touching pixels. It is not counted if less
    than `MIN_SHARE` of its pixels remain. The count is the number of connected patches in a slice.

    Parameters
    ----------
    spots : list of Spot
    tissue : (x, y, z) array
        Signal without ePVS, slice-averaged.
    fluid : float
        Signal inside the spaces.
    blur : (float, float)
        Standard deviation of the point spread along both in-plane axes, pixels.
    noise : float
        Standard deviation of the noise.
    roi : (x, y, z) array of int
        1 left, 2 right.
    perception : callable
        Returns the ratio of perceived to actual contrast, given the contrast on the pixels of a
        space in units of tissue. The default, 1, gives the truth.

    Returns
    -------
    (x, y, z) array of int
        0 for background, and a number from 1 for each space, the same in all its slices.

    """
    visible = []
    for spot in spots:
        volume = gaussian_filter(spot.volume, blur) if max(blur) else spot.volume
        around = tissue[spot.box]
        contrast = volume * (fluid - around)
        # np.partition is ten times faster than np.median for so few pixels.
        median = np.partition(around, around.size // 2, axis=None)[around.size // 2]
        peak = float(contrast.max())
        if peak * perception(contrast) >= max(MIN_CONTRAST * median, MIN_NOISE * noise):
            visible.append((peak, spot, contrast >= peak / 2))
    visible.sort(key=lambda item: (-item[0], item[1].tube, item[1].slice_index))
    out = np.zeros(tissue.shape, dtype=np.int32)
    taken = np.zeros(tissue.shape, dtype=bool)
    for _, spot, mask in visible:
        free = _largest_patch(mask & ~taken[spot.box])
        number = np.count_nonzero(free)
        sides = [np.count_nonzero(roi[spot.box][free] == v) for v in HEMISPHERES.values()]
        if number < MIN_SHARE * np.count_nonzero(mask) or max(sides) * 2 < number:
            continue
        out[spot.box][free] = spot.tube + 1
        taken[spot.box] |= binary_dilation(free, np.ones((3, 3)))
    values = np.unique(out)
    return np.searchsorted(values, out).astype(np.int32)


def _largest_patch(mask: np.ndarray) -> np.ndarray:
    patches, number = label(mask, np.ones((3, 3)))
    if number < 2:
        return mask
    return patches == np.bincount(patches.ravel())[1:].argmax() + 1
