from dataclasses import replace

import numpy as np
import pytest

from pvs_workflow.lab.simulation.acquisition import Protocol
from pvs_workflow.lab.simulation.exposures import (
    MIN_SNR,
    MOTION_SHARE,
    draw_conditions,
    draw_count,
)

PROTOCOL = Protocol(0.573, 5.0, snr=20.0, noise_blur=(0.5, 0.4))


def drawn(protocol, n=400):
    rng = np.random.default_rng(1)
    return [draw_conditions(rng, protocol) for _ in range(n)]


def test_noise_is_known_in_every_degree():
    snrs = np.array([one.snr for one in drawn(PROTOCOL)])
    assert snrs.min() < 9
    assert snrs.max() > 30
    # As many with half of the noise's logarithm's range above its middle as below.
    assert np.mean(snrs > PROTOCOL.snr / np.sqrt(0.6 * 2.5)) == pytest.approx(0.5, abs=0.08)


@pytest.mark.parametrize(('snr', 'least'), [(12.0, MIN_SNR), (5.0, 5.0)])
def test_no_exposure_is_beyond_reading(snr, least):
    found = [one.snr for one in drawn(replace(PROTOCOL, snr=snr))]
    assert min(found) == pytest.approx(least)


def test_noise_is_known_smooth_and_white():
    of_white = np.array([one.noise_blur for one in drawn(replace(PROTOCOL, noise_blur=(0, 0)))])
    assert np.mean(of_white.max(axis=1) == 0) == pytest.approx(0.5, abs=0.08)
    of_smooth = np.array([one.noise_blur for one in drawn(PROTOCOL)])
    assert of_smooth.min() > 0
    # One factor for both directions: the protocol's anisotropy stays.
    np.testing.assert_allclose(of_smooth[:, 0] / of_smooth[:, 1], 0.5 / 0.4)


def test_some_exposures_are_moved_and_none_less_than_the_protocol():
    still = np.array([one.ghost for one in drawn(PROTOCOL)])
    assert np.mean(still > 0) == pytest.approx(MOTION_SHARE, abs=0.08)
    assert min(one.ghost for one in drawn(replace(PROTOCOL, ghost=0.05))) == 0.05


def test_the_rest_of_the_protocol_stays():
    for one in drawn(PROTOCOL, 20):
        assert replace(one, snr=20.0, noise_blur=(0.5, 0.4), ghost=0.0) == PROTOCOL


def test_counts_are_flat_or_in_the_upper_half():
    rng = np.random.default_rng(2)
    counts = np.array([draw_count(rng, 20) for _ in range(4000)])
    assert (counts.min(), counts.max()) == (0, 20)
    # A half is flat, of which 11 of 21 lie in the upper half.
    assert np.mean(counts >= 10) == pytest.approx(0.5 + 0.5 * 11 / 21, abs=0.03)
    assert max(draw_count(rng, 500) for _ in range(500)) <= 70
