import subprocess
import sys

import numpy as np
import pytest

from pvs_workflow.lab.evaluation.filters import DEEP, FILTERS, METHODS, TITLES

SHARPENING = [name for name in FILTERS if name != 'none']
LOCAL = ['none', 'tophat', 'laplacian', 'frangi']
DOT = np.s_[39:42, 47:50]


def test_every_filter_has_a_title_and_the_network_comes_last():
    assert (*FILTERS, DEEP) == METHODS
    assert len(set(TITLES.values())) == len(TITLES)


def test_names_are_known_without_image_libraries():
    """The command line lists them in ``--help``."""
    code = (
        'import sys, pvs_workflow.lab.evaluation.filters; '
        'assert not {"scipy", "skimage"} & set(sys.modules)'
    )
    subprocess.run([sys.executable, '-c', code], check=True)


def tissue(rng, noise=0.02):
    return (0.4 + noise * rng.standard_normal((80, 96))).clip(0, 1).astype(np.float32)


@pytest.fixture
def image():
    """Return noise with a dot of 3 × 3 pixels and a tube."""
    image = tissue(np.random.default_rng(0))
    image[DOT] += 0.2
    image[20:30, 60:62] += 0.2
    return image


@pytest.mark.parametrize('name', FILTERS)
def test_filters_are_deterministic_in_range_and_keep_their_input(name, image):
    before = image.copy()
    out = FILTERS[name](image)
    assert out.shape == image.shape
    assert out.dtype == np.float32
    assert 0 <= out.min() < out.max() <= 1
    assert np.array_equal(out, FILTERS[name](image))
    assert np.array_equal(image, before)
    assert not np.shares_memory(out, image)


@pytest.mark.parametrize('name', LOCAL)
def test_filters_commute_with_flips(name, image):
    for axis in (0, 1):
        flipped = FILTERS[name](np.flip(image, axis))
        assert np.allclose(flipped, np.flip(FILTERS[name](image), axis), atol=1e-5)


@pytest.mark.parametrize('name', LOCAL)
def test_filters_commute_with_shifts(name, image):
    moved = FILTERS[name](np.roll(image, (3, -5), (0, 1)))
    inside = np.s_[15:-15, 15:-15]
    assert np.allclose(
        moved[inside], np.roll(FILTERS[name](image), (3, -5), (0, 1))[inside], atol=1e-5
    )


@pytest.mark.parametrize('name', FILTERS)
def test_a_constant_image_remains_constant(name):
    out = FILTERS[name](np.full((80, 96), 0.4, np.float32))
    assert np.ptp(out) < 1e-6
    assert out[0, 0] == pytest.approx(0.4 if name in ('none', 'clahe') else 0.2)


@pytest.mark.parametrize('name', SHARPENING)
def test_filters_increase_the_contrast_of_a_dot(name, image):
    """The contrast is relative to the median; noise may increase too."""
    out = FILTERS[name](image)

    def contrast(image):
        return (image[DOT].mean() - np.median(image)) / np.median(image)

    assert contrast(out) > 1.2 * contrast(image)


@pytest.mark.parametrize(('name', 'factor'), [('tophat', 1), ('frangi', 2)])
def test_tophat_and_frangi_enhance_a_dot_more_than_the_noise(name, factor, image):
    out = FILTERS[name](image)
    quiet = np.s_[55:75, 10:40]

    def ratio(image):
        return (image[DOT].mean() - image[quiet].mean()) / image[quiet].std()

    assert ratio(out) > factor * ratio(image)


def test_frangi_enhances_dots_and_tubes_but_neither_noise_nor_holes(image):
    def vessels(image):
        return 2 * FILTERS['frangi'](image) - image

    vesselness = vessels(image)
    assert vesselness[40, 48] > 0.3
    assert vesselness[25, 60:62].max() > 0.3
    assert vessels(tissue(np.random.default_rng(1))).max() < 0.2
    hole = tissue(np.random.default_rng(2), noise=0)
    hole[DOT] -= 0.2
    assert vessels(hole)[DOT].max() < 0.01


def test_tophat_does_not_enhance_wide_structures():
    image = np.full((80, 96), 0.3, np.float32)
    image[20:50, 20:50] = 0.6
    assert np.allclose(FILTERS['tophat'](image)[25:45, 25:45], 0.3)


def test_laplacian_matches_a_calculation_by_hand():
    image = np.full((5, 5), 0.2, np.float32)
    image[2, 2] = 0.3
    out = FILTERS['laplacian'](image)
    assert out[2, 2] == pytest.approx((0.3 + 0.4) / 2)
    assert out[2, 1] == pytest.approx((0.2 - 0.1) / 2)
    assert out[1, 1] == pytest.approx(0.1)


@pytest.mark.parametrize('name', FILTERS)
def test_invalid_images_are_rejected(name):
    with pytest.raises(ValueError, match=r'must be 2D .* shape is \(2, 80, 96\)'):
        FILTERS[name](np.zeros((2, 80, 96)))
    with pytest.raises(ValueError, match=r'image values must be in \[0, 1\]'):
        FILTERS[name](np.full((80, 96), 1.5))
    with pytest.raises(ValueError, match=r'image values must be in \[0, 1\]'):
        FILTERS[name](np.full((80, 96), np.nan))
