import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from pvs_workflow.science.copies import MIN_CORRELATION, detail_correlation, is_copy

SHAPE = (96, 100, 8)


@pytest.fixture(scope='module')
def anatomy():
    """Return smooth structures of a head, without noise."""
    rng = np.random.default_rng(1)
    head = np.hypot(*np.meshgrid(*(np.linspace(-1, 1, n) for n in SHAPE[:2]), indexing='ij')) < 0.8
    structures = gaussian_filter(rng.normal(0, 1, SHAPE), (2, 2, 0))
    return head[..., None] * (100 + 150 * structures)


def acquire(anatomy, seed, noise=2.0):
    return anatomy + np.random.default_rng(seed).normal(0, noise, SHAPE)


@pytest.mark.parametrize(
    'change',
    [
        lambda image: image.copy(),
        lambda image: np.round(3 * image).astype(np.int16),
        lambda image: image * np.linspace(0.6, 1.5, SHAPE[0])[:, None, None],
        lambda image: np.where(image == 0, np.nan, image),
    ],
    ids=['equal', 'rounded', 'normalised', 'with NaN'],
)
def test_reconstructions_of_one_acquisition_are_copies(anatomy, change):
    image = acquire(anatomy, 2)
    before = image.copy()
    assert is_copy(image, change(image))
    assert np.array_equal(image, before)


@pytest.mark.parametrize('noise', [1.0, 2.0, 5.0])
def test_two_acquisitions_at_the_same_place_are_not(anatomy, noise):
    one, two = (acquire(anatomy, seed, noise) for seed in (2, 3))
    assert detail_correlation(one, two) < MIN_CORRELATION - 0.05


def test_images_of_other_shape_or_without_detail_are_not():
    noise = np.random.default_rng(0).normal(100, 5, (20, 20, 5))
    assert not is_copy(noise, noise[:, :, :4])
    assert not is_copy(np.zeros((20, 20, 5)), np.zeros((20, 20, 5)))
    assert not is_copy(noise, np.full((20, 20, 5), 7.0))
