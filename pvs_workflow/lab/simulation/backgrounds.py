"""Real T2w with simulated ePVS in place of the person's own."""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from scipy.ndimage import gaussian_filter, map_coordinates

from pvs_workflow.derivatives import names
from pvs_workflow.errors import ImageError, NoInputError
from pvs_workflow.inputs.names import name_entities
from pvs_workflow.inputs.nifti import read_nifti
from pvs_workflow.lab.simulation.acquisition import Protocol
from pvs_workflow.lab.simulation.fields import smooth_field, stretch
from pvs_workflow.lab.simulation.grids import Grid
from pvs_workflow.lab.simulation.person import EPVS_SIGNAL, Burden, tube_counts
from pvs_workflow.lab.simulation.rendering import Spot, render_tubes, smallest_visible
from pvs_workflow.lab.simulation.scene import Scene
from pvs_workflow.lab.simulation.spots import without_spots
from pvs_workflow.lab.simulation.template import both_sides
from pvs_workflow.lab.simulation.vessels import draw_tubes
from pvs_workflow.science.geometry import to_canonical
from pvs_workflow.science.noise import estimate_noise
from pvs_workflow.science.roi import STRUCTURES, roi_labels, structure_values
from pvs_workflow.science.slabs import average_slabs, slab_affine, slab_labels, slices_per_slab

_STRUCTURES = f'_{names.STRUCTURES}.nii.gz'
_BLUR = (0.35, 0.5)  # pixels: point spread of a clinical T2w beyond the pixel itself
_MARGIN = np.array([25.0, 25.0, 6.0])  # mm around the ROI


@dataclass(frozen=True)
class Background:
    """A real T2w around the basal ganglia, averaged to slabs if slices are thin.

    Attributes
    ----------
    participant, session : str
        ``session`` is empty if there is none.
    tissue : (x, y, z) array of float32
        Signal in multiples of the putamen's median, without small bright spots.
    structures : (x, y, z) array of uint8
    affine : (4, 4) array
        Canonical order.
    fluid : float
        Signal of cerebrospinal fluid.
    noise : float
        Standard deviation of the noise.

    """

    participant: str
    session: str
    tissue: np.ndarray
    structures: np.ndarray
    affine: np.ndarray
    fluid: float
    noise: float


def read_backgrounds(derivatives: Path, whole: bool = False) -> list[Background]:
    """Read every T2w in which pvs_workflow has found the basal ganglia.

    Parameters
    ----------
    derivatives : Path
        Output folder of ``pvs_workflow BIDS_DIR derivatives participant``.
    whole : bool
        Return the whole head instead of the surroundings of the basal ganglia.

    Returns
    -------
    list of Background
        Sorted by file name.

    Raises
    ------
    NoInputError
        If there are no results.
    ImageError
        If an image cannot be read or used.

    """
    paths = sorted(Path(derivatives).glob(f'sub-*/**/*{_STRUCTURES}'))
    out = []
    for path in paths:
        t2w = path.with_name(path.name.removesuffix(_STRUCTURES) + f'_{names.T2W}.nii.gz')
        try:
            (image, scan), (_, labels) = map(read_nifti, (t2w, path))
        except ImageError as error:
            raise ImageError(f'cannot read the background {t2w}: {error}') from error
        entities = name_entities(t2w.name)
        person = entities['sub'], entities.get('ses', '')
        out.append(prepare_background(*person, scan, labels, image.affine, whole))
    if not out:
        raise NoInputError(
            f'{derivatives} has no backgrounds; give results of the participant level of '
            f'pvs_workflow, with files *{_STRUCTURES}'
        )
    return out


def prepare_background(
    participant: str,
    session: str,
    t2w: np.ndarray,
    structures: np.ndarray,
    affine: np.ndarray,
    whole: bool = False,
) -> Background:
    """Scale a T2w by its putamen, and remove the person's own small bright spots.

    ``structures`` holds FreeSurfer numbers on the grid of the T2w; ``whole`` is as in
    :func:`read_backgrounds`.
    """
    (t2w, grid, _), (structures, _, _) = (to_canonical(a, affine) for a in (t2w, structures))
    n = slices_per_slab(grid)
    t2w, structures = average_slabs(t2w, n), slab_labels(structures, n)
    grid = slab_affine(grid, n)
    putamen = np.isin(structures, both_sides('putamen'))
    unit = float(np.median(t2w[putamen])) if putamen.any() else 0.0
    if not unit > 0:
        raise ImageError(
            f'background sub-{participant}: the putamen has no signal '
            f'({np.count_nonzero(putamen)} voxels with median {unit:g}); leave this scan out'
        )
    box = (slice(0, n) for n in t2w.shape) if whole else None
    box = tuple(box or surroundings(roi_labels(structures) > 0, grid))
    t2w, structures = t2w[box].astype(np.float32) / np.float32(unit), structures[box]
    grid = Grid(t2w.shape, grid).box(tuple(part.start for part in box), t2w.shape).affine
    ventricles = np.isin(structures, both_sides('lateral ventricle'))
    fluid = np.percentile(t2w[ventricles], 90) if ventricles.any() else 2.5
    roi = roi_labels(structures) > 0
    noise = estimate_noise(t2w, roi)
    pixel = float(np.linalg.norm(grid[:3, 0]))
    tissue = without_spots(t2w, roi, noise, pixel)
    return Background(
        participant,
        session,
        tissue,
        structures.astype(np.uint8),
        grid,
        float(np.clip(fluid, 1.6, 4.5)),
        noise,
    )


