"""Confounders of ePVS: lacunes, white-matter lesions, flow voids and mineralisation."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from scipy.spatial.transform import Rotation

from pvs_workflow.lab.simulation.grids import Grid
from pvs_workflow.lab.simulation.template import both_sides
from pvs_workflow.science.roi import CAPSULE, STRUCTURES

LAYER = 0.8
"""Spacing of the depths at which a slice is sampled, mm."""


@dataclass(frozen=True)
class Kind:
    """One kind of confounder.

    Attributes
    ----------
    diameter : (float, float)
        Range of the largest diameter, mm.
    slenderness : (float, float)
        Range of the other two diameters, relative to the largest.
    softness : float
        Width of the border, as a share of the smallest radius.
    signal : dict of str to (float, float)
        Range of the signal by contrast, in multiples of the tissue it replaces or, if `fluid`,
        of the person's fluid.
    fluid : bool
        Whether the confounder is filled with fluid.
    in_roi : float
        Share of confounders in the ROI; the others lie in the tissue around it.
    number : dict of str to float
        Mean number around the basal ganglia, by acquisition.

    """

    diameter: tuple[float, float]
    slenderness: tuple[float, float]
    softness: float
    signal: dict[str, tuple[float, float]]
    fluid: bool
    in_roi: float
    number: dict[str, float]


KINDS = {
    # STRIVE (Wardlaw et al. 2013, Lancet Neurol 12:822): 3 to 15 mm, fluid, round or ovoid.
    'lacune': Kind(
        (4.5, 12.0),
        (0.65, 1.0),
        0.25,
        {'T2w': (0.8, 1.0), 'T1w': (0.3, 0.5), 'FLAIR': (0.3, 0.9)},
        True,
        0.7,
        {'paper': 0.2, 'varied': 0.7},
    ),
    'white-matter lesion': Kind(
        (3.0, 12.0),
        (0.35, 1.0),
        0.9,
        {'T2w': (1.15, 1.6), 'T1w': (0.7, 0.95), 'FLAIR': (1.3, 1.9)},
        False,
        0.3,
        {'paper': 0.8, 'varied': 2.0},
    ),
    'flow void': Kind(
        (3.0, 9.0),
        (0.08, 0.2),
        0.4,
        {'T2w': (0.2, 0.6), 'T1w': (0.7, 1.3), 'FLAIR': (0.3, 0.8)},
        False,
        0.8,
        {'paper': 1.0, 'varied': 2.5},
    ),
    'mineralisation': Kind(
        (1.5, 5.0),
        (0.5, 1.0),
        0.8,
        {'T2w': (0.45, 0.85), 'T1w': (0.9, 1.2), 'FLAIR': (0.5, 0.9)},
        False,
        1.0,
        {'paper': 0.6, 'varied': 1.5},
    ),
}


@dataclass(frozen=True)
class Lesion:
    """One confounder: an ellipsoid with a soft border.

    Attributes
    ----------
    kind : str
    centre : (3,) array
        Position in the person's space, mm.
    axes : (3, 3) array
        Half axes of the ellipsoid as rows, mm.
    levels : dict of str to float
        Signal by contrast, in the units of :attr:`Kind.signal`.

    """

    kind: str
    centre: np.ndarray
    axes: np.ndarray
    levels: dict[str, float]


def draw_lesions(
    rng: np.random.Generator, structures: np.ndarray, grid: Grid, acquisition: str
) -> list[Lesion]:
    """Draw a person's confounders.

    Parameters
    ----------
    rng : numpy.random.Generator
    structures : (x, y, z) array of int
        FreeSurfer numbers around the basal ganglia, with the capsule.
    grid : Grid
        Grid of `structures`, in the person's space.
    acquisition : {'paper', 'varied'}
        'varied' has more confounders.

    """
    inside = np.isin(structures, [s.index for s in STRUCTURES if s.in_roi])
    around = ~inside & ~np.isin(structures, both_sides('lateral ventricle'))
    preferred = {
        'mineralisation': np.isin(structures, both_sides('pallidum')),
        'white-matter lesion': np.isin(structures, both_sides(CAPSULE)),
    }
    out = []
    for name, kind in KINDS.items():
        # A gamma mixture of Poisson numbers: a few people have many.
        mean = rng.gamma(0.7, kind.number[acquisition] / 0.7)
        for _ in range(min(int(rng.poisson(mean)), 12)):
            mask = preferred.get(name, inside) if rng.random() < kind.in_roi else around
            voxels = np.argwhere(mask)
            if len(voxels) == 0:
                continue
            index = voxels[rng.integers(len(voxels))] + rng.uniform(-0.5, 0.5, 3)
            centre = grid.affine[:3, :3] @ index + grid.affine[:3, 3]
            out.append(_draw_lesion(rng, name, kind, centre))
    return out


def _draw_lesion(rng, name: str, kind: Kind, centre: np.ndarray) -> Lesion:
    largest = np.exp(rng.uniform(*np.log(kind.diameter))) / 2
    radii = largest * np.array([1, *rng.uniform(*kind.slenderness, 2)])
    rotation = Rotation.random(random_state=rng).as_matrix()
    levels = {contrast: float(rng.uniform(*span)) for contrast, span in kind.signal.items()}
    return Lesion(name, centre, radii[:, None] * rotation, levels)


def add_lesions(
    signal: np.ndarray, lesions: list[Lesion], grid: Grid, contrast: str, fluid: float
) -> np.ndarray:
    """Return a float32 copy of a noise-free, slice-averaged signal with confounders added.

    The grid is in the person's space. ``fluid`` is the signal of the person's fluid in T2w; in
    T1w and FLAIR, levels are in units of tissue.
    """
    out = np.array(signal, dtype=np.float32)
    for lesion, box, share in _shares(lesions, grid):
        level = lesion.levels[contrast]
        if KINDS[lesion.kind].fluid:
            target = level * (fluid if contrast == 'T2w' else 1.0)
        else:
            target = level * out[box]
        out[box] += share * (target - out[box])
    return out


def lesion_share(lesion: Lesion, grid: Grid) -> tuple[tuple[slice, ...], np.ndarray] | None:
    """Return the box of a lesion in a grid, and the share of each voxel that it fills.

    Returns
    -------
    box : tuple of slice
    share : array of float32, in [0, 1]
        Both are replaced by a single None if the lesion lies outside the grid.

    """
    inverse = np.linalg.inv(grid.affine)
    centre = inverse[:3, :3] @ lesion.centre + inverse[:3, 3]
    extent = np.sqrt((lesion.axes**2).sum(axis=0))  # half extents along the person's axes
    half = np.abs(inverse[:3, :3]) @ extent * 1.3 + 1
    low = np.maximum(np.floor(centre - half).astype(int), 0)
    high = np.minimum(np.ceil(centre + half).astype(int) + 1, grid.shape)
    if (high - low < 1).any():
        return None
    layers = max(2, round(grid.sizes[2] / LAYER))
    positions = [
        np.arange(a, b, 1.0) if axis < 2 else _sublayers(a, b, layers)
        for axis, (a, b) in enumerate(zip(low, high, strict=True))
    ]
    index = np.stack(np.meshgrid(*positions, indexing='ij')) - centre.reshape(3, 1, 1, 1)
    lengths = np.linalg.norm(lesion.axes, axis=1)
    # In units of the half axes, the border is at a distance of 1.
    to_unit = (lesion.axes / lengths[:, None] ** 2) @ grid.affine[:3, :3]
    distance = np.linalg.norm(np.tensordot(to_unit, index, 1), axis=0)
    pixel = grid.sizes[:2].mean()
    width = max(KINDS[lesion.kind].softness, pixel / lengths.min())
    share = np.clip((1 - distance) / width + 0.5, 0, 1)
    n_slices = int(high[2] - low[2])
    share = share.reshape(*share.shape[:2], n_slices, layers).mean(axis=-1)
    box = tuple(slice(int(a), int(b)) for a, b in zip(low, high, strict=True))
    return box, share.astype(np.float32)


def lesion_mask(lesions: list[Lesion], grid: Grid, share: float = 0.15) -> np.ndarray:
    """Return a mask of the voxels that confounders fill by at least ``share``."""
    out = np.zeros(grid.shape, bool)
    for _, box, filled in _shares(lesions, grid):
        out[box] |= filled >= share
    return out


def _shares(lesions: list[Lesion], grid: Grid) -> Iterator[tuple[Lesion, tuple, np.ndarray]]:
    """Yield the lesions inside a grid, each with its box and share."""
    for lesion in lesions:
        if (region := lesion_share(lesion, grid)) is not None:
            yield lesion, *region


def _sublayers(low: int, high: int, layers: int) -> np.ndarray:
    offsets = (np.arange(layers) + 0.5) / layers - 0.5
    return (np.arange(low, high)[:, None] + offsets).ravel()
