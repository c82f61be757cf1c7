import numpy as np
import pytest
from scipy.ndimage import label

from pvs_workflow.lab.simulation.acquisition import Protocol
from pvs_workflow.lab.simulation.grids import Grid
from pvs_workflow.lab.simulation.rendering import (
    Spot,
    add_volume,
    label_visible,
    render_tubes,
    smallest_visible,
)
from pvs_workflow.lab.simulation.vessels import Tube

GRID = Grid((40, 40, 4), np.diag([0.5, 0.5, 4.0, 1.0]))


def straight(x, y, radius, low=-2.0, high=14.0, lean=0.0):
    z = np.linspace(low, high, 60)
    return Tube(np.column_stack([x + lean * z, np.full(60, y), z]), np.full(60, radius))


@pytest.mark.parametrize('lean', [0.0, 0.3])
@pytest.mark.parametrize('radius', [0.4, 0.8, 1.4])
def test_partial_volumes_sum_to_the_volume_of_the_tube(radius, lean):
    volume = add_volume(render_tubes([straight(8.1, 9.7, radius, lean=lean)], GRID), GRID.shape)
    # A leaning cylinder's horizontal cut is an ellipse.
    area = np.pi * radius**2 * np.hypot(1, lean)
    np.testing.assert_allclose(volume.sum(axis=(0, 1)) * 0.25, area, rtol=0.03)


def test_a_tube_that_ends_in_a_slice_fills_part_of_it():
    volume = add_volume(render_tubes([straight(8, 9, 1.0, low=-2, high=3)], GRID), GRID.shape)
    shares = volume.sum(axis=(0, 1)) * 0.25 / np.pi
    np.testing.assert_allclose(shares, [1, 0.25, 0, 0], atol=0.08)


def test_an_oblique_grid_has_the_same_volume():
    c, s = np.cos(0.2), np.sin(0.2)
    turn = np.array([[c, 0, s, 1], [0, 1, 0, -1], [-s, 0, c, 0.5], [0, 0, 0, 1]])
    tube = straight(9, 10, 0.9, low=3, high=9)
    volume = add_volume(render_tubes([tube], GRID.moved(turn)), GRID.shape)
    assert volume.sum() == pytest.approx(np.pi * 0.81 * 6, rel=0.06)


def labelled(tubes, noise=0.02, roi=None, **options):
    roi = np.ones(GRID.shape, int) if roi is None else roi
    tissue = np.ones(GRID.shape)
    return label_visible(
        render_tubes(tubes, GRID), tissue, 2.4, (0.45, 0.45), noise, roi, **options
    )


def test_a_space_has_the_same_number_in_all_slices():
    labels = labelled([straight(6, 6, 0.6), straight(14, 14, 0.6, high=5.0)])
    assert [sorted(np.unique(labels[:, :, z]).tolist()) for z in range(4)] == [
        [0, 1, 2],
        [0, 1, 2],
        [0, 1],
        [0, 1],
    ]


def test_spaces_that_are_too_small_or_hidden_by_noise_do_not_count():
    assert not labelled([straight(8, 8, 0.12)]).any()
    medium = [straight(8, 8, 0.3)]
    assert labelled(medium, noise=0.02).any()
    assert not labelled(medium, noise=0.3).any()


def test_the_rule_applies_to_the_perceived_contrast():
    """The limit is a quarter of the tissue's signal, 1; the signal of fluid is 2.4."""
    tubes, peaks = [straight(8, 8, 0.3)], []
    labelled(tubes, perception=lambda contrast: peaks.append(contrast.max()) or 1.0)
    assert len(peaks) == GRID.shape[2]
    assert all(0.25 < peak < 1.4 for peak in peaks)
    assert labelled(tubes, perception=lambda contrast: 0.251 / contrast.max()).any()
    assert not labelled(tubes, perception=lambda contrast: 0.249 / contrast.max()).any()


@pytest.mark.parametrize('snr', [10.0, 22.0, 60.0])
def test_the_smallest_visible_diameter_separates_hidden_from_visible(rng, snr):
    protocol = Protocol(0.5, 4.0, snr=snr, blur=(0.5, 0.45))
    smallest = smallest_visible(protocol, 2.4)
    visible = {0.5: 0, 1.6: 0}
    for factor in visible:
        for x, y in rng.uniform(8, 9, (12, 2)):
            tube = straight(x, y, factor * smallest / 2, lean=0.2)
            labels = label_visible(
                render_tubes([tube], GRID),
                np.ones(GRID.shape),
                2.4,
                protocol.blur,
                1 / snr,
                np.ones(GRID.shape, int),
            )
            visible[factor] += labels[:, :, 1].any()
    assert visible == {0.5: 0, 1.6: 12}


def test_touching_spaces_are_separated_and_the_fainter_loses_pixels():
    labels = labelled([straight(8.0, 8, 0.5), straight(9.9, 8, 0.9)])
    assert set(np.unique(labels)) == {0, 1, 2}
    for z in range(4):
        assert label(labels[:, :, z] > 0, np.ones((3, 3)))[1] == 2
    hidden = labelled([straight(9.3, 8, 0.35), straight(9.4, 8, 0.9)])
    assert set(np.unique(hidden)) == {0, 1}


def test_most_of_a_space_must_lie_in_the_roi():
    roi = np.zeros(GRID.shape, int)
    roi[:17] = 2
    assert set(np.unique(labelled([straight(7.0, 8, 0.6)], roi=roi))) == {0, 1}
    assert not labelled([straight(9.5, 8, 0.6)], roi=roi).any()


def test_overlapping_spots_fill_a_voxel_at_most_once():
    spots = [Spot(n, 1, (3, 4), np.full((5, 5), 0.8, np.float32)) for n in range(2)]
    assert add_volume(spots, GRID.shape).max() == 1


def test_a_slice_profile_weights_the_middle_of_a_slice_most():
    flat = Protocol(0.5, 4.0, snr=20.0)
    sharp = Protocol(0.5, 4.0, snr=20.0, gap=0.25)
    middle, edge = (
        straight(8, 9, 0.8, low=low, high=high) for low, high in ((3.1, 5.1), (5.6, 6.0))
    )

    def filled(tube, protocol):
        return add_volume(render_tubes([tube], GRID, protocol), GRID.shape)[:, :, 1].sum()

    assert filled(middle, flat) == pytest.approx(np.pi * 0.64 / 2 / 0.25, rel=0.03)
    # The slice covers three quarters of the spacing; the middle half is two thirds of that.
    assert filled(middle, sharp) == pytest.approx(np.pi * 0.64 * 2 / 3 / 0.25, rel=0.08)
    assert filled(edge, flat) > 0
    assert filled(edge, sharp) == 0


def test_a_profile_does_not_change_a_tube_through_the_whole_slice():
    tube = straight(8.1, 9.7, 0.8)
    for protocol in (None, Protocol(0.5, 4.0, 20.0, gap=0.2, soft_edges=0.2)):
        volume = add_volume(render_tubes([tube], GRID, protocol), GRID.shape)
        np.testing.assert_allclose(volume.sum(axis=(0, 1)) * 0.25, np.pi * 0.64, rtol=0.03)
