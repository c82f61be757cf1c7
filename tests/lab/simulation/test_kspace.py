import numpy as np
import pytest

from pvs_workflow.lab.simulation.kspace import add_noise, add_ripples, blur_in_plane, truncate


@pytest.fixture
def scene(rng):
    """Return edges and texture on a bright background."""
    image = 1 + 0.1 * rng.standard_normal((160, 120, 3))
    image[50:100, 40:80] += 1
    return image


def power(image, axis):
    """Return the frequencies along an axis, relative to the highest, and their power."""
    spectrum = np.abs(np.fft.fft(image, axis=axis)) ** 2
    others = tuple(i for i in range(image.ndim) if i != axis)
    return np.abs(np.fft.fftfreq(image.shape[axis])) * 2, spectrum.sum(axis=others)


@pytest.mark.parametrize('axis', [0, 1])
@pytest.mark.parametrize('share', [0.6, 0.8])
def test_truncation_keeps_only_the_centre_of_k_space(scene, axis, share):
    shares = (share, 1.0) if axis == 0 else (1.0, share)
    truncated = truncate(scene, shares)
    assert truncated.real.mean() == pytest.approx(scene.mean(), rel=1e-5)
    frequency, before = power(scene, axis)
    _, after = power(truncated, axis)
    centre, beyond = frequency < 0.9 * share, frequency > 1.1 * share
    np.testing.assert_allclose(after[centre], before[centre], rtol=1e-3)
    assert after[beyond].max() < 1e-6 * before[beyond].min()
    _, other = power(truncated, 1 - axis)
    assert other[1:].sum() > 0.3 * power(scene, 1 - axis)[1][1:].sum()


def test_a_full_share_changes_nothing(scene):
    before = scene.copy()
    np.testing.assert_allclose(truncate(scene, (1.0, 1.0)), scene, rtol=1e-6)
    truncate(scene, (0.5, 0.5))
    np.testing.assert_array_equal(scene, before)


def test_truncation_is_idempotent_except_at_its_soft_edge(scene):
    once = truncate(scene, (0.7, 0.7))
    twice = truncate(once, (0.7, 0.7))
    assert np.abs(twice - once).std() < 0.2 * np.abs(once - scene).std()


def test_truncation_causes_ripples_at_edges():
    step = np.zeros((128, 8, 1))
    step[40:90] = 1
    profile = truncate(step, (0.6, 1.0)).real[:, 0, 0]
    assert 0.02 < profile.max() - 1 < 0.15
    assert -0.15 < profile.min() < -0.02


@pytest.mark.parametrize('correlation', [(0.0, 0.0), (0.6, 0.3)])
def test_noise_is_rician_with_the_requested_deviation(rng, correlation):
    signal = np.zeros((60, 80, 20))
    signal[30:] = 1.0
    noisy = add_noise(rng, signal, 0.05, correlation)
    # Noise is Gaussian at high signal and Rayleigh in air (Gudbjartsson and Patz 1995).
    assert noisy[30:].std() == pytest.approx(0.05, rel=0.03)
    assert noisy[30:].mean() == pytest.approx(np.sqrt(1 + 0.05**2), rel=0.002)
    assert noisy[:30].mean() == pytest.approx(0.05 * np.sqrt(np.pi / 2), rel=0.03)
    assert noisy[:30].std() == pytest.approx(0.05 * np.sqrt(2 - np.pi / 2), rel=0.03)


@pytest.mark.parametrize('truncation', [(0.8, 0.7), (1.0, 0.75)])
def test_noise_of_a_truncated_image_has_the_requested_deviation(rng, truncation):
    noisy = add_noise(rng, np.ones((160, 120, 8)), 0.05, (0.3, 0.2), truncation)
    assert noisy.std() == pytest.approx(0.05, rel=0.03)
    frequency, density = power(noisy - noisy.mean(), 1)
    assert density[frequency > 1.1 * truncation[1]].max() < 0.01 * density[frequency < 0.5].mean()


def test_the_same_generator_gives_the_same_noise():
    one, two = (
        add_noise(np.random.default_rng(3), np.ones((20, 20, 2)), 0.1, (0.3, 0.3), (0.8, 0.8))
        for _ in range(2)
    )
    np.testing.assert_array_equal(one, two)


def test_blur_preserves_the_sum_and_widens_each_axis():
    point = np.zeros((21, 21, 3))
    point[10, 10, 1] = 1
    blurred = blur_in_plane(point, (1.0, 0.5))
    assert blurred.sum() == pytest.approx(1)
    assert not blurred[:, :, 0].any()
    i, j = np.indices((21, 21)) - 10
    assert np.sqrt((blurred[:, :, 1] * i**2).sum()) == pytest.approx(1.0, abs=0.05)
    assert np.sqrt((blurred[:, :, 1] * j**2).sum()) == pytest.approx(0.5, abs=0.05)


def test_ripples_preserve_the_mean_of_each_slice(rng):
    signal = np.zeros((128, 64, 6))
    signal[40:90, 20:40] = 1
    rippled = add_ripples(rng, signal, 0.07)
    changed = np.abs(rippled - signal).max()
    assert changed > 0.01
    assert rippled[45:85, 22:38].mean() == pytest.approx(1, abs=0.02)
