import numpy as np
import pytest

from pvs_workflow.lab.evaluation.filters import FILTERS, METHODS
from pvs_workflow.lab.evaluation.variations import draw_variations, enhanced_images
from pvs_workflow.lab.training.augment import (
    ROI_ERRORS,
    Augmentation,
    augmented_image,
    plain_image,
)
from pvs_workflow.science.components import enhancement_target
from pvs_workflow.science.intensity import Preprocessing

PREPROCESSING = Preprocessing()


@pytest.mark.parametrize('by', [None, ROI_ERRORS, Augmentation()])
def test_blanked_and_unblanked_images_show_the_same_variation(samples, by):
    drawn = draw_variations(samples[:12], PREPROCESSING, by, np.random.default_rng(0))
    assert drawn.unblanked.shape == drawn.visible.shape == drawn.epvs.shape == (12, 80, 96)
    rng = np.random.default_rng(0)
    for index, sample in enumerate(samples[:12]):
        image = (
            plain_image(sample, PREPROCESSING)
            if by is None
            else augmented_image(sample, PREPROCESSING, by, rng)
        )
        assert np.array_equal(drawn.blanked[index], image.image)
        assert np.array_equal(drawn.epvs[index], image.epvs)
        target = enhancement_target(image.image, image.epvs)
        assert np.allclose(drawn.targets[index, ..., 0], target, atol=1e-6)
        assert drawn.counts[index] == image.count
        # The unblanked image has tissue outside the ROI.
        assert (drawn.unblanked[index][~drawn.visible[index]] > 0).mean() > 0.9


def test_targets_of_the_counter_have_the_counts(samples):
    drawn = draw_variations(samples[:5], PREPROCESSING, None, np.random.default_rng(0))
    maps = drawn.maps(8)
    assert maps.shape == (5, 10, 12, 2)
    counts = [sample.count for sample in samples[:5]]
    assert maps[..., 0].mean(axis=(1, 2)) * 48 == pytest.approx(counts, abs=1e-4)


def test_nothing_is_blanked_with_preprocessing_that_keeps_the_surroundings(samples):
    drawn = draw_variations(
        samples[:2], Preprocessing(outside='keep'), None, np.random.default_rng(0)
    )
    assert drawn.visible.all()


@pytest.mark.parametrize('method', FILTERS)
def test_filters_are_applied_before_blanking(samples, method):
    drawn = draw_variations(samples[:3], PREPROCESSING, None, np.random.default_rng(0))
    images = enhanced_images(drawn, method)
    assert images.shape == (3, 80, 96, 1)
    assert images.dtype == np.float32
    for index in range(3):
        expected = np.where(drawn.visible[index], FILTERS[method](drawn.unblanked[index]), 0)
        assert np.array_equal(images[index, ..., 0], expected)


def test_the_method_none_gives_the_input_of_the_cascade(samples):
    drawn = draw_variations(samples[:3], PREPROCESSING, ROI_ERRORS, np.random.default_rng(0))
    assert np.array_equal(enhanced_images(drawn, 'none')[..., 0], drawn.blanked)


def test_an_unknown_method_is_rejected(samples):
    drawn = draw_variations(samples[:1], PREPROCESSING, None, np.random.default_rng(0))
    with pytest.raises(ValueError, match=r"unknown method 'magic'; choose from none, "):
        enhanced_images(drawn, 'magic')


def test_the_command_offers_all_methods():
    from pvs_workflow.lab.cli import crossval

    assert crossval.METHODS == METHODS
