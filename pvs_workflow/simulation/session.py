"""One session: a person's scans, and the truth on the T2w grid."""

from dataclasses import dataclass

import numpy as np

from pvs_workflow.science.roi import roi_labels
from pvs_workflow.science.slices import HEMISPHERES, find_views
from pvs_workflow.simulation.acquisition import (
    Protocol,
    draw_grid,
    draw_movement,
    draw_pose,
    draw_protocol,
    record,
)
from pvs_workflow.simulation.contrasts import sample_contrast, sample_structures
from pvs_workflow.simulation.fields import stretch
from pvs_workflow.simulation.grids import Grid
from pvs_workflow.simulation.person import (
    EPVS_SIGNAL,
    STRUCTURE_LAYERS,
    Person,
    detailed_box,
)
from pvs_workflow.simulation.rendering import Spot, add_volume, label_visible, render
from pvs_workflow.simulation.template import Template

CONTRASTS = ('T2w', 'T1w', 'FLAIR')


@dataclass(frozen=True)
class Scan:
    """One recorded volume.

    Attributes
    ----------
    data : (x, y, z) array of uint16
        Canonical order.
    affine : (4, 4) array
        Voxel index to world millimetres.
    world_from_person : (4, 4) array
        Where the head lay.
    protocol : Protocol

    """

    data: np.ndarray
    affine: np.ndarray
    world_from_person: np.ndarray
    protocol: Protocol


@dataclass(frozen=True)
class ImageCount:
    """The true count of one of the six images."""

    hemisphere: str
    slice_index: int
    rank: int
    count: int


@dataclass(frozen=True)
class Session:
    """One session's scans and its truth, on the T2w grid in canonical order.

    Attributes
    ----------
    scans : dict of str to Scan
        By contrast.
    structures : (x, y, z) array of uint8
    roi : (x, y, z) array of uint8
    epvs : (x, y, z) array of int32
        Every countable ePVS its own integer.
    counts : tuple of ImageCount

    """

    scans: dict[str, Scan]
    structures: np.ndarray
    roi: np.ndarray
    epvs: np.ndarray
    counts: tuple[ImageCount, ...]


def draw_t2w_grid(
    rng: np.random.Generator, acquisition: str, tilt: float = 2.5
) -> tuple[Protocol, Grid]:
    """Draw a T2w protocol and its slices on the person."""
    protocol = draw_protocol(rng, acquisition, 'T2w')
    return protocol, draw_grid(rng, protocol, tilt)


def scan_session(
    rng: np.random.Generator,
    template: Template,
    person: Person,
    t2w: tuple[Protocol, Grid],
    others: dict[str, Protocol],
) -> Session:
    """Scan a person once.

    Parameters
    ----------
    rng : numpy.random.Generator
    template : Template
    person : Person
    t2w : Protocol and Grid
        The grid leads to the person's space.
    others : dict of str to Protocol
        T1w and FLAIR, as wanted.

    Returns
    -------
    Session

    """
    protocol, grid = t2w
    pose = draw_pose(rng)
    layers = max(1, round(protocol.thickness / 1.25))
    corner, box = detailed_box(template, person.shape, grid)
    detail = grid.box(corner, box)
    tissue = _averaged('T2w', template, person, detail, layers)
    structures = np.zeros(grid.shape, dtype=np.uint8)
    region = tuple(slice(a, a + n) for a, n in zip(corner, box, strict=True))
    structures[region] = sample_structures(template, person.shape, detail, STRUCTURE_LAYERS)
    roi = roi_labels(structures)
    spots = render(list(person.tubes), detail)
    fluid = EPVS_SIGNAL['T2w'] * person.tissue.fluid
    epvs = np.zeros(grid.shape, dtype=np.int32)
    epvs[region] = label_visible(
        spots, tissue, fluid, protocol.blur, 1 / protocol.snr, roi[region]
    )
    signal = _whole('T2w', template, person, grid, protocol.surroundings)
    signal[region] = _filled(tissue, spots, fluid)
    scans = {'T2w': Scan(record(rng, signal, grid, protocol), pose @ grid.affine, pose, protocol)}
    for contrast, other in others.items():
        scans[contrast] = _scan_other(rng, template, person, contrast, other, pose)
    return Session(scans, structures, roi, epvs, count_images(roi, epvs))


def count_images(roi: np.ndarray, epvs: np.ndarray) -> tuple[ImageCount, ...]:
    """Count the spaces on each of the six images that the method picks from the true ROI.

    A space belongs to the hemisphere that holds at least half of its pixels in the slice.
    """
    counts = []
    for view in find_views(roi):
        plane, sides = epvs[:, :, view.slice_index], roi[:, :, view.slice_index]
        labels, sizes = np.unique(plane[plane > 0], return_counts=True)
        value = HEMISPHERES[view.hemisphere]
        inside = [
            np.count_nonzero((plane == label) & (sides == value)) * 2 >= size
            for label, size in zip(labels, sizes, strict=True)
        ]
        counts.append(ImageCount(view.hemisphere, view.slice_index, view.rank, int(sum(inside))))
    return tuple(counts)


def _averaged(contrast, template, person, grid: Grid, layers: int, textured=True) -> np.ndarray:
    offsets = (np.arange(layers) + 0.5) / layers - 0.5
    fine = sample_contrast(
        contrast, template, person.shape, person.tissue, grid.sublayers(offsets), textured
    )
    return fine.reshape(*grid.shape, layers).mean(axis=-1)


def _whole(contrast, template, person, grid: Grid, detail: float) -> np.ndarray:
    """Sample the whole head coarsely in plane."""
    layers = max(1, round(grid.sizes[2] / 2.0))
    factor = max(1, round(detail / grid.sizes[0]))
    coarse = grid.coarser(factor)
    planes = np.moveaxis(_averaged(contrast, template, person, coarse, layers, False), 2, 0)
    whole = stretch(np.ascontiguousarray(planes), grid.shape[:2], (factor, factor))
    return np.ascontiguousarray(np.moveaxis(whole, 0, 2))


def _filled(tissue: np.ndarray, spots: list[Spot], fluid: float) -> np.ndarray:
    volume = add_volume(spots, tissue.shape)
    return tissue * (1 - volume) + fluid * volume


def _scan_other(rng, template, person, contrast, protocol, pose) -> Scan:
    moved = draw_movement(rng) @ pose
    grid = draw_grid(rng, protocol, tilt=3.0)
    layers = max(1, round(protocol.thickness / 1.5))
    signal = _averaged(contrast, template, person, grid, layers)
    spots = render(list(person.tubes), grid)
    signal = _filled(signal, spots, EPVS_SIGNAL[contrast])
    return Scan(record(rng, signal, grid, protocol), moved @ grid.affine, moved, protocol)
