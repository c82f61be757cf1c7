"""Enlarged perivascular spaces as curved, tapered tubes along the lenticulostriate fan."""

from dataclasses import dataclass

import numpy as np
from nibabel.affines import apply_affine
from scipy.ndimage import binary_dilation, distance_transform_edt
from scipy.special import ndtr, ndtri

from pvs_workflow.lab.simulation.fields import smooth_field, stretch
from pvs_workflow.lab.simulation.grids import Grid
from pvs_workflow.science.roi import STRUCTURES
from pvs_workflow.science.slices import HEMISPHERES

MEDIAN_DIAMETER = 1.2
DIAMETER_SPREAD = 0.36
"""Of a lognormal distribution in millimetres: 90 % lie between 0.66 and 2.2 mm."""
LARGEST_DIAMETER = 3.0
"""Wider fluid-filled spaces are lacunes by the STRIVE standards (Wardlaw et al. 2013)."""
MEAN_LENGTH = 9.0  # mm, beyond the slice in which a space starts
STEP = 0.4  # mm between the points of a centre line
_ORIGIN = np.array([17.0, 4.0, -24.0])
"""Where the fan starts, below the anterior perforated substance: mm to the side of, in front of
and above the template's origin."""
_WEIGHTS = {  # how densely a structure holds ePVS
    'putamen': 1.0,
    'internal capsule': 0.45,
    'pallidum': 0.55,
    'caudate': 0.35,
    'accumbens': 0.6,
}
FAINT = (1.0, 0.25)
"""Perivascular spaces too narrow to be counted, per image: a mean, and more of them for each one
that is wanted."""
_TRIES = 60  # places tried per space before an image counts as full
_CLUSTER_SIZE = 5.0  # mm over which ePVS are dense or sparse together
_CLUSTERING = (0.2, 1.0)  # standard deviations of the density's logarithm, over people
_CROWDED = 25  # wanted spaces from which they lean less and are finer, as there is no room else


@dataclass(frozen=True)
class Tube:
    """One perivascular space.

    Attributes
    ----------
    points : (n, 3) array
        Centre line in millimetres, upwards.
    radii : (n,) array
        In millimetres.

    """

    points: np.ndarray
    radii: np.ndarray


@dataclass
class _Growing:
    """A tube while it is led from slice to slice; positions in mm along the grid's axes."""

    x: float
    y: float
    slope: np.ndarray
    bend: np.ndarray
    origin: float
    diameter: float
    start: float
    end: float

    def centre(self, z: np.ndarray) -> np.ndarray:
        up = np.asarray(z, dtype=float)[..., None] - self.origin
        return np.array([self.x, self.y]) + up * self.slope + up**2 * self.bend


