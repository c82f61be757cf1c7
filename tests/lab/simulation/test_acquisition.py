import numpy as np
import pytest

from pvs_workflow.lab.simulation.acquisition import (
    GAIN,
    Protocol,
    draw_grid,
    draw_movement,
    draw_protocol,
    record,
    shading,
)
from pvs_workflow.lab.simulation.grids import Grid

GRID = Grid((120, 130, 10), np.diag([0.6, 0.6, 5.0, 1.0]))


def test_recorded_images_have_the_protocols_snr(rng):
    protocol = Protocol(0.6, 5.0, snr=20.0, bias=0.0)
    image = record(rng, np.ones(GRID.shape), GRID, protocol)
    assert image.dtype == np.uint16
    assert np.median(image) == pytest.approx(GAIN, rel=0.01)
    assert image.mean() / image.std() == pytest.approx(20, rel=0.03)


def test_shading_is_smooth_and_has_the_requested_strength(rng):
    factors = np.stack([shading(rng, GRID, 0.1) for _ in range(60)])
    assert np.log(factors).std() == pytest.approx(0.1, rel=0.2)
    assert np.abs(np.diff(factors, axis=1)).max() < 0.02


def test_the_paper_protocol_has_the_published_resolution(rng):
    protocol = draw_protocol(rng, 'paper', 'T2w')
    assert (protocol.pixel, protocol.thickness) == (0.573, 5.0)
    grid = draw_grid(rng, protocol, 2.5)
    assert grid.shape[2] == 28
    np.testing.assert_allclose(grid.sizes, [0.573, 0.573, 5.0])


def test_varied_protocols_cover_their_ranges(rng):
    protocols = [draw_protocol(rng, 'varied', 'T2w') for _ in range(600)]

    def spans(name, low, high, slack):
        values = [getattr(p, name) for p in protocols]
        assert low <= min(values) < low + slack
        assert high - slack < max(values) <= high

    spans('pixel', 0.4, 1.0, 0.06)
    spans('thickness', 0.8, 6.0, 0.01)
    spans('echo_time', 70, 130, 2)
    spans('repetition_time', 2500, 7000, 100)
    spans('gap', 0.0, 0.25, 0.02)
    assert {2.5, 3.0, 4.0, 5.0, 6.0} <= {p.thickness for p in protocols}
    snr = [p.snr for p in protocols]
    assert 5 <= min(snr) < 8.5
    assert 55 < max(snr) <= 60
    # A few protocols have thin slices, which are averaged to about the paper's thickness.
    assert 0.05 < np.mean([p.slab > 1 for p in protocols]) < 0.2
    assert 0.3 < np.mean([min(p.truncation) < 1 for p in protocols]) < 0.8


def test_without_soft_edges_and_gap_all_depths_have_equal_weight():
    weights = Protocol(0.5, 5.0, 20.0).layer_weights(10)
    np.testing.assert_allclose(weights, 0.1)


@pytest.mark.parametrize('layers', [2, 3, 13, 100])
@pytest.mark.parametrize(('soft', 'gap'), [(0.2, 0.0), (0.0, 0.25), (0.15, 0.2)])
def test_slice_profiles_sum_to_one_and_are_symmetric(layers, soft, gap):
    weights = Protocol(0.5, 5.0, 20.0, soft_edges=soft, gap=gap).layer_weights(layers)
    assert weights.sum() == pytest.approx(1)
    np.testing.assert_allclose(weights, weights[::-1], atol=1e-12)


def test_a_gap_removes_the_edges_of_a_slice():
    weights = Protocol(0.5, 5.0, 20.0, gap=0.2).layer_weights(100)
    # A fifth of the spacing is not covered: a tenth at each face.
    np.testing.assert_array_equal(weights > 0, np.abs(np.arange(100) - 49.5) < 40)


def test_soft_edges_cover_their_share_of_the_slice():
    weights = Protocol(0.5, 5.0, 20.0, soft_edges=0.2).layer_weights(1000)
    inner = weights > 0.999 * weights.max()
    # The edges are centred on the faces: half of each, a tenth, lies inside the slice.
    assert inner.mean() == pytest.approx(0.8, abs=0.01)
    assert weights[0] == pytest.approx(weights.max() / 2, rel=0.02)


@pytest.mark.parametrize(('thickness', 'n'), [(0.8, 6), (1.0, 5), (2.0, 2), (2.5, 1), (5.0, 1)])
def test_thin_slices_are_averaged_to_slabs(thickness, n):
    protocol = Protocol(0.8, thickness, snr=10.0, soft_edges=0.1)
    slabs = protocol.slab_protocol()
    assert protocol.slab == n
    assert slabs.thickness == pytest.approx(thickness * n)
    assert slabs.snr == pytest.approx(10 * np.sqrt(n))
    assert slabs.slab == 1


def test_truncated_protocols_keep_their_snr_and_lose_high_frequencies(rng):
    protocol = Protocol(0.6, 5.0, snr=20.0, bias=0.0, truncation=(0.7, 0.8))
    image = record(rng, np.ones(GRID.shape), GRID, protocol).astype(float)
    assert image.mean() / image.std() == pytest.approx(20, rel=0.03)
    spectrum = np.abs(np.fft.fft2(image - image.mean(), axes=(0, 1))).mean(axis=2)
    assert spectrum[60, 65] < 0.1 * spectrum[10, 10]


def test_movements_are_rigid_and_small(rng):
    for _ in range(20):
        movement = draw_movement(rng)
        rotation = movement[:3, :3]
        np.testing.assert_allclose(rotation @ rotation.T, np.eye(3), atol=1e-12)
        assert np.linalg.det(rotation) == pytest.approx(1)
        assert np.abs(movement[:3, 3]).max() <= 2
        assert np.degrees(np.arccos((np.trace(rotation) - 1) / 2)) < 4
