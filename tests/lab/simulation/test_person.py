from pathlib import Path

import numpy as np
import pytest

from pvs_workflow.lab.simulation.acquisition import Protocol
from pvs_workflow.lab.simulation.anatomy import draw_shape
from pvs_workflow.lab.simulation.contrasts import sample_structures
from pvs_workflow.lab.simulation.grids import Grid
from pvs_workflow.lab.simulation.person import (
    FULL_AREA,
    cohort_burden,
    detailed_box,
    draw_anatomy,
    draw_person,
    draw_source,
    tube_counts,
)
from pvs_workflow.lab.simulation.session import draw_t2w_grid
from pvs_workflow.science.roi import roi_labels

PROTOCOL = Protocol(0.573, 5.0, snr=22.0)


def putamina(left, right):
    """Return a slice of structures with the given left and right ROI areas, mm²."""
    structures = np.zeros((80, 40, 1), np.uint8)
    for start, label, area in ((0, 12, left), (40, 51, right)):
        structures[start : start + area // 40, :, 0] = label
    return structures


def test_slices_with_little_roi_get_fewer_epvs():
    grid = Grid((80, 40, 1), np.eye(4))
    counts = np.array([[10], [10]])
    requested = tube_counts(counts, putamina(int(FULL_AREA), int(FULL_AREA) // 2), grid)
    assert requested.tolist() == [[10], [5]]
    assert tube_counts(counts, putamina(1200, 0), grid).tolist() == [[10], [0]]
    assert tube_counts(counts, putamina(1200, 1200), grid, allowance=1.2).tolist() == [[12]] * 2


def test_burdens_follow_their_distribution():
    rng = np.random.default_rng(0)
    paper, varied = (
        np.concatenate([cohort_burden(name)(rng, 3).ravel() for _ in range(300)])
        for name in ('paper', 'varied')
    )
    # Half of the paper's images have grade 1; training counts are uniform from 0 to 60.
    assert np.mean((paper >= 1) & (paper <= 10)) == pytest.approx(244 / 456, abs=0.06)
    assert varied.mean() == pytest.approx(30, abs=3)
    assert varied.max() > paper.max()


def test_level_and_tilt_change_the_counts():
    rng = np.random.default_rng(1)
    high, low = (
        np.mean([cohort_burden('paper', level)(rng, 4) for _ in range(50)])
        for level in (0.95, 0.1)
    )
    assert high > 3 * low
    left, right = np.mean([cohort_burden('paper', 0.7, 2.0)(rng, 4) for _ in range(50)], (0, 2))
    assert left > 1.5 * right


def test_sources_are_drawn_from_label_maps_and_the_template():
    maps = tuple(Path(f'{n}.nii.gz') for n in range(6))
    rng = np.random.default_rng(2)
    sources = [draw_source(rng, PROTOCOL, 'varied', maps)[1] for _ in range(400)]
    assert set(sources) == {None, *maps}
    assert sources.count(None) / 400 == pytest.approx(2 / 8, abs=0.06)
    assert draw_source(rng, PROTOCOL, 'paper')[1] is None


def test_the_detailed_box_contains_the_basal_ganglia(template, rng):
    _, grid = draw_t2w_grid(rng, 'paper')
    shape = draw_shape(rng, template.ventricles)
    corner, box = detailed_box(template, shape, grid)
    roi = roi_labels(sample_structures(template, shape, grid, 1)) > 0
    inside = np.zeros(grid.shape, bool)
    inside[tuple(slice(c, c + n) for c, n in zip(corner, box.shape, strict=True))] = True
    assert roi.any()
    np.testing.assert_allclose(box.affine[:3, 3], (grid.affine @ [*corner, 1])[:3])
    assert not (roi & ~inside).any()
    assert inside.mean() < 0.2


def test_the_same_generator_gives_the_same_person():
    people = []
    for _ in range(2):
        rng = np.random.default_rng(5)
        t2w = draw_t2w_grid(rng, 'paper')
        anatomy = draw_anatomy(rng, t2w[0], 'paper')
        people.append(draw_person(rng, anatomy, t2w, 'paper', cohort_burden('paper', 0.7)))
    first, second = people
    assert len(first.tubes) == len(second.tubes) > 20
    for a, b in zip(first.tubes, second.tubes, strict=True):
        np.testing.assert_array_equal(a.points, b.points)
    np.testing.assert_array_equal(first.shape.displacement, second.shape.displacement)
    np.testing.assert_array_equal(first.tissue.texture, second.tissue.texture)
