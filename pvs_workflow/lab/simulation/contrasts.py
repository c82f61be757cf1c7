"""A person's anatomy on any grid: contrasts and structures."""

import numpy as np
from scipy.special import expit, logit

from pvs_workflow.lab.simulation.anatomy import GRAIN, Shape, Tissue
from pvs_workflow.lab.simulation.fields import sample_function
from pvs_workflow.lab.simulation.grids import Grid
from pvs_workflow.lab.simulation.template import FLUID_T1, PUTAMEN_T2, WHITE_T1, Channel, Template
from pvs_workflow.science.roi import add_capsule

EVALUATION = 3.0  # mm; the deformation is smooth over three times that


def sample_points(shape: Shape, grid: Grid) -> np.ndarray:
    """Return the template positions of a grid's voxels in the person's space, (3, x, y, z)."""
    return sample_function(shape.to_template, grid.shape, grid.affine, EVALUATION)


def sample_texture(field: np.ndarray, grid: Grid) -> np.ndarray:
    """Return a periodic field of `GRAIN` mm, anchored in the person's space, on a grid."""
    affine = grid.affine / GRAIN
    index = sample_function(lambda points: points, grid.shape, affine, 50 / GRAIN)
    n = np.float32(field.shape[0])
    wrapped = np.pad(field, ((0, 1),) * 3, mode='wrap')
    return Channel(wrapped, np.eye(4)).sample(np.mod(index, n))


def sample_contrast(
    contrast: str,
    template: Template,
    shape: Shape,
    tissue: Tissue,
    grid: Grid,
    textured: bool = True,
) -> np.ndarray:
    """Sample one contrast of a person on a grid.

    Parameters
    ----------
    contrast : {'T2w', 'T1w', 'FLAIR'}
    template, shape, tissue
        Of the person.
    grid : Grid
        Its affine leads to the person's space.
    textured : bool
        Whether to add the fine texture, which coarse grids cannot show.

    Returns
    -------
    (x, y, z) array of float32
        Signal with the putamen near 1 in T2w and FLAIR, and white matter near 1 in T1w.

    """
    points = sample_points(shape, grid)
    t2 = template.t2.sample(points) / np.float32(PUTAMEN_T2)
    brain = template.brain.sample(points)
    mean_fluid = np.clip((t2 - 1.2) / 0.85, 0, 1)
    fluid = _individual_fluid(mean_fluid, template, tissue, points, grid)
    texture = np.float32(1)
    if textured:
        texture = 1 + sample_texture(tissue.texture, grid) * brain
    if contrast == 'T1w':
        t1 = template.t1.sample(points) / np.float32(WHITE_T1)
        solid = np.maximum(t1, (t1 - FLUID_T1 * mean_fluid) / np.maximum(1 - mean_fluid, 0.5))
        inside = texture * solid * (1 - fluid) + FLUID_T1 * fluid
        return brain * inside + (1 - brain) * t1
    solid = np.clip(t2, 0.05, 1.25) ** np.float32(tissue.contrast)
    if contrast == 'T2w':
        solid *= 1 - tissue.iron * template.pallidum.sample(points)
        inside = texture * solid * (1 - fluid) + tissue.fluid * fluid
        return brain * inside + (1 - brain) * t2
    # Beside fluid the average's tissue is bright with it, which an inversion recovery nulls.
    solid = solid * (1 - mean_fluid) + mean_fluid
    inside = texture * solid * (1 - fluid) + 0.2 * fluid
    return brain * inside + (1 - brain) * np.minimum(t2, 1.0) * 0.8


def sample_structures(template: Template, shape: Shape, grid: Grid, layers: int = 3) -> np.ndarray:
    """Label a grid's voxels by what most of their depth holds, and add the capsule.

    The grid leads to the person's space, and each slice is sampled at ``layers`` depths. Returns
    FreeSurfer numbers as an (x, y, z) array of uint8.
    """
    offsets = (np.arange(layers) + 0.5) / layers - 0.5
    fine = grid.sublayers(offsets)
    labels = template.structures.sample(sample_points(shape, fine))
    labels = labels.reshape(*grid.shape, layers)
    votes = np.zeros(grid.shape, dtype=np.int8)
    out = np.zeros(grid.shape, dtype=np.uint8)
    for value in np.unique(labels[labels > 0]):
        found = np.count_nonzero(labels == value, axis=-1)
        out[found > votes] = value
        np.maximum(votes, found, out=votes)
    out[np.count_nonzero(labels == 0, axis=-1) > layers / 2] = 0
    return add_capsule(out)


def _individual_fluid(mean, template, tissue, points, grid):
    """Sharpen the average's fluid: folds are thin sheets, ventricles have a plain border.

    Where the average says that a share p of people has fluid, the person has it where a random
    sheet's rank is below p, which keeps the share.
    """
    folds = template.folds.sample(points)
    # Tissue that the average shows free of fluid gets none, however small the rank.
    possible = np.minimum(mean / 0.06, 1)
    odds = logit(np.clip(mean, 0.005, 0.995))
    sheets = possible * expit((odds - sample_texture(tissue.folds, grid)) / np.float32(0.35))
    plain = expit(odds / 0.45)
    return plain + folds * (sheets - plain)