def draw_tubes(
    rng: np.random.Generator,
    wanted: np.ndarray,
    structures: np.ndarray,
    grid: Grid,
    smallest: float,
    blocked: np.ndarray | None = None,
    calibre: float = 1.0,
) -> list[Tube]:
    """Place tubes so that each hemisphere of each slice is crossed by the wanted number.

    Slices are filled from the bottom. Of the tubes that reach a slice's top, a random part
    (those whose way is free and inside the ROI) goes on into the next one, never more than that
    slice wants; what is missing starts there. Two tubes keep a pixel between them.

    Parameters
    ----------
    rng : numpy.random.Generator
    wanted : (2, z) array of int
        Left and right; 0 where a slice has no ROI.
    structures : (x, y, z) array of int
        FreeSurfer numbers, with the capsule.
    grid : Grid
        Of `structures`; the tubes are in the space its affine leads to.
    smallest : float
        Diameter in millimetres from which the acquisition shows a space. The wanted ones are
        drawn from here up; some narrower ones are added, which nobody could count.
    blocked : (x, y, z) array of bool, optional
        Where no space may lie, for instance because a lacune does.
    calibre : float
        Factor on the median diameter of the wanted ones.

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
        grown = _fill(rng, wanted[side], (weights, blocked), grid, limits, sign)
        tubes += [_finish(rng, tube, grid, sizes) for tube in grown]
    return tubes


def _clusters(rng: np.random.Generator, grid: Grid) -> np.ndarray:
    """Return how much denser than average ePVS lie at each voxel."""
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
        # Centres keep off the border, beyond which a space would not count.
        weights[:, :, z] *= distance_transform_edt(weights[:, :, z] > 0) > 1.5
    return weights


def _fill(rng, wanted, places, grid, diameter, sign) -> list[_Growing]:
    weights, blocked = places
    smallest, median = diameter
    thickness = float(grid.sizes[2])
    go_on = np.exp(-thickness / MEAN_LENGTH)
    done, active = [], []
    for z in range(weights.shape[2]):
        taken = blocked[:, :, z].copy()
        allowed = weights[:, :, z] > 0
        low, high = (z - 0.5) * thickness, (z + 0.5) * thickness
        kept = []
        for tube in active:
            if len(kept) < wanted[z] and rng.random() < go_on:
                longer = _Growing(**{**vars(tube), 'end': low + rng.uniform(0.6, 1) * thickness})
                if _claim(longer, low, high, grid, allowed, taken):
                    kept.append(longer)
                    continue
            done.append(tube)
        missing = int(wanted[z]) - len(kept)
        if missing > 0 and allowed.any():
            crowd = min(1.0, _CROWDED / wanted[z])
            diameters = _diameters(rng, missing, smallest, median * crowd**0.3)
            kept += _start(rng, diameters, weights[:, :, z], z, grid, taken, sign, crowd)
        if allowed.any():
            number = int(rng.poisson(FAINT[0] + FAINT[1] * wanted[z]))
            diameters = smallest * rng.uniform(0.4, 0.75, number)
            done += _start(rng, diameters, weights[:, :, z], z, grid, taken, sign)
        active = kept
    return done + active


def _diameters(rng, number, smallest, median) -> np.ndarray:
    """Draw from the lognormal distribution between the smallest and the largest diameter."""
    limits = np.log(np.array([min(smallest, 0.8 * LARGEST_DIAMETER), LARGEST_DIAMETER]))
    low, high = ndtr((limits - np.log(median)) / DIAMETER_SPREAD)
    return median * np.exp(DIAMETER_SPREAD * ndtri(rng.uniform(low, high, number)))


def _start(rng, diameters, weights, z, grid, taken, sign, crowd=1.0) -> list[_Growing]:
    sizes = grid.sizes
    thickness = float(sizes[2])
    low = (z - 0.5) * thickness
    places = np.argwhere(weights > 0)
    chances = weights[tuple(places.T)].astype(float)
    # Weighted sampling without replacement (Efraimidis and Spirakis 2006).
    order = np.argsort(np.log(rng.random(len(places))) / chances)[::-1]
    source = _source(grid, sign)
    out = []
    for place in places[order[: len(diameters) * _TRIES]]:
        if len(out) == len(diameters):
            break
        if taken[tuple(place)]:
            continue
        x, y = (place + rng.uniform(-0.5, 0.5, 2)) * sizes[:2]
        away = np.array([x, y, z * thickness]) - source
        slope = 0.55 * away[:2] / max(away[2], 15.0) + rng.normal(0, 0.3, 2)
        slope *= crowd
        slope *= min(1.0, 1.2 / np.hypot(*slope))
        start = low + rng.uniform(0, 0.35) * thickness
        tube = _Growing(
            x=x,
            y=y,
            slope=slope,
            bend=rng.normal(0, 0.008, 2),
            origin=z * thickness,
            diameter=float(diameters[len(out)]),
            start=start,
            end=low + rng.uniform(0.7, 1) * thickness,
        )
        if _claim(tube, low, low + thickness, grid, weights > 0, taken):
            out.append(tube)
    return out


def _claim(tube, low, high, grid, allowed, taken) -> bool:
    """Mark the pixels that a tube needs in a slice, if they are free and its centre is inside."""
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
    away = (pixels[:, None] - centres.T[:, :, None, None]) * sizes.reshape(2, 1, 1, 1)
    # More than the radius: what the acquisition's blur lets it light up.
    needed = (np.hypot(*away) <= tube.diameter / 2 + 0.25 * sizes.max()).any(axis=0)
    if (needed & taken[box]).any():
        return False
    taken[box] |= binary_dilation(needed, np.ones((3, 3), bool))
    return True


def _source(grid: Grid, sign: int) -> np.ndarray:
    """Return where this side's fan starts, in mm along the grid's axes."""
    there = np.linalg.inv(grid.affine) @ np.append(_ORIGIN * [sign, 1, 1], 1)
    return there[:3] * grid.sizes


def _finish(rng, tube: _Growing, grid: Grid, sizes: np.ndarray) -> Tube:
    number = max(4, int(np.ceil((tube.end - tube.start) / STEP)) + 1)
    z = np.linspace(tube.start, tube.end, number)
    index = np.column_stack([tube.centre(z), z]) / sizes
    points = apply_affine(grid.affine, index)
    # Narrower towards both ends, and uneven on the way.
    end = np.minimum(z - tube.start, tube.end - z)
    taper = 0.5 + 0.5 * np.clip(end / 1.2, 0, 1)
    wave = 1 + 0.12 * np.sin(2 * np.pi * (z / rng.uniform(4, 9) + rng.random()))
    return Tube(points, tube.diameter / 2 * taper * wave)
