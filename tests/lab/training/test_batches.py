from dataclasses import replace

import numpy as np
import pytest

from pvs_workflow.lab.training.augment import plain_image
from pvs_workflow.lab.training.batches import (
    CountingBatches,
    EnhancingBatches,
    VariationBatches,
    counting_targets,
)
from pvs_workflow.lab.training.config import FAST


def test_every_epoch_contains_each_sample_once(samples):
    config = replace(FAST, enhancer=replace(FAST.enhancer, batch=7))
    batches = EnhancingBatches(samples, config, seed=0)
    sizes = [len(images) for images, _ in batches(1)]
    assert sum(sizes) == len(samples)
    assert len(sizes) == len(batches) == 5


def test_targets_are_in_units_of_forty_eight_at_the_positions_of_the_epvs(samples):
    images = [plain_image(sample, FAST.preprocessing) for sample in samples[:4]]
    targets = counting_targets(images, 8)
    assert targets.shape == (4, 10, 12, 2)
    assert (targets[..., 1] == 1).all()
    counts = [sample.count for sample in samples[:4]]
    assert targets[..., 0].mean(axis=(1, 2)) * 48 == pytest.approx(counts, abs=1e-4)
    for image, target in zip(images, targets, strict=True):
        cells = image.epvs.reshape(10, 8, 12, 8).any(axis=(1, 3))
        assert not target[~cells, 0].any()
        assert sum(counts) > 0


def test_targets_without_masks_have_no_positions(samples):
    rated = replace(samples[0], rated=7.5)
    (target,) = counting_targets([plain_image(rated, FAST.preprocessing)], 8)
    assert not target[..., 1].any()
    assert target[..., 0] * 48 == pytest.approx(np.full((10, 12), 7.5))


def test_variations_of_the_counter_are_reused_for_a_few_epochs(samples):
    config = replace(FAST, refresh=2, counter=replace(FAST.counter, batch=4))
    enhanced = []

    def enhance(images):
        enhanced.append(len(images))
        return images

    batches = CountingBatches(samples[:8], enhance, config, seed=0)
    sums = []
    for epoch in (1, 2, 3):
        pixels = np.concatenate([images for images, _ in batches(epoch)])
        assert pixels.shape == (8, 80, 96, 1)
        sums.append(sorted(pixels.sum(axis=(1, 2, 3)).tolist()))
    assert enhanced == [8, 8]
    assert sums[0] == pytest.approx(sums[1])
    assert sums[0] != pytest.approx(sums[2])


def test_an_epoch_does_not_depend_on_previous_epochs(samples):
    first, second = (CountingBatches(samples[:8], np.copy, FAST, seed=0) for _ in range(2))
    list(first(1))
    for a, b in zip(first(7), second(7), strict=True):
        assert np.array_equal(a[0], b[0])
        assert np.array_equal(a[1], b[1])


def numbered(n_variations=3, n=10):
    """Return images that contain their variation and their number as pixels, and targets."""
    images = np.zeros((n_variations, n, 4, 6, 1), np.float32)
    images[..., 0, 0, 0] = np.arange(n_variations)[:, None] + 1
    images[..., 1, 1, 0] = np.arange(n) + 1
    return list(images), [np.arange(1.0, n + 1)[:, None, None]] * n_variations


def test_every_epoch_contains_each_image_once_with_its_target():
    inputs, targets = numbered()
    batches = VariationBatches(inputs, targets, 4, (0,))
    for epoch in (1, 2):
        parts = list(batches(epoch))
        assert len(parts) == len(batches) == 2
        numbers = np.concatenate([target[:, 0, 0] for _, target in parts])
        assert sorted(numbers) == list(range(1, 11))
        for images, target in parts:
            inner = images[:, 1:3, 1:5, 0].max(axis=(1, 2))
            assert np.array_equal(inner, target[:, 0, 0])


def test_all_variations_and_flips_occur_and_targets_are_flipped_too():
    inputs, _ = numbered()
    batches = VariationBatches(inputs, inputs, 4, (0,))
    corners = set()
    variations = set()
    for epoch in range(1, 9):
        for images, targets in batches(epoch):
            assert np.array_equal(images, targets)
            corner = images[:, [0, 0, -1, -1], [0, -1, 0, -1], 0]
            corners |= set(np.argmax(corner, axis=1).tolist())
            variations |= set(corner.max(axis=1).tolist())
    assert corners == {0, 1, 2, 3}
    assert variations == {1.0, 2.0, 3.0}


def test_same_seed_gives_the_same_batches():
    inputs, targets = numbered()
    first, second = (
        [batch for epoch in (1, 2) for batch in VariationBatches(inputs, targets, 4, (3,))(epoch)]
        for _ in range(2)
    )
    assert all(np.array_equal(a[0], b[0]) for a, b in zip(first, second, strict=True))
