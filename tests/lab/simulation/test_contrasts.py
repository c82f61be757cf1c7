from dataclasses import replace

import numpy as np
import pytest

from pvs_workflow.lab.simulation.anatomy import BLOCK, GRAIN, Shape, draw_shape, draw_tissue
from pvs_workflow.lab.simulation.contrasts import (
    sample_contrast,
    sample_points,
    sample_structures,
    sample_texture,
)
from pvs_workflow.lab.simulation.grids import Grid

AFFINE = np.diag([1.0, 1.0, 5.0, 1.0])
AFFINE[:3, 3] = [-50, -50, -25]
GRID = Grid((101, 96, 12), AFFINE)
TEMPLATE_SHAPE = Shape(np.eye(4), np.zeros((3, 43, 51, 42), np.float32))
"""Shape of the template itself."""


@pytest.fixture(scope='module')
def structures(template):
    return sample_structures(template, TEMPLATE_SHAPE, GRID, 5)


@pytest.fixture(scope='module')
def tissue():
    tissue = draw_tissue(np.random.default_rng(3), varied=False, fluid=2.5)
    return replace(tissue, contrast=1.0, iron=0.0)


def test_without_deformation_points_are_voxel_positions():
    points = sample_points(TEMPLATE_SHAPE, GRID)
    index = np.indices(GRID.shape)
    for axis in range(3):
        expected = AFFINE[axis, axis] * index[axis] + AFFINE[axis, 3]
        np.testing.assert_allclose(points[axis], expected, atol=1e-3)


def test_points_follow_the_shape(template, rng):
    shape = draw_shape(rng, template.ventricles)
    points = sample_points(shape, GRID)
    voxel = np.array([40, 50, 6])
    exact = shape.to_template((AFFINE @ [*voxel, 1])[:3].reshape(3, 1))[:, 0]
    assert np.abs(points[(slice(None), *voxel)] - exact).max() < 0.1


def test_texture_is_periodic_and_anchored_in_the_person(rng):
    field = rng.standard_normal((BLOCK,) * 3).astype(np.float32)
    grid = Grid((20, 20, 5), np.diag([GRAIN, GRAIN, GRAIN, 1.0]))
    texture = sample_texture(field, grid)
    np.testing.assert_allclose(texture, field[:20, :20, :5], atol=1e-4)
    far = np.eye(4)
    far[:3, 3] = BLOCK * GRAIN
    np.testing.assert_allclose(sample_texture(field, grid.moved(far)), texture, atol=1e-2)
    step = np.eye(4)
    step[0, 3] = 3 * GRAIN
    shifted = sample_texture(field, grid.moved(step))
    np.testing.assert_allclose(shifted[:17], texture[3:], atol=1e-4)


@pytest.mark.parametrize(
    ('contrast', 'fluid', 'putamen'),
    [
        ('T2w', (1.9, 2.6), (0.85, 1.2)),
        ('T1w', (0.2, 0.45), (0.7, 1.0)),
        ('FLAIR', (0.1, 0.7), (0.85, 1.2)),
    ],
)
def test_fluid_and_tissue_have_the_signals_of_each_contrast(
    template, tissue, structures, contrast, fluid, putamen
):
    image = sample_contrast(contrast, template, TEMPLATE_SHAPE, tissue, GRID, textured=False)
    assert fluid[0] < np.median(image[np.isin(structures, (4, 43))]) < fluid[1]
    assert putamen[0] < np.median(image[np.isin(structures, (12, 51))]) < putamen[1]


def test_texture_is_added_to_brain_tissue_only(template, tissue, structures):
    plain, textured = (
        sample_contrast('T2w', template, TEMPLATE_SHAPE, tissue, GRID, textured=t)
        for t in (False, True)
    )
    ratio = textured / np.maximum(plain, 1e-6)
    inside = np.isin(structures, (12, 51))
    assert 0.01 < ratio[inside].std() < 0.1
    assert ratio[inside].mean() == pytest.approx(1, abs=0.02)
    outside = template.brain.sample(sample_points(TEMPLATE_SHAPE, GRID)) < 1e-6
    np.testing.assert_array_equal(textured[outside], plain[outside])


def test_iron_darkens_only_the_pallidum(template, tissue, structures):
    plain, iron_rich = (
        sample_contrast(
            'T2w', template, TEMPLATE_SHAPE, replace(tissue, iron=iron), GRID, textured=False
        )
        for iron in (0.0, 0.2)
    )
    change = iron_rich / np.maximum(plain, 1e-6)
    assert np.median(change[np.isin(structures, (13, 52))]) == pytest.approx(0.8, abs=0.08)
    assert np.median(change[np.isin(structures, (10, 49))]) == pytest.approx(1, abs=1e-3)


def test_a_voxel_has_the_label_that_fills_most_of_its_depth(template):
    thin = Grid((101, 96, 60), AFFINE @ np.diag([1, 1, 0.2, 1]) @ shift(-2))
    fine = sample_structures(template, TEMPLATE_SHAPE, thin, 1).reshape(101, 96, 12, 5)
    thick = sample_structures(template, TEMPLATE_SHAPE, GRID, 5)
    most = np.count_nonzero(fine == 12, axis=-1) >= 3
    assert most.any()
    assert (thick[most] == 12).all()
    assert not (thick[~(fine == 12).any(axis=-1)] == 12).any()


def shift(slices):
    out = np.eye(4)
    out[2, 3] = slices
    return out
