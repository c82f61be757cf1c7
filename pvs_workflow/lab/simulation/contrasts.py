"""Sampling of a person's contrasts and structures on a grid."""

import numpy as np
from scipy.special import expit, logit

from pvs_workflow.lab.simulation.anatomy import GRAIN, Shape, Tissue
from pvs_workflow.lab.simulation.fields import sample_function
from pvs_workflow.lab.simulation.grids import Grid
from pvs_workflow.lab.simulation.template import FLUID_T1, PUTAMEN_T2, WHITE_T1, Channel, Template
from pvs_workflow.science.roi import add_capsule

EVALUATION = 3.0  # spacing of evaluated points, mm; the deformation is smooth over 9 mm


def sample_points(shape: Shape, grid: Grid) -> np.ndarray:
    """Return the template positions of a grid in the person's space, (3, x, y, z)."""
    return sample_function(shape.to_template, grid.shape, grid.affine, EVALUATION)


def sample_texture(field: np.ndarray, grid: Grid) -> np.ndarray:
    """Sample a periodic field of `GRAIN` mm voxels, anchored in the person's space, on a grid."""
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
        Anatomy of the person.
    grid : Grid
        Voxel grid in the person's space.
    textured : bool
        Add the fine texture, which coarse grids cannot resolve.

    Returns
    -------
    (x, y, z) array of float32
        Signal; the putamen is near 1 in T2w and FLAIR, white matter in T1w.

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
    # Next to fluid, averaged tissue is partly fluid, whose signal inversion recovery nulls.
    solid = solid * (1 - mean_fluid) + mean_fluid
    inside = texture * solid * (1 - fluid) + 0.2 * fluid
    return brain * inside + (1 - brain) * np.minimum(t2, 1.0) * 0.8


def sample_structures(template: Template, shape: Shape, grid: Grid, layers: int = 3) -> np.ndarray:
    """Label each voxel with the structure that fills most of its depth, and add the capsule.

    The grid is in the person's space; each slice is sampled at ``layers`` depths. Returns
    FreeSurfer numbers as an (x, y, z) array of uint8.
    """
    offsets = (np.arange(layers) + 0.5) / layers - 0.5
    fine = grid.sublayers(offsets)
    labels = template.structures.sample(sample_points(shape, fine))
    labels = labels.reshape(*grid.shape, layers)
    votes = np.zeros(grid.shape, dtype=np.int8)
    out = np.zeros(grid.shape, dtype=np.uint8)
    for value in np.unique(labels[labels > 0]):
        count = np.count_nonzero(labels == value, axis=-1)
        out[count > votes] = value
        np.maximum(votes, count, out=votes)
    out[np.count_nonzero(labels == 0, axis=-1) > layers / 2] = 0
    return add_capsule(out)


def _individual_fluid(mean, template, tissue, points, grid):
    """Sharpen the average's fluid: thin sheets in folds, sharp borders of ventricles.

    Where the average shows fluid in a share p of people, this person has fluid if the rank of a
    random field is below p. On average over people, the share stays p.
    """
    folds = template.folds.sample(points)
    # Tissue without fluid in the average gets none, even at the lowest ranks.
    possible = np.minimum(mean / 0.06, 1)
    odds = logit(np.clip(mean, 0.005, 0.995))
    sheets = possible * expit((odds - sample_texture(tissue.folds, grid)) / np.float32(0.35))
    plain = expit(odds / 0.45)
    return plain + folds * (sheets - plain)
