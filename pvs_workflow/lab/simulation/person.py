"""Simulated persons: anatomy, and ePVS in the requested numbers."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from pvs_workflow.lab.simulation.acquisition import Protocol
from pvs_workflow.lab.simulation.anatomy import Shape, Tissue, draw_shape, draw_tissue
from pvs_workflow.lab.simulation.burden import draw_quantiles, flat_counts, paper_counts
from pvs_workflow.lab.simulation.contrasts import sample_points, sample_structures
from pvs_workflow.lab.simulation.grids import Grid
from pvs_workflow.lab.simulation.labelmaps import label_template, load_label_map
from pvs_workflow.lab.simulation.lesions import Lesion, draw_lesions, lesion_mask
from pvs_workflow.lab.simulation.relaxation import Tissues, draw_tissues, fluid_ratio
from pvs_workflow.lab.simulation.rendering import smallest_visible
from pvs_workflow.lab.simulation.template import Template, load_template
from pvs_workflow.lab.simulation.vessels import Tube, draw_tubes
from pvs_workflow.science.roi import roi_labels
from pvs_workflow.science.slices import HEMISPHERES

Burden = Callable[[np.random.Generator, int], np.ndarray]

MARGIN = np.array([12.0, 7.0, 6.0])
"""Margin around the basal ganglia that is simulated at full detail, mm; covers the six images."""
FULL_AREA = 600.0
"""ROI area in one hemisphere of a slice from which it gets the full count, mm²."""
MIN_ROI_AREA = 40.0
"""ROI area in one hemisphere of a slice below which it gets no ePVS, mm²."""
ALLOWANCE = {'paper': 1.04, 'varied': 1.12}
"""Tubes drawn per requested ePVS: some stay below the visibility rule or cannot be placed."""
EPVS_SIGNAL = {'T2w': 0.95, 'T1w': 0.3, 'FLAIR': 0.3}
"""Signal of ePVS, in multiples of the person's fluid in T2w, and of tissue in T1w and FLAIR."""


@dataclass(frozen=True)
class Person:
    """Properties of a person that do not change between sessions.

    Attributes
    ----------
    template : Template
        Source of the anatomy.
    shape : Shape
    tissue : Tissue
    lesions : tuple of Lesion
        Confounders of ePVS.
    tubes : tuple of Tube
        The ePVS, in the person's space, mm.

    """

    template: Template
    shape: Shape
    tissue: Tissue
    lesions: tuple[Lesion, ...]
    tubes: tuple[Tube, ...]


def draw_anatomy(
    rng: np.random.Generator,
    protocol: Protocol,
    acquisition: str,
    anatomies: tuple[Path, ...] = (),
    whole: bool = True,
) -> tuple[Template, Tissue]:
    """Draw the anatomy of a person, and its tissue under a protocol.

    Parameters
    ----------
    rng : numpy.random.Generator
    protocol : Protocol
        Protocol of the T2w.
    acquisition : {'paper', 'varied'}
    anatomies : tuple of Path
        Label maps to choose from, in addition to the shipped template.
    whole : bool
        Return the whole head instead of the surroundings of the basal ganglia.

    """
    tissues, path = draw_source(rng, protocol, acquisition, anatomies)
    if path is None:
        template = load_template()
    else:
        template = label_template(load_label_map(path), tissues, whole)
    varied = acquisition == 'varied'
    return template, draw_tissue(rng, varied, fluid_ratio(tissues), averaged=path is None)


def draw_source(
    rng: np.random.Generator,
    protocol: Protocol,
    acquisition: str,
    anatomies: tuple[Path, ...] = (),
) -> tuple[Tissues, Path | None]:
    """Draw the tissue properties and the label map of a person; None means the template.

    These are the first draws of :func:`draw_anatomy`.
    """
    times = protocol.echo_time, protocol.repetition_time
    tissues = draw_tissues(rng, acquisition, *times)
    if not anatomies or rng.random() >= len(anatomies) / (len(anatomies) + 2):
        return tissues, None
    return tissues, anatomies[rng.integers(len(anatomies))]


