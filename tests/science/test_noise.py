import numpy as np
import pytest

from pvs_workflow.science.noise import estimate_noise


@pytest.fixture
def rng():
    return np.random.default_rng(20)


@pytest.mark.parametrize('noise', [0.01, 0.05, 0.15])
def test_slopes_edges_and_spots_do_not_affect_the_estimate(rng, noise):
    volume = noise * rng.standard_normal((150, 150, 3))
    volume += np.linspace(0.6, 1.4, 150)[:, None, None]
    volume[:40] += 1.5
    volume[60:63, ::20] += 1
    mask = np.zeros(volume.shape, bool)
    mask[20:130, 20:130] = True
    assert estimate_noise(volume, mask) == pytest.approx(noise, rel=0.06)


def test_the_noise_is_filtered_slice_by_slice(rng):
    planes = 0.1 * rng.standard_normal((60, 60, 4)) + 10 * np.arange(4)
    everywhere = np.ones(planes.shape, bool)
    each = [estimate_noise(planes[..., z], everywhere[..., z]) for z in range(4)]
    assert estimate_noise(planes, everywhere) == pytest.approx(np.mean(each), rel=0.05)
