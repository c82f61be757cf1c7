import numpy as np
import pytest
from nibabel.affines import apply_affine

from pvs_workflow.lab.simulation.acquisition import Protocol
from pvs_workflow.lab.simulation.grids import Grid
from pvs_workflow.lab.simulation.rendering import label_visible, render_tubes, smallest_visible
from pvs_workflow.lab.simulation.vessels import LARGEST_DIAMETER, draw_tubes
from pvs_workflow.science.roi import add_capsule, roi_labels
from tests.builders.anatomies import scan

PROTOCOL = Protocol(0.5, 4.0, snr=25.0)
FLUID = 2.6


@pytest.fixture(scope='module')
def brain():
    _, structures, affine = scan()
    return add_capsule(structures), Grid(structures.shape, affine)


def grown(brain, wanted, seed=0, blocked=None):
    structures, grid = brain
    areas = [np.count_nonzero(roi_labels(structures) == v, axis=(0, 1)) for v in (1, 2)]
    numbers = np.where(np.array(areas) * 0.25 > 500, wanted, 0)
    smallest = smallest_visible(PROTOCOL, FLUID)
    tubes = draw_tubes(np.random.default_rng(seed), numbers, structures, grid, smallest, blocked)
    return tubes, numbers


def counted(brain, tubes):
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


@pytest.mark.parametrize('wanted', [0, 8, 25])
def test_as_many_can_be_counted_as_are_wanted(brain, wanted):
    tubes, numbers = grown(brain, wanted)
    found = counted(brain, tubes)[numbers > 0] if wanted else counted(brain, tubes)
    assert np.mean(found) == pytest.approx(wanted, abs=0.5 + 0.15 * wanted)


def test_a_crowd_finds_room(brain):
    tubes, numbers = grown(brain, 60)
    assert counted(brain, tubes)[numbers > 0].mean() > 45


def test_tubes_lead_upwards_and_keep_their_width(brain):
    tubes, _ = grown(brain, 20)
    for tube in tubes:
        assert (np.diff(tube.points[:, 2]) > 0).all()
        assert tube.radii.min() > 0
        assert tube.radii.max() <= 1.13 * LARGEST_DIAMETER / 2
        assert max(tube.radii[0], tube.radii[-1]) < 0.75 * tube.radii.max() + 1e-9


def test_they_fan_out_to_the_side(brain):
    leaning = []
    for seed in range(3):
        for tube in grown(brain, 15, seed)[0]:
            away = tube.points[-1] - tube.points[0]
            leaning.append(away[0] * np.sign(tube.points[0, 0]) / away[2])
    assert np.mean(leaning) > 0.05


def test_none_lies_where_it_is_blocked(brain):
    structures, grid = brain
    blocked = np.zeros(structures.shape, bool)
    blocked[: structures.shape[0] // 2] = True
    tubes, _ = grown(brain, 10, blocked=blocked)
    inverse = np.linalg.inv(grid.affine)
    assert len(tubes) > 10
    for tube in tubes:
        index = apply_affine(inverse, tube.points)
        assert (index[:, 0] > structures.shape[0] // 2 - 1).all()


def test_they_gather_in_some_people_more_than_in_others(brain):
    spread = []
    for seed in range(12):
        tubes, _ = grown(brain, 12, seed)
        left = np.array([tube.points[0, :2] for tube in tubes if tube.points[0, 0] < 0])
        away = np.linalg.norm(left[:, None] - left, axis=-1) + 1e3 * np.eye(len(left))
        spread.append(np.median(away.min(axis=1)))
    assert max(spread) > 1.2 * min(spread)


def test_the_same_generator_gives_the_same_tubes(brain):
    one, two = (grown(brain, 10)[0] for _ in range(2))
    assert len(one) == len(two)
    for a, b in zip(one, two, strict=True):
        np.testing.assert_array_equal(a.points, b.points)
