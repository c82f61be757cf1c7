"""Enlarged perivascular spaces as curved, tapered tubes along the lenticulostriate arteries."""

from dataclasses import dataclass

import numpy as np
from nibabel.affines import apply_affine
from scipy.ndimage import binary_dilation, distance_transform_edt
from scipy.special import ndtr, ndtri

from pvs_workflow.lab.simulation.fields import smooth_field, stretch
from pvs_workflow.lab.simulation.grids import Grid
from pvs_workflow.science.roi import STRUCTURES
from pvs_workflow.science.slices import HEMISPHERES

MEDIAN_DIAMETER = 1.2  # mm
DIAMETER_SPREAD = 0.36  # standard deviation of the logarithm
"""Parameters of the lognormal distribution of diameters: 90 % lie between 0.66 and 2.2 mm."""
MAX_DIAMETER = 3.0
"""Maximum diameter, mm; wider fluid-filled spaces are lacunes (STRIVE, Wardlaw et al. 2013)."""
MEAN_LENGTH = 9.0  # mm beyond the slice in which a space starts
STEP = 0.4  # spacing of the points of a centre line, mm
_ORIGIN = np.array([17.0, 4.0, -24.0])
"""Origin of the fan of tubes, below the anterior perforated substance: mm lateral to, anterior to
and above the template's origin."""
_WEIGHTS = {  # relative density of ePVS in each structure
    'putamen': 1.0,
    'internal capsule': 0.45,
    'pallidum': 0.55,
    'caudate': 0.35,
    'accumbens': 0.6,
}
FAINT = (1.0, 0.25)
"""Mean number of spaces too narrow to be counted in an image: a constant, and a number for each
requested ePVS."""
_TRIES = 60  # positions tried per space before an image counts as full
_CLUSTER_SIZE = 5.0  # length scale of the density of ePVS, mm
_CLUSTERING = (0.2, 1.0)  # range over people of the standard deviation of the logarithm of density
_CROWDED = 25  # number of ePVS in an image above which they are finer and less oblique


@dataclass(frozen=True)
class Tube:
    """One perivascular space.

    Attributes
    ----------
    points : (n, 3) array
        Centre line from bottom to top, mm.
    radii : (n,) array
        Radius at each point, mm.

    """

    points: np.ndarray
    radii: np.ndarray


@dataclass
class _PartialTube:
    """A tube that is being extended from slice to slice; positions in mm along the grid axes."""

    x: float
    y: float
    slope: np.ndarray
    curvature: np.ndarray
    origin: float
    diameter: float
    start: float
    end: float

    def centre(self, z: np.ndarray) -> np.ndarray:
        height = np.asarray(z, dtype=float)[..., None] - self.origin
        return np.array([self.x, self.y]) + height * self.slope + height**2 * self.curvature


def draw_tubes(
    rng: np.random.Generator,
    requested: np.ndarray,
    structures: np.ndarray,
    grid: Grid,
    smallest: float,
    blocked: np.ndarray | None = None,
    calibre: float = 1.0,
) -> list[Tube]:
    """Place tubes so that the requested number crosses each hemisphere of each slice.

    Slices are filled from the bottom. A random part of the tubes that reach the top of a slice
    continues into the next one, up to its requested number, if the way is free and inside the
    ROI. The other tubes of a slice start in it. Tubes are at least one pixel apart.

    Parameters
    ----------
    rng : numpy.random.Generator
    requested : (2, z) array of int
        Numbers for left and right; 0 where a slice has no ROI.
    structures : (x, y, z) array of int
        FreeSurfer numbers, with the capsule.
    grid : Grid
        Grid of `structures`, in the space of the tubes.
    smallest : float
        Smallest diameter that the acquisition shows, mm. The requested tubes are at least as wide;
        some narrower ones, which cannot be counted, are added.
    blocked : (x, y, z) array of bool, optional
        Voxels that tubes must avoid, such as lacunes.
    calibre : float
        Factor applied to the median diameter of the requested tubes.

    """
    sizes = grid.sizes
    if blocked is None:
        blocked = np.zeros(structures.shape, bool)
    clusters = _clusters(rng, grid)
    tubes = []
    for side, (hemisphere, _) in enumerate(HEMISPHERES.items()):
        weights = _density(structures, hemisphere) * clusters
        sign = -1 if hemisphere == 'L' else 1
        limits = smallest, calibre * MEDIAN_DIAMETER
        filled = _fill(rng, requested[side], (weights, blocked), grid, limits, sign)
        tubes += [_finish(rng, tube, grid, sizes) for tube in filled]
    return tubes


def _clusters(rng: np.random.Generator, grid: Grid) -> np.ndarray:
    """Return the density of ePVS at each voxel, relative to the average."""
    step = tuple(2 / size for size in grid.sizes)
    counts = tuple(int(np.ceil(n / s)) + 2 for n, s in zip(grid.shape, step, strict=True))
    field = smooth_field(rng, counts, _CLUSTER_SIZE / 2)
    return np.exp(rng.uniform(*_CLUSTERING) * stretch(field, grid.shape, step))


def _density(structures: np.ndarray, hemisphere: str) -> np.ndarray:
    weights = np.zeros(structures.shape, dtype=np.float32)
    for s in STRUCTURES:
        if s.hemisphere == hemisphere and s.in_roi:
            weights[structures == s.index] = _WEIGHTS[s.name]
    for z in np.flatnonzero(weights.any(axis=(0, 1))):
        # Centre lines avoid the border, beyond which a space would not count.
        weights[:, :, z] *= distance_transform_edt(weights[:, :, z] > 0) > 1.5
    return weights


