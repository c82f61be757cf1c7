"""Simulated sessions: the scans of a person, and the truth on the T2w grid."""

from dataclasses import dataclass

import numpy as np

from pvs_workflow.lab.simulation.acquisition import (
    Protocol,
    draw_grid,
    draw_movement,
    draw_pose,
    draw_protocol,
    record,
)
from pvs_workflow.lab.simulation.contrasts import sample_contrast, sample_structures
from pvs_workflow.lab.simulation.fields import stretch
from pvs_workflow.lab.simulation.grids import Grid
from pvs_workflow.lab.simulation.lesions import add_lesions
from pvs_workflow.lab.simulation.person import EPVS_SIGNAL, Person, detailed_box
from pvs_workflow.lab.simulation.rendering import add_volume, render_tubes
from pvs_workflow.lab.simulation.scene import Scene
from pvs_workflow.science.roi import roi_labels
from pvs_workflow.science.slabs import central_slice, slab_labels
from pvs_workflow.science.slices import HEMISPHERES, find_views

CONTRASTS = ('T2w', 'T1w', 'FLAIR')


@dataclass(frozen=True)
class SimulatedScan:
    """One recorded volume.

    Attributes
    ----------
    data : (x, y, z) array of uint16
        Intensities in canonical order.
    affine : (4, 4) array
        Voxel index to world, mm.
    world_from_person : (4, 4) array
        Pose of the head in the scanner.
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
    """Scans of one session, and the truth on the T2w grid in canonical order.

    Attributes
    ----------
    scans : dict of str to SimulatedScan
        Scans by contrast.
    structures : (x, y, z) array of uint8
    roi : (x, y, z) array of uint8
    epvs : (x, y, z) array of int32
        A unique number for each countable ePVS.
    counts : tuple of ImageCount

    """

    scans: dict[str, SimulatedScan]
    structures: np.ndarray
    roi: np.ndarray
    epvs: np.ndarray
    counts: tuple[ImageCount, ...]


def draw_t2w_grid(
    rng: np.random.Generator, acquisition: str, tilt: float = 2.5
) -> tuple[Protocol, Grid]:
    """Draw a T2w protocol and the position of its slices."""
    protocol = draw_protocol(rng, acquisition, 'T2w')
    return protocol, draw_grid(rng, protocol, tilt)


def scan_session(
    rng: np.random.Generator,
    person: Person,
    t2w: tuple[Protocol, Grid],
    others: dict[str, Protocol],
) -> Session:
    """Scan a person once.

    The T2w grid is in the person's space; ``others`` holds the protocols of T1w and FLAIR if
    requested. Thin slices have the truth of the slabs that they are averaged to.
    """
    protocol, grid = t2w
    pose = draw_pose(rng)
    detail = detailed_scene(person, t2w)
    n = protocol.slab
    region = detail.region(n)
    structures, epvs = (np.zeros(grid.shape, kind) for kind in (np.uint8, np.int32))
    structures[region] = np.repeat(detail.structures, n, axis=2)
    epvs[region] = np.repeat(detail.visible(), n, axis=2)
    roi = roi_labels(structures)
    signal = _sample_head('T2w', person, grid, protocol)
    if n == 1:
        signal[region] = detail.signal()
    else:
        fine = grid.box(tuple(axis.start for axis in region), structures[region].shape)
        signal[region] = _add_spaces('T2w', person, fine, protocol)
    scans = {
        'T2w': SimulatedScan(
            record(rng, signal, grid, protocol), pose @ grid.affine, pose, protocol
        )
    }
    for contrast, other in others.items():
        scans[contrast] = _scan_other(rng, person, contrast, other, pose)
    return Session(scans, structures, roi, epvs, count_images(roi, epvs, n))


def detailed_scene(person: Person, t2w: tuple[Protocol, Grid]) -> Scene:
    """Return the basal ganglia of a person, averaged over the slices of a T2w protocol."""
    protocol = t2w[0].slab_protocol()
    corner, grid = detailed_box(person.template, person.shape, t2w[1].slabs(t2w[0].slab))
    return Scene(
        grid,
        corner,
        _add_lesions('T2w', person, grid, protocol),
        sample_structures(person.template, person.shape, grid),
        render_tubes(list(person.tubes), grid, protocol),
        EPVS_SIGNAL['T2w'] * person.tissue.fluid,
        protocol,
    )


def count_images(roi: np.ndarray, epvs: np.ndarray, n: int = 1) -> tuple[ImageCount, ...]:
    """Count the spaces in each of the six images that the method selects from the true ROI.

    A space belongs to the hemisphere that holds at least half of its pixels in the slice.

    ``roi`` and ``epvs`` are (x, y, z) arrays of int. If ``n`` slices are averaged to a slab, the
    count belongs to its central slice.
    """
    counts = []
    roi, epvs = slab_labels(roi, n), slab_labels(epvs, n)
    for view in find_views(roi):
        plane, sides = epvs[:, :, view.slice_index], roi[:, :, view.slice_index]
        labels, sizes = np.unique(plane[plane > 0], return_counts=True)
        value = HEMISPHERES[view.hemisphere]
        inside = [
            np.count_nonzero((plane == label) & (sides == value)) * 2 >= size
            for label, size in zip(labels, sizes, strict=True)
        ]
        index = central_slice(view.slice_index, n)
        counts.append(ImageCount(view.hemisphere, index, view.rank, int(sum(inside))))
    return tuple(counts)


def _average_slices(
    contrast, person, grid: Grid, weights: np.ndarray, textured=True
) -> np.ndarray:
    layers = len(weights)
    offsets = (np.arange(layers) + 0.5) / layers - 0.5
    fine = sample_contrast(
        contrast, person.template, person.shape, person.tissue, grid.sublayers(offsets), textured
    )
    return fine.reshape(*grid.shape, layers) @ weights.astype(np.float32)


def _sample_head(contrast, person, grid: Grid, protocol: Protocol) -> np.ndarray:
    """Sample the whole head at a coarse in-plane resolution."""
    weights = protocol.layer_weights(max(1, round(grid.sizes[2] / 2.0)))
    factor = max(1, round(protocol.surroundings / grid.sizes[0]))
    planes = _average_slices(contrast, person, grid.coarser(factor), weights, False)
    planes = np.ascontiguousarray(np.moveaxis(planes, 2, 0))
    whole = stretch(planes, grid.shape[:2], (factor, factor))
    return np.ascontiguousarray(np.moveaxis(whole, 0, 2))


def _add_lesions(contrast, person, grid: Grid, protocol: Protocol) -> np.ndarray:
    weights = protocol.layer_weights(max(1, round(protocol.thickness / 1.25)))
    tissue = _average_slices(contrast, person, grid, weights)
    return add_lesions(tissue, list(person.lesions), grid, contrast, person.tissue.fluid)


def _add_spaces(contrast, person, grid: Grid, protocol: Protocol) -> np.ndarray:
    tissue = _add_lesions(contrast, person, grid, protocol)
    fluid = EPVS_SIGNAL[contrast] * (person.tissue.fluid if contrast == 'T2w' else 1)
    volume = add_volume(render_tubes(list(person.tubes), grid, protocol), tissue.shape)
    return tissue * (1 - volume) + fluid * volume


def _scan_other(rng, person, contrast, protocol, pose) -> SimulatedScan:
    moved_pose = draw_movement(rng) @ pose
    grid = draw_grid(rng, protocol, tilt=3.0)
    signal = _add_spaces(contrast, person, grid, protocol)
    data = record(rng, signal, grid, protocol)
    return SimulatedScan(data, moved_pose @ grid.affine, moved_pose, protocol)