def draw_person(
    rng: np.random.Generator,
    anatomy: tuple[Template, Tissue],
    t2w: tuple[Protocol, Grid],
    acquisition: str,
    burden: Burden,
    calibre: float = 1.0,
) -> Person:
    """Draw a person with the requested counts of ePVS in the slices of a grid.

    Parameters
    ----------
    rng : numpy.random.Generator
    anatomy : Template and Tissue
        Output of :func:`draw_anatomy`.
    t2w : Protocol and Grid
        Protocol and grid of the first T2w, in the person's space.
    acquisition : {'paper', 'varied'}
    burden : callable
        Returns (2, n) counts, given the generator and the number n of slices (slabs).
    calibre : float
        Factor applied to the median diameter of ePVS.

    """
    template, tissue = anatomy
    protocol = t2w[0].slab_protocol()
    grid = t2w[1].slabs(t2w[0].slab)
    shape = draw_shape(rng, template.ventricles)
    _, detail = detailed_box(template, shape, grid)
    structures = sample_structures(template, shape, detail)
    lesions = draw_lesions(rng, structures, detail, acquisition)
    tubes = draw_tubes(
        rng,
        tube_counts(burden(rng, detail.shape[2]), structures, grid, ALLOWANCE[acquisition]),
        structures,
        detail,
        smallest_visible(protocol, EPVS_SIGNAL['T2w'] * tissue.fluid),
        lesion_mask(lesions, detail),
        calibre,
    )
    return Person(template, shape, tissue, tuple(lesions), tuple(tubes))


def cohort_burden(acquisition: str, level: float | None = None, tilt: float = 0.0) -> Burden:
    """Return a function that draws counts: as in the paper ('paper') or uniform ('varied').

    ``level`` and ``tilt`` are as in :func:`~pvs_workflow.lab.simulation.burden.draw_quantiles`.
    """
    to_counts = paper_counts if acquisition == 'paper' else flat_counts
    return lambda rng, n_slices: to_counts(draw_quantiles(rng, n_slices, level, tilt))


def tube_counts(
    counts: np.ndarray, structures: np.ndarray, grid: Grid, allowance: float = 1.0
) -> np.ndarray:
    """Return the number of tubes of each slice, reduced where it shows little of the ROI.

    ``counts`` and the result are (2, z) arrays of int; ``allowance`` is the number of tubes per
    requested ePVS. The grid gives the pixel sizes.
    """
    roi = roi_labels(structures)
    areas = np.stack([np.count_nonzero(roi == v, axis=(0, 1)) for v in HEMISPHERES.values()])
    areas = areas * np.prod(grid.sizes[:2])
    numbers = np.floor(counts * np.minimum(areas / FULL_AREA, 1) * allowance + 0.5).astype(int)
    numbers[areas < MIN_ROI_AREA] = 0
    return numbers


def detailed_box(
    template: Template, shape: Shape, grid: Grid
) -> tuple[tuple[int, int, int], Grid]:
    """Return the first voxel and the grid of the box around the basal ganglia."""
    coarse = np.array([4, 4, 1])
    sparse = Grid(tuple(-(-np.array(grid.shape) // coarse)), grid.affine @ np.diag([*coarse, 1]))
    points = sample_points(shape, sparse)
    low = (template.corners[0] - MARGIN).reshape(3, 1, 1, 1)
    high = (template.corners[1] + MARGIN).reshape(3, 1, 1, 1)
    inside = np.nonzero(((points > low) & (points < high)).all(axis=0))
    first = [int(axis.min()) * int(c) for axis, c in zip(inside, coarse, strict=True)]
    last = [
        min(int(axis.max() + 1) * int(c), n)
        for axis, c, n in zip(inside, coarse, grid.shape, strict=True)
    ]
    size = tuple(b - a for a, b in zip(first, last, strict=True))
    return tuple(first), grid.box(tuple(first), size)
