import numpy as np
import pytest

from pvs_workflow.lab.simulation.anatomy import LATTICE, draw_shape, draw_tissue
from pvs_workflow.lab.simulation.contrasts import sample_contrast, sample_structures
from pvs_workflow.lab.simulation.grids import Grid
from pvs_workflow.science.roi import roi_labels, structure_values

AFFINE = np.diag([1.0, 1.0, 5.0, 1.0])
AFFINE[:3, 3] = [-50, -50, -25]
GRID = Grid((101, 96, 12), AFFINE)


@pytest.mark.parametrize('seed', range(12))
def test_shapes_do_not_fold(template, seed):
    shape = draw_shape(np.random.default_rng(seed), template.ventricles)
    gradients = [np.stack(np.gradient(part, LATTICE), -1) for part in shape.displacement]
    assert np.linalg.det(np.stack(gradients, -2) + np.eye(3)).min() > 0
    assert np.linalg.det(shape.affine[:3, :3]) > 0
    distance = np.linalg.norm(shape.displacement, axis=0)
    assert 3 < distance.max() < 25


def test_people_differ_in_shape_but_have_all_structures(template):
    volumes = []
    for seed in range(4):
        shape = draw_shape(np.random.default_rng(seed), template.ventricles)
        structures = sample_structures(template, shape, GRID, 3)
        for hemisphere in 'LR':
            names = ('caudate', 'putamen', 'pallidum', 'accumbens', 'internal capsule')
            for name in names:
                (value,) = structure_values(hemisphere, name)
                assert (structures == value).any(), (seed, hemisphere, name)
        volumes.append(np.count_nonzero(roi_labels(structures)) * 5)
    # Basal ganglia of both sides with the capsule, mm³: tens of millilitres in each person.
    assert min(volumes) > 15_000
    assert max(volumes) < 60_000
    assert len(set(volumes)) == 4


def test_left_structures_lie_on_the_left(template, rng):
    structures = sample_structures(template, draw_shape(rng, template.ventricles), GRID, 3)
    x = GRID.affine[0, 0] * np.nonzero(structures == 12)[0] + GRID.affine[0, 3]
    assert x.max() < 0
    x = GRID.affine[0, 0] * np.nonzero(structures == 51)[0] + GRID.affine[0, 3]
    assert x.min() > 0


@pytest.mark.parametrize(
    ('contrast', 'darker', 'brighter'),
    [
        ('T2w', 'pallidum', 'putamen'),
        ('T2w', 'putamen', 'lateral ventricle'),
        ('T1w', 'lateral ventricle', 'putamen'),
        ('T1w', 'putamen', 'pallidum'),
        ('FLAIR', 'lateral ventricle', 'pallidum'),
    ],
)
def test_tissues_have_the_contrast_of_the_sequence(template, contrast, darker, brighter):
    rng = np.random.default_rng(5)
    shape, tissue = draw_shape(rng, template.ventricles), draw_tissue(rng, varied=False, fluid=2.4)
    structures = sample_structures(template, shape, GRID, 3)
    image = sample_contrast(contrast, template, shape, tissue, GRID)
    signal = {}
    for name in (darker, brighter):
        values = [v for side in 'LR' for v in structure_values(side, name)]
        signal[name] = np.median(image[np.isin(structures, values)])
    assert signal[brighter] > 1.04 * signal[darker]


def test_the_same_person_looks_the_same_on_shifted_grids(template, rng):
    shape, tissue = draw_shape(rng, template.ventricles), draw_tissue(rng, varied=False, fluid=2.4)
    affine = np.diag([0.5, 0.5, 1.0, 1.0])
    affine[:3, 3] = [-30, -10, 0]
    grid = Grid((60, 60, 8), affine)
    shifted = affine.copy()
    shifted[:3, 3] += [5, 0, 2]
    first = sample_contrast('T2w', template, shape, tissue, grid)
    second = sample_contrast('T2w', template, shape, tissue, Grid((60, 60, 8), shifted))
    difference = np.abs(first[10:, :, 2:] - second[:-10, :, :-2])
    # At the sharpest edges, the lattice shifts positions by a few hundredths of a voxel.
    assert difference.mean() < 0.005
    assert np.percentile(difference, 99) < 0.03
