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


def draw_many(protocol, n=400):
    rng = np.random.default_rng(1)
    return [draw_conditions(rng, protocol) for _ in range(n)]


def test_exposures_cover_all_levels_of_noise():
    snrs = np.array([one.snr for one in draw_many(PROTOCOL)])
    assert snrs.min() < 9
    assert snrs.max() > 30
    # The logarithm of the noise is uniform: half of the values lie above its midpoint.
    assert np.mean(snrs > PROTOCOL.snr / np.sqrt(0.6 * 2.5)) == pytest.approx(0.5, abs=0.08)


@pytest.mark.parametrize(('snr', 'minimum'), [(12.0, MIN_SNR), (5.0, 5.0)])
def test_the_signal_to_noise_ratio_is_limited(snr, minimum):
    snrs = [one.snr for one in draw_many(replace(PROTOCOL, snr=snr))]
    assert min(snrs) == pytest.approx(minimum)


def test_exposures_have_smooth_and_white_noise():
    from_white = np.array(
        [one.noise_blur for one in draw_many(replace(PROTOCOL, noise_blur=(0, 0)))]
    )
    assert np.mean(from_white.max(axis=1) == 0) == pytest.approx(0.5, abs=0.08)
    from_smooth = np.array([one.noise_blur for one in draw_many(PROTOCOL)])
    assert from_smooth.min() > 0
    # Both directions share a factor, which preserves the anisotropy.
    np.testing.assert_allclose(from_smooth[:, 0] / from_smooth[:, 1], 0.5 / 0.4)


def test_some_exposures_have_motion_and_never_less_than_the_protocol():
    still = np.array([one.ghost for one in draw_many(PROTOCOL)])
    assert np.mean(still > 0) == pytest.approx(MOTION_SHARE, abs=0.08)
    assert min(one.ghost for one in draw_many(replace(PROTOCOL, ghost=0.05))) == 0.05


def test_other_fields_of_the_protocol_do_not_change():
    for one in draw_many(PROTOCOL, 20):
        assert replace(one, snr=20.0, noise_blur=(0.5, 0.4), ghost=0.0) == PROTOCOL


def test_counts_are_uniform_overall_or_in_the_upper_half():
    rng = np.random.default_rng(2)
    counts = np.array([draw_count(rng, 20) for _ in range(4000)])
    assert (counts.min(), counts.max()) == (0, 20)
    # Half of the draws cover all counts, of which 11 of 21 lie in the upper half.
    assert np.mean(counts >= 10) == pytest.approx(0.5 + 0.5 * 11 / 21, abs=0.03)
    assert max(draw_count(rng, 500) for _ in range(500)) <= 70