def surroundings(roi: np.ndarray, affine: np.ndarray) -> tuple[slice, slice, slice]:
    """Return the box of an ROI with a margin."""
    margin = np.ceil(_MARGIN / np.linalg.norm(affine[:3, :3], axis=0)).astype(int)
    return tuple(
        slice(max(int(axis.min()) - m, 0), int(axis.max()) + m + 1)
        for axis, m in zip(np.nonzero(roi), margin, strict=True)
    )


def draw_scene(
    rng: np.random.Generator, background: Background, burden: Burden, calibre: float = 1.0
) -> Scene:
    """Flip and warp a background, change its contrast, and implant ePVS in it.

    ``burden`` and ``calibre`` are as in :func:`~pvs_workflow.lab.simulation.person.draw_person`.
    The tissue of the scene has the noise and blur of the scan.
    """
    if rng.random() < 0.5:
        background = flip_background(background)
    if rng.random() < 0.7:
        background = warp_background(rng, background)
    exponent = np.float32(rng.uniform(0.8, 1.25))
    tissue = np.where(
        background.tissue < 1.2, np.maximum(background.tissue, 0) ** exponent, background.tissue
    )
    grid = Grid(tissue.shape, background.affine)
    sizes = grid.sizes
    blur = rng.uniform(*_BLUR)
    protocol = Protocol(
        pixel=float(sizes[:2].mean()),
        thickness=float(sizes[2]),
        snr=1 / max(background.noise, 0.005),
        blur=(blur, blur),
        echo_time=0.0,  # unknown
        repetition_time=0.0,
    )
    fluid = EPVS_SIGNAL['T2w'] * background.fluid
    requested = tube_counts(burden(rng, tissue.shape[2]), background.structures, grid)
    smallest = smallest_visible(protocol, fluid)
    blocked = tissue > 1.6  # lesions, and fluid inside the ROI
    tubes = draw_tubes(rng, requested, background.structures, grid, smallest, blocked, calibre)
    spots = [
        Spot(s.tube, s.slice_index, s.corner, gaussian_filter(s.volume, blur))
        for s in render_tubes(tubes, grid, protocol)
    ]
    recorded = replace(protocol, blur=(0.0, 0.0))
    return Scene(grid, (0, 0, 0), tissue, background.structures, spots, fluid, recorded)


def flip_background(background: Background) -> Background:
    """Return the left–right mirror image, with the labels of both sides swapped."""
    swapped = np.arange(256, dtype=np.uint8)
    for s in STRUCTURES:
        (opposite,) = structure_values('R' if s.hemisphere == 'L' else 'L', s.name)
        swapped[s.index] = opposite
    return replace(
        background,
        tissue=background.tissue[::-1].copy(),
        structures=swapped[background.structures][::-1].copy(),
    )


def warp_background(rng: np.random.Generator, background: Background) -> Background:
    """Return the background under a smooth random deformation within each slice."""
    shape = background.tissue.shape
    pixel = np.linalg.norm(background.affine[:3, 0])
    step = (6 / pixel, 6 / pixel)
    counts = tuple(int(np.ceil(n / s)) + 2 for n, s in zip(shape[:2], step, strict=True))
    scale = rng.uniform(0.5, 2.5) / pixel
    shift = [scale * stretch(smooth_field(rng, counts, 2.5), shape[:2], step) for _ in range(2)]
    zoom = rng.uniform(0.94, 1.06, 2)
    centre = (np.array(shape[:2]) - 1) / 2
    index = np.indices(shape[:2], dtype=float)
    index = (index - centre.reshape(2, 1, 1)) * zoom.reshape(2, 1, 1) + centre.reshape(2, 1, 1)
    index = index + np.stack(shift)

    def warp(volume, order):
        planes = [
            map_coordinates(volume[:, :, z], index, order=order, mode='nearest')
            for z in range(shape[2])
        ]
        return np.stack(planes, axis=2).astype(volume.dtype)

    return replace(
        background, tissue=warp(background.tissue, 3), structures=warp(background.structures, 0)
    )