def _fill(rng, requested, masks, grid, diameter, sign) -> list[_PartialTube]:
    weights, blocked = masks
    smallest, median = diameter
    thickness = float(grid.sizes[2])
    p_continue = np.exp(-thickness / MEAN_LENGTH)
    done, active = [], []
    for z in range(weights.shape[2]):
        taken = blocked[:, :, z].copy()
        allowed = weights[:, :, z] > 0
        low, high = (z - 0.5) * thickness, (z + 0.5) * thickness
        crossing = []
        for tube in active:
            if len(crossing) < requested[z] and rng.random() < p_continue:
                end = low + rng.uniform(0.6, 1) * thickness
                extended = _PartialTube(**{**vars(tube), 'end': end})
                if _claim(extended, low, high, grid, allowed, taken):
                    crossing.append(extended)
                    continue
            done.append(tube)
        missing = int(requested[z]) - len(crossing)
        if missing > 0 and allowed.any():
            crowd = min(1.0, _CROWDED / requested[z])
            diameters = _diameters(rng, missing, smallest, median * crowd**0.3)
            crossing += _start(rng, diameters, weights[:, :, z], z, grid, taken, sign, crowd)
        if allowed.any():
            number = int(rng.poisson(FAINT[0] + FAINT[1] * requested[z]))
            diameters = smallest * rng.uniform(0.4, 0.75, number)
            done += _start(rng, diameters, weights[:, :, z], z, grid, taken, sign)
        active = crossing
    return done + active


def _diameters(rng, number, smallest, median) -> np.ndarray:
    """Draw from the lognormal distribution, truncated to the smallest and the largest diameter."""
    limits = np.log(np.array([min(smallest, 0.8 * MAX_DIAMETER), MAX_DIAMETER]))
    low, high = ndtr((limits - np.log(median)) / DIAMETER_SPREAD)
    return median * np.exp(DIAMETER_SPREAD * ndtri(rng.uniform(low, high, number)))


def _start(rng, diameters, weights, z, grid, taken, sign, crowd=1.0) -> list[_PartialTube]:
    sizes = grid.sizes
    thickness = float(sizes[2])
    low = (z - 0.5) * thickness
    voxels = np.argwhere(weights > 0)
    chances = weights[tuple(voxels.T)].astype(float)
    # Weighted sampling without replacement (Efraimidis and Spirakis 2006).
    order = np.argsort(np.log(rng.random(len(voxels))) / chances)[::-1]
    source = _source(grid, sign)
    out = []
    for voxel in voxels[order[: len(diameters) * _TRIES]]:
        if len(out) == len(diameters):
            break
        if taken[tuple(voxel)]:
            continue
        x, y = (voxel + rng.uniform(-0.5, 0.5, 2)) * sizes[:2]
        path = np.array([x, y, z * thickness]) - source
        slope = 0.55 * path[:2] / max(path[2], 15.0) + rng.normal(0, 0.3, 2)
        slope *= crowd
        slope *= min(1.0, 1.2 / np.hypot(*slope))
        start = low + rng.uniform(0, 0.35) * thickness
        tube = _PartialTube(
            x=x,
            y=y,
            slope=slope,
            curvature=rng.normal(0, 0.008, 2),
            origin=z * thickness,
            diameter=float(diameters[len(out)]),
            start=start,
            end=low + rng.uniform(0.7, 1) * thickness,
        )
        if _claim(tube, low, low + thickness, grid, weights > 0, taken):
            out.append(tube)
    return out


def _claim(tube, low, high, grid, allowed, taken) -> bool:
    """Mark the pixels of a tube in a slice as taken; return False if it does not fit."""
    sizes = grid.sizes[:2]
    levels = np.linspace(max(low, tube.start), min(high, tube.end), 6)
    centres = tube.centre(levels) / sizes
    nearest = np.round(centres).astype(int)
    if (nearest < 3).any() or (nearest >= np.array(allowed.shape) - 3).any():
        return False
    if not allowed[tuple(nearest.T)].all():
        return False
    reach = int(np.ceil(tube.diameter / 2 / sizes.min())) + 2
    corner = nearest.min(axis=0) - reach
    stop = nearest.max(axis=0) + reach + 1
    corner = np.maximum(corner, 0)
    box = tuple(slice(a, b) for a, b in zip(corner, stop, strict=True))
    pixels = np.indices(taken[box].shape) + corner.reshape(2, 1, 1)
    offset = (pixels[:, None] - centres.T[:, :, None, None]) * sizes.reshape(2, 1, 1, 1)
    # The blur of the acquisition brightens pixels beyond the radius.
    needed = (np.hypot(*offset) <= tube.diameter / 2 + 0.25 * sizes.max()).any(axis=0)
    if (needed & taken[box]).any():
        return False
    taken[box] |= binary_dilation(needed, np.ones((3, 3), bool))
    return True


def _source(grid: Grid, sign: int) -> np.ndarray:
    """Return the origin of the fan of a side, mm along the grid axes."""
    origin = np.linalg.inv(grid.affine) @ np.append(_ORIGIN * [sign, 1, 1], 1)
    return origin[:3] * grid.sizes


def _finish(rng, tube: _PartialTube, grid: Grid, sizes: np.ndarray) -> Tube:
    number = max(4, int(np.ceil((tube.end - tube.start) / STEP)) + 1)
    z = np.linspace(tube.start, tube.end, number)
    index = np.column_stack([tube.centre(z), z]) / sizes
    points = apply_affine(grid.affine, index)
    # Tubes narrow towards both ends, and are uneven in between.
    end = np.minimum(z - tube.start, tube.end - z)
    taper = 0.5 + 0.5 * np.clip(end / 1.2, 0, 1)
    wave = 1 + 0.12 * np.sin(2 * np.pi * (z / rng.uniform(4, 9) + rng.random()))
    return Tube(points, tube.diameter / 2 * taper * wave)
