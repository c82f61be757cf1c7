import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from pvs_workflow.lab.simulation.spots import without_spots

PIXEL, NOISE = 0.55, 0.04


@pytest.fixture
def tissue(rng):
    """Return slowly varying tissue with noise, and an ROI in the middle of two slices."""
    volume = 1 + 0.1 * gaussian_filter(rng.standard_normal((120, 120, 4)), (15, 15, 0)) * 30
    roi = np.zeros(volume.shape, bool)
    roi[30:90, 30:90, 1:3] = True
    return volume + NOISE * rng.standard_normal(volume.shape), roi


def test_a_bright_dot_is_removed_and_the_rest_is_kept(tissue):
    clean, roi = tissue
    before = without_spots(clean, roi, NOISE, PIXEL)
    x, y = np.indices(clean.shape[:2])
    dot = 1.2 * np.exp(-((x - 55) ** 2 + (y - 62) ** 2) / (2 * 1.0**2))
    volume = clean.copy()
    volume[:, :, 1] += dot
    original = volume.copy()
    out = without_spots(volume, roi, NOISE, PIXEL)
    np.testing.assert_array_equal(volume, original)
    around = dot > 0.1
    assert volume[around, 1].max() > 1.8
    assert np.abs(out[around, 1] - clean[around, 1]).max() < 0.35
    far = np.hypot(x - 55, y - 62) > 8
    np.testing.assert_array_equal(out[far], before[far])
    changed = np.mean(before[roi] != clean[roi].astype(np.float32))
    assert changed < 0.01  # hardly any tissue counts as a spot


def test_spots_outside_the_roi_are_kept(tissue):
    volume, roi = tissue
    volume[10:12, 10:12] += 2
    volume[50:52, 50:52, 0] += 2
    out = without_spots(volume, roi, NOISE, PIXEL)
    np.testing.assert_array_equal(out[10:12, 10:12], volume[10:12, 10:12].astype(np.float32))
    np.testing.assert_array_equal(out[:, :, 0], volume[:, :, 0].astype(np.float32))


def test_large_bright_regions_are_kept(tissue):
    volume, roi = tissue
    volume[40:70, 40:70, 1] += 1  # 16 mm: a lesion, not a space
    out = without_spots(volume, roi, NOISE, PIXEL)
    assert np.median(out[48:62, 48:62, 1]) == pytest.approx(2, abs=0.4)


def test_replaced_pixels_have_the_noise_of_their_surroundings(tissue):
    volume, roi = tissue
    for i in range(34, 88, 9):
        volume[i : i + 2, 34:88:9, 1] += 1.5
    out = without_spots(volume, roi, NOISE, PIXEL)
    filled = out[:, :, 1] != volume[:, :, 1].astype(np.float32)
    assert filled.sum() > 300
    residue = out[filled, 1] - gaussian_filter(out[:, :, 1], 2)[filled]
    assert residue.std() == pytest.approx(NOISE, rel=0.25)


def test_the_same_scan_gives_the_same_background(tissue):
    volume, roi = tissue
    volume[50:52, 50:52, 1] += 2
    one, two = (without_spots(volume, roi, NOISE, PIXEL) for _ in range(2))
    np.testing.assert_array_equal(one, two)
