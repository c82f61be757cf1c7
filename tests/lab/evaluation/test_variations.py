import numpy as np
import pytest

from pvs_workflow.lab.evaluation.filters import METHODS as FILTERS
from pvs_workflow.lab.evaluation.variations import METHODS, draw_variations, enhanced_images
from pvs_workflow.lab.training.augment import (
    ROI_ERRORS,
    Augmentation,
    augmented_image,
    plain_image,
)
from pvs_workflow.science.components import enhancement_target
from pvs_workflow.science.intensity import Preprocessing

HOW = Preprocessing()


@pytest.mark.parametrize('by', [None, ROI_ERRORS, Augmentation()])
def test_both_images_are_one_variation(samples, by):
    drawn = draw_variations(samples[:12], HOW, by, np.random.default_rng(0))
    assert drawn.whole.shape == drawn.kept.shape == drawn.epvs.shape == (12, 80, 96)
    rng = np.random.default_rng(0)
    for index, sample in enumerate(samples[:12]):
        one = plain_image(sample, HOW) if by is None else augmented_image(sample, HOW, by, rng)
        assert np.array_equal(drawn.blanked[index], one.image)
        assert np.array_equal(drawn.epvs[index], one.epvs)
        target = enhancement_target(one.image, one.epvs)
        assert np.allclose(drawn.targets[index, ..., 0], target, atol=1e-6)
        assert drawn.counts[index] == one.count
        # There is tissue where the blanked image has none.
        assert (drawn.whole[index][~drawn.kept[index]] > 0).mean() > 0.9


def test_targets_of_the_counter(samples):
    drawn = draw_variations(samples[:5], HOW, None, np.random.default_rng(0))
    maps = drawn.maps(8)
    assert maps.shape == (5, 10, 12, 2)
    counts = [sample.count for sample in samples[:5]]
    assert maps[..., 0].mean(axis=(1, 2)) * 48 == pytest.approx(counts, abs=1e-4)


def test_nothing_is_blanked_where_the_preprocessing_says_so(samples):
    drawn = draw_variations(
        samples[:2], Preprocessing(outside='keep'), None, np.random.default_rng(0)
    )
    assert drawn.kept.all()


@pytest.mark.parametrize('method', FILTERS)
def test_filters_see_the_whole_image_and_are_blanked(samples, method):
    drawn = draw_variations(samples[:3], HOW, None, np.random.default_rng(0))
    images = enhanced_images(drawn, method)
    assert images.shape == (3, 80, 96, 1)
    assert images.dtype == np.float32
    for index in range(3):
        expected = np.where(drawn.kept[index], FILTERS[method](drawn.whole[index]), 0)
        assert np.array_equal(images[index, ..., 0], expected)


def test_none_is_what_the_cascade_gets(samples):
    drawn = draw_variations(samples[:3], HOW, ROI_ERRORS, np.random.default_rng(0))
    assert np.array_equal(enhanced_images(drawn, 'none')[..., 0], drawn.blanked)


def test_unknown_method(samples):
    drawn = draw_variations(samples[:1], HOW, None, np.random.default_rng(0))
    with pytest.raises(ValueError, match=r"method must be one of .* received 'magic'"):
        enhanced_images(drawn, 'magic')


def test_the_commands_methods():
    from pvs_workflow.lab.cli import crossval

    assert crossval.METHODS == METHODS
