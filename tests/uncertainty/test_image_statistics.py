import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from pvs_workflow.uncertainty.image_statistics import (
    STATISTICS,
    describe_images,
    image_statistics,
)


def scene(seed=0, noise=0.02):
    """Return a blanked image of smooth grey texture with noise."""
    rng = np.random.default_rng(seed)
    x, y = np.meshgrid(np.linspace(-1, 1, 80), np.linspace(-1, 1, 96), indexing='ij')
    inside = x**2 / 0.6 + y**2 / 0.7 < 1
    texture = gaussian_filter(rng.standard_normal((80, 96)), 4)
    image = 0.4 + 0.6 * texture + noise * rng.standard_normal((80, 96))
    return np.where(inside, np.clip(image, 0.01, 1), 0).astype(np.float32)


def named(image, evidence=None, count=0.0):
    evidence = np.zeros_like(image) if evidence is None else evidence
    return dict(zip(STATISTICS, image_statistics(image, evidence, count), strict=True))


def test_noise_is_in_units_of_the_image():
    for noise in (0.02, 0.05, 0.1):
        assert np.exp(named(scene(noise=noise))['noise']) == pytest.approx(noise, rel=0.15)


def test_each_statistic_responds_to_its_cause():
    image, plain = scene(), named(scene())
    inverted = np.where(image > 0, 0.8 - image, 0)
    assert np.sign(named(np.clip(inverted, 0, 1))['skew']) == -np.sign(plain['skew'])
    assert named(gaussian_filter(image, 1.5) * (image > 0))['gradient'] < plain['gradient'] - 0.5
    assert named(np.clip(image * 2.4, 0, 1))['saturated share'] > plain['saturated share'] + 0.1
    small = image.copy()
    small[:40] = 0
    assert named(small)['area'] == pytest.approx(plain['area'] - np.log(2), abs=0.02)
    dark = image.copy()
    dark[30:40, 30:60] = 0.1
    assert named(dark)['dark share'] > plain['dark share'] + 0.1


def test_evidence_is_compared_with_the_count():
    image = scene()
    evidence = np.zeros_like(image)
    evidence[35:45, 40:50] = 1
    assert named(image, evidence)['evidence'] > 0.1
    assert named(image, evidence, 0.0)['evidence per count'] > 2
    assert abs(named(image, evidence, 20.0)['evidence per count']) < 0.2
    assert named(image, count=40.0)['evidence per count'] < -3


@pytest.mark.parametrize('value', [0.0, 0.4, 1.0])
def test_uniform_images_have_finite_statistics(value):
    image = np.full((80, 96), value, np.float32)
    assert np.isfinite(image_statistics(image, image, 0.0)).all()


def test_a_single_pixel_has_finite_statistics():
    image = np.zeros((80, 96), np.float32)
    image[3, 4] = 0.5
    assert np.isfinite(image_statistics(image, image, 3.0)).all()


def test_images_are_described_separately_and_not_modified():
    images = np.stack([scene(i) for i in range(3)])
    before, counts = images.copy(), np.array([0.0, 3.0, 9.0])
    rows = describe_images(images, images / 2, counts)
    assert rows.shape == (3, len(STATISTICS))
    assert np.array_equal(rows[2], image_statistics(images[2], images[2] / 2, 9.0))
    assert np.array_equal(images, before)
    assert describe_images(images[:0], images[:0], counts[:0]).shape == (0, len(STATISTICS))
