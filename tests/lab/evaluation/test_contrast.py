import numpy as np
import pytest

from pvs_workflow.lab.evaluation.contrast import (
    MIN_PIXELS,
    find_regions,
    grain_noise,
    measure_contrast,
)


@pytest.fixture
def roi():
    x, y = np.meshgrid(np.arange(80) - 40, np.arange(96) - 48, indexing='ij')
    return (x / 25) ** 2 + (y / 35) ** 2 < 1


@pytest.fixture
def epvs():
    mask = np.zeros((80, 96), bool)
    mask[30:32, 40:42] = mask[34, 44:47] = mask[45:48, 60:62] = True
    mask[14, 48] = True  # outside the ROI
    return mask


def by_hand(image, epvs, roi):
    """Return both ratios, computed pixel by pixel."""
    dots = np.argwhere(epvs)
    surround, quiet, stencil = [], [], []
    weights = np.outer([1, -2, 1], [1, -2, 1])
    for i, j in np.argwhere(roi):
        distance = np.sqrt(((dots - (i, j)) ** 2).sum(axis=1).min())
        if 2 <= distance <= 4:
            surround.append(image[i, j])
        if distance > 4 and roi[i - 1 : i + 2, j - 1 : j + 2].all():
            quiet.append(image[i, j])
            stencil.append((weights * image[i - 1 : i + 2, j - 1 : j + 2]).sum())
    contrast = abs(np.mean(image[epvs & roi]) - np.mean(surround))
    return contrast / (np.sqrt(np.mean(np.square(stencil))) / 6), contrast / np.std(quiet, ddof=1)


def test_ratios_match_a_calculation_by_hand(epvs, roi):
    image = np.random.default_rng(0).random((80, 96)) + 0.5 * epvs
    contrast = measure_contrast(image, find_regions(epvs, roi))
    assert (contrast.cnr, contrast.cnr_tissue) == pytest.approx(by_hand(image, epvs, roi))


def test_ratios_match_a_known_contrast_and_noise(epvs, roi):
    rng = np.random.default_rng(1)
    image = 0.4 + 0.3 * epvs + 0.02 * rng.standard_normal((80, 96))
    contrast = measure_contrast(image, find_regions(epvs, roi))
    assert contrast.cnr == pytest.approx(15, rel=0.1)
    assert contrast.cnr_tissue == pytest.approx(15, rel=0.1)


def test_ratios_do_not_depend_on_gain_and_offset(epvs, roi):
    image = np.random.default_rng(2).random((80, 96)) + epvs
    regions = find_regions(epvs, roi)
    one, two = measure_contrast(image, regions), measure_contrast(7 * image - 3, regions)
    assert (one.cnr, one.cnr_tissue) == pytest.approx((two.cnr, two.cnr_tissue))


def test_shading_affects_only_the_tissue_ratio(epvs, roi):
    rng = np.random.default_rng(3)
    flat = 0.4 + 0.3 * epvs + 0.02 * rng.standard_normal((80, 96))
    shaded = flat + np.linspace(0, 0.3, 80)[:, None]
    regions = find_regions(epvs, roi)
    one, two = measure_contrast(flat, regions), measure_contrast(shaded, regions)
    assert two.cnr == pytest.approx(one.cnr, rel=0.1)
    assert two.cnr_tissue < 0.6 * one.cnr_tissue


def test_false_enhancements_lower_the_tissue_ratio(epvs, roi):
    rng = np.random.default_rng(4)
    image = 0.4 + 0.3 * epvs + 0.02 * rng.standard_normal((80, 96))
    false = image.copy()
    false[50:53, 40:43] += 0.3
    regions = find_regions(epvs, roi)
    one, two = measure_contrast(image, regions), measure_contrast(false, regions)
    assert two.cnr_tissue < 0.8 * one.cnr_tissue


def test_regions_are_disjoint_and_inside_the_roi(epvs, roi):
    regions = find_regions(epvs, roi)
    total = regions.epvs.astype(int) + regions.surround + regions.quiet
    assert total.max() == 1
    assert not (total.astype(bool) & ~roi).any()
    assert not regions.epvs[14, 48]
    # The ePVS outside is not measured, but the tissue next to it is not quiet.
    assert roi[16, 48]
    assert not regions.quiet[16:19, 48].any()


def test_blanking_outside_the_roi_does_not_change_the_ratios(epvs, roi):
    image = 0.4 + 0.02 * np.random.default_rng(5).standard_normal((80, 96)) + 0.2 * epvs
    regions = find_regions(epvs, roi)
    assert measure_contrast(image, regions) == measure_contrast(np.where(roi, image, 0), regions)


def test_without_epvs_pixels_or_noise_there_is_no_ratio(epvs, roi):
    image = np.random.default_rng(6).random((80, 96))
    assert measure_contrast(image, find_regions(np.zeros_like(epvs), roi)) is None
    tiny = np.zeros_like(roi)
    tiny[29:33, 39:43] = True
    regions = find_regions(epvs, tiny)
    assert regions.quiet.sum() < MIN_PIXELS
    assert measure_contrast(image, regions) is None
    assert measure_contrast(np.ones((80, 96)), find_regions(epvs, roi)) is None


def test_grain_is_the_noise_and_ignores_smooth_structure():
    noise = 0.7 * np.random.default_rng(7).standard_normal((300, 300))
    everywhere = np.ones(noise.shape, bool)
    x, y = np.meshgrid(np.arange(300), np.arange(300), indexing='ij')
    assert grain_noise(noise, everywhere) == pytest.approx(0.7, rel=0.02)
    inside = np.zeros(noise.shape, bool)
    inside[1:-1, 1:-1] = True
    assert grain_noise(3.0 * x - y + 0.01 * x**2 + (x > 100), inside) < 1e-9
