"""Values are repaired where it is safe, and good images are not changed."""

import numpy as np
import pytest

from pvs_workflow.science.values import fill_missing, subtract_background, unwrap_integers


@pytest.fixture
def head():
    """Return a bright ball with brighter spots in air with noise, 0 to 1000."""
    rng = np.random.default_rng(4)
    grid = np.indices((40, 44, 12)) - np.array([20, 22, 6])[:, None, None, None]
    ball = np.sqrt((grid**2).sum(axis=0)) < 17
    values = np.where(ball, 300 + 40 * rng.standard_normal(ball.shape), 0)
    values += np.hypot(*rng.normal(0, 4, (2, *ball.shape)))
    values += 700 * np.exp(-(grid**2).sum(axis=0) / 30)  # fluid with smooth borders
    return np.clip(np.round(values), 0, None).astype(np.float32)


def test_good_images_are_not_changed(head):
    head[0] = 0
    assert fill_missing(head) is head
    assert unwrap_integers(head, 0, 65536) is head
    assert subtract_background(head) is head


def test_missing_values_outside_become_the_lowest_value(head):
    head[:3] = np.nan
    head[:, -2:, 4:] = np.nan
    filled = fill_missing(head)
    assert np.isfinite(filled).all()
    assert (filled[:3] == np.nanmin(head)).all()
    assert np.isnan(head[0, 0, 0])


@pytest.mark.parametrize('place', [np.s_[20, 22, 6], np.s_[0, 10, 4], np.s_[18:22, 20:24, 5:7]])
def test_other_missing_values_are_kept(head, place):
    head[:, 0] = np.nan
    head[place] = np.nan
    assert np.isnan(fill_missing(head)[place]).all()


@pytest.mark.parametrize(('dtype', 'highest'), [(np.uint16, 60000), (np.uint8, 255)])
@pytest.mark.parametrize(('slope', 'zero'), [(1, 0), (0.5, -7), (-2, 3)])
def test_wrapped_integers_are_restored(head, dtype, highest, slope, zero):
    true = np.round(head / 1000 * highest).astype(dtype)
    stored = true.view(np.dtype(dtype).name[1:])
    step = slope * 2 ** (8 * true.itemsize)
    scaled = (stored.astype(float) * slope + zero).astype(np.float32)
    restored = unwrap_integers(scaled, zero, step)
    assert np.allclose(restored, true.astype(float) * slope + zero)


def test_offsets_and_ringing_are_not_wrapped(head):
    ringing = head - 8 * (head == 0)
    for image in (head - 1024, head - 200, ringing, head - 32768):
        assert unwrap_integers(image, 0, 65536) is image


@pytest.mark.parametrize('scale', [1e-3, 1.0, 1e4])
@pytest.mark.parametrize('offset', [-1024, -300, -20, 0, 60, 5000])
def test_the_background_becomes_zero_at_every_scale_and_offset(head, scale, offset):
    shifted = subtract_background(((head + offset) * scale).astype(np.float32))
    # Within 1 % of the tissue.
    assert np.allclose(shifted / scale, head, atol=3)
    assert shifted.min() == 0


def test_ringing_below_zero_hardly_shifts_the_image(head):
    head[(head > 200).nonzero()[0][:30], 5, 3] = -90
    shifted = subtract_background(head)
    assert abs(np.median(shifted[head > 200]) - np.median(head[head > 200])) < 3
