import numpy as np
import pytest

from pvs_workflow.simulation.acquisition import (
    GAIN,
    Protocol,
    add_noise,
    add_ripples,
    blur_in_plane,
    draw_grid,
    draw_movement,
    draw_protocol,
    record,
    shading,
)
from pvs_workflow.simulation.grids import Grid

GRID = Grid((120, 130, 10), np.diag([0.6, 0.6, 5.0, 1.0]))


@pytest.mark.parametrize('correlation', [(0.0, 0.0), (0.6, 0.3)])
def test_noise_is_rician_at_the_asked_level(rng, correlation):
    signal = np.zeros((60, 80, 20))
    signal[30:] = 1.0
    noisy = add_noise(rng, signal, 0.05, correlation)
    # Far above the noise it is Gaussian; in air it is Rayleigh (Gudbjartsson and Patz 1995).
    assert noisy[30:].std() == pytest.approx(0.05, rel=0.03)
    assert noisy[30:].mean() == pytest.approx(np.sqrt(1 + 0.05**2), rel=0.002)
    assert noisy[:30].mean() == pytest.approx(0.05 * np.sqrt(np.pi / 2), rel=0.03)
    assert noisy[:30].std() == pytest.approx(0.05 * np.sqrt(2 - np.pi / 2), rel=0.03)


def test_recorded_images_have_the_protocols_snr(rng):
    protocol = Protocol(0.6, 5.0, snr=20.0, bias=0.0)
    image = record(rng, np.ones(GRID.shape), GRID, protocol)
    assert image.dtype == np.uint16
    assert np.median(image) == pytest.approx(GAIN, rel=0.01)
    assert image.mean() / image.std() == pytest.approx(20, rel=0.03)


def test_blur_keeps_the_sum_and_widens_along_its_axis():
    point = np.zeros((21, 21, 3))
    point[10, 10, 1] = 1
    blurred = blur_in_plane(point, (1.0, 0.5))
    assert blurred.sum() == pytest.approx(1)
    assert not blurred[:, :, 0].any()
    i, j = np.indices((21, 21)) - 10
    assert np.sqrt((blurred[:, :, 1] * i**2).sum()) == pytest.approx(1.0, abs=0.05)
    assert np.sqrt((blurred[:, :, 1] * j**2).sum()) == pytest.approx(0.5, abs=0.05)


def test_shading_is_smooth_and_as_strong_as_asked(rng):
    factors = np.stack([shading(rng, GRID, 0.1) for _ in range(60)])
    assert np.log(factors).std() == pytest.approx(0.1, rel=0.2)
    assert np.abs(np.diff(factors, axis=1)).max() < 0.02


def test_ripples_leave_the_mean_of_each_slice(rng):
    signal = np.zeros((128, 64, 6))
    signal[40:90, 20:40] = 1
    rippled = add_ripples(rng, signal, 0.07)
    changed = np.abs(rippled - signal).max()
    assert changed > 0.01
    assert rippled[45:85, 22:38].mean() == pytest.approx(1, abs=0.02)


def test_the_papers_protocol_is_the_papers(rng):
    protocol = draw_protocol(rng, 'paper', 'T2w')
    assert (protocol.pixel, protocol.thickness) == (0.573, 5.0)
    grid = draw_grid(rng, protocol, 2.5)
    assert grid.shape[2] == 28
    np.testing.assert_allclose(grid.sizes, [0.573, 0.573, 5.0])


def test_varied_protocols_cover_their_ranges(rng):
    drawn = [draw_protocol(rng, 'varied', 'T2w') for _ in range(300)]
    pixels = [p.pixel for p in drawn]
    assert 0.45 <= min(pixels) < 0.47
    assert 0.78 < max(pixels) <= 0.8
    assert {3.0, 5.0, 6.0} <= {p.thickness for p in drawn}
    assert min(p.snr for p in drawn) < 9
    assert max(p.snr for p in drawn) > 30


def test_movements_are_rigid_and_small(rng):
    for _ in range(20):
        movement = draw_movement(rng)
        rotation = movement[:3, :3]
        np.testing.assert_allclose(rotation @ rotation.T, np.eye(3), atol=1e-12)
        assert np.linalg.det(rotation) == pytest.approx(1)
        assert np.abs(movement[:3, 3]).max() <= 2
        assert np.degrees(np.arccos((np.trace(rotation) - 1) / 2)) < 4
