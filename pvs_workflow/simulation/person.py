"""One simulated person: anatomy, and ePVS that give the wanted counts."""

from dataclasses import dataclass

import numpy as np

from pvs_workflow.science.roi import roi_labels
from pvs_workflow.science.slices import HEMISPHERES
from pvs_workflow.simulation.acquisition import Protocol
from pvs_workflow.simulation.anatomy import Shape, Tissue, draw_shape, draw_tissue
from pvs_workflow.simulation.burden import draw_quantiles, flat_counts, paper_counts
from pvs_workflow.simulation.contrasts import sample_points, sample_structures
from pvs_workflow.simulation.grids import Grid
from pvs_workflow.simulation.rendering import smallest_visible
from pvs_workflow.simulation.template import Template
from pvs_workflow.simulation.vessels import Tube, draw_tubes

MARGIN = np.array([12.0, 7.0, 6.0])
"""Millimetres around the basal ganglia that are simulated at full detail: what the six images
show."""
FULL_AREA = 600.0
"""Square millimetres of ROI, in one hemisphere of one slice, that can hold the whole burden."""
SMALLEST_AREA = 40.0
"""Square millimetres of ROI under which a slice gets no ePVS."""
ALLOWANCE = {'paper': 1.04, 'varied': 1.12}
"""Tubes drawn per wanted count: some stay below the visibility rule or find no place."""
EPVS_SIGNAL = {'T2w': 0.95, 'T1w': 0.3, 'FLAIR': 0.3}
"""What fills an ePVS: in T2w times the person's fluid, else in units of tissue."""
STRUCTURE_LAYERS = 3


@dataclass(frozen=True)
class Person:
    """What stays the same between sessions.

    Attributes
    ----------
    shape : Shape
    tissue : Tissue
    tubes : tuple of Tube
        In the person's millimetres.

    """

    shape: Shape
    tissue: Tissue
    tubes: tuple[Tube, ...]


def draw_person(
    rng: np.random.Generator,
    template: Template,
    t2w: tuple[Protocol, Grid],
    acquisition: str,
    level: float | None = None,
    tilt: float = 0.0,
) -> Person:
    """Draw a person, whose ePVS give the wanted counts in the slices of a grid.

    Parameters
    ----------
    rng : numpy.random.Generator
    template : Template
    t2w : Protocol and Grid
        Of the first T2w; the grid leads to the person's space.
    acquisition : {'paper', 'varied'}
        'paper' asks for counts with the paper's distribution, 'varied' for all counts alike.
    level, tilt
        See :func:`~pvs_workflow.simulation.burden.draw_quantiles`.

    """
    protocol, grid = t2w
    shape = draw_shape(rng, template)
    tissue = draw_tissue(rng, varied=acquisition == 'varied')
    corner, box = detailed_box(template, shape, grid)
    structures = sample_structures(template, shape, grid.box(corner, box), STRUCTURE_LAYERS)
    to_counts = paper_counts if acquisition == 'paper' else flat_counts
    counts = to_counts(draw_quantiles(rng, box[2], level, tilt))
    roi = roi_labels(structures)
    areas = np.stack([np.count_nonzero(roi == v, axis=(0, 1)) for v in HEMISPHERES.values()])
    areas = areas * np.prod(grid.sizes[:2])
    share = np.minimum(areas / FULL_AREA, 1) * ALLOWANCE[acquisition]
    wanted = np.floor(counts * share + 0.5).astype(int)
    wanted[areas < SMALLEST_AREA] = 0
    tubes = draw_tubes(
        rng,
        wanted,
        structures,
        grid.box(corner, box),
        smallest_visible(protocol, EPVS_SIGNAL['T2w'] * tissue.fluid),
    )
    return Person(shape, tissue, tuple(tubes))


def detailed_box(
    template: Template, shape: Shape, grid: Grid
) -> tuple[tuple[int, int, int], tuple[int, int, int]]:
    """Return the first voxel and the shape of the box that holds the basal ganglia."""
    coarse = np.array([4, 4, 1])
    few = Grid(tuple(-(-np.array(grid.shape) // coarse)), grid.affine @ np.diag([*coarse, 1]))
    points = sample_points(shape, few)
    low = (template.corners[0] - MARGIN).reshape(3, 1, 1, 1)
    high = (template.corners[1] + MARGIN).reshape(3, 1, 1, 1)
    inside = np.nonzero(((points > low) & (points < high)).all(axis=0))
    first = [int(axis.min()) * int(c) for axis, c in zip(inside, coarse, strict=True)]
    last = [
        min(int(axis.max() + 1) * int(c), n)
        for axis, c, n in zip(inside, coarse, grid.shape, strict=True)
    ]
    return tuple(first), tuple(b - a for a, b in zip(first, last, strict=True))
