import numpy as np
import pytest
from nibabel.affines import apply_affine

from pvs_workflow.lab.simulation.acquisition import Protocol
from pvs_workflow.lab.simulation.grids import Grid
from pvs_workflow.lab.simulation.rendering import label_visible, render_tubes, smallest_visible
from pvs_workflow.lab.simulation.vessels import MAX_DIAMETER, draw_tubes
from pvs_workflow.science.roi import add_capsule, roi_labels
from tests.builders.anatomies import scan

PROTOCOL = Protocol(0.5, 4.0, snr=25.0)
FLUID = 2.6


@pytest.fixture(scope='module')
def brain():
    _, structures, affine = scan()
    return add_capsule(structures), Grid(structures.shape, affine)


def draw(brain, requested, seed=0, blocked=None):
    structures, grid = brain
    areas = [np.count_nonzero(roi_labels(structures) == v, axis=(0, 1)) for v in (1, 2)]
    numbers = np.where(np.array(areas) * 0.25 > 500, requested, 0)
    smallest = smallest_visible(PROTOCOL, FLUID)
    tubes = draw_tubes(np.random.default_rng(seed), numbers, structures, grid, smallest, blocked)
    return tubes, numbers


def count(brain, tubes):
    structures, grid = brain
    roi = roi_labels(structures)
    labels = label_visible(
        render_tubes(tubes, grid, PROTOCOL), np.ones(grid.shape), FLUID, PROTOCOL.blur, 0.04, roi
    )
    return np.array(
        [
            [
                np.unique(labels[:, :, z][(roi == v)[:, :, z]]).size - 1
                for z in range(grid.shape[2])
            ]
            for v in (1, 2)
        ]
    )


@pytest.mark.parametrize('requested', [0, 8, 25])
def test_about_the_requested_number_of_epvs_can_be_counted(brain, requested):
    tubes, numbers = draw(brain, requested)
    counts = count(brain, tubes)[numbers > 0] if requested else count(brain, tubes)
    assert np.mean(counts) == pytest.approx(requested, abs=0.5 + 0.15 * requested)


def test_large_numbers_of_tubes_can_be_placed(brain):
    tubes, numbers = draw(brain, 60)
    assert count(brain, tubes)[numbers > 0].mean() > 45


def test_tubes_run_upwards_within_the_limits_of_width(brain):
    tubes, _ = draw(brain, 20)
    for tube in tubes:
        assert (np.diff(tube.points[:, 2]) > 0).all()
        assert tube.radii.min() > 0
        assert tube.radii.max() <= 1.13 * MAX_DIAMETER / 2
        assert max(tube.radii[0], tube.radii[-1]) < 0.75 * tube.radii.max() + 1e-9


def test_tubes_fan_out_laterally(brain):
    slopes = []
    for seed in range(3):
        for tube in draw(brain, 15, seed)[0]:
            path = tube.points[-1] - tube.points[0]
            slopes.append(path[0] * np.sign(tube.points[0, 0]) / path[2])
    assert np.mean(slopes) > 0.05


def test_tubes_avoid_blocked_voxels(brain):
    structures, grid = brain
    blocked = np.zeros(structures.shape, bool)
    blocked[: structures.shape[0] // 2] = True
    tubes, _ = draw(brain, 10, blocked=blocked)
    inverse = np.linalg.inv(grid.affine)
    assert len(tubes) > 10
    for tube in tubes:
        index = apply_affine(inverse, tube.points)
        assert (index[:, 0] > structures.shape[0] // 2 - 1).all()


def test_clustering_differs_between_people(brain):
    gaps = []
    for seed in range(12):
        tubes, _ = draw(brain, 12, seed)
        left = np.array([tube.points[0, :2] for tube in tubes if tube.points[0, 0] < 0])
        distances = np.linalg.norm(left[:, None] - left, axis=-1) + 1e3 * np.eye(len(left))
        gaps.append(np.median(distances.min(axis=1)))
    assert max(gaps) > 1.2 * min(gaps)


def test_the_same_generator_gives_the_same_tubes(brain):
    one, two = (draw(brain, 10)[0] for _ in range(2))
    assert len(one) == len(two)
    for a, b in zip(one, two, strict=True):
        np.testing.assert_array_equal(a.points, b.points)
