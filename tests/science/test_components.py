import numpy as np
import pytest
from skimage.measure import label

from pvs_workflow.science.components import (
    FLUID,
    MIN_STRENGTH,
    added_mask,
    drop_borders,
    enhancement_target,
    keep_strongest,
    label_candidates,
)

SHAPE = (80, 96)
ROI = np.ones(SHAPE, bool)


def ellipse(centre, long, short, degrees=0.0):
    """Return evidence of an ellipse: 1 in the middle, falling off at the rim; axes in pixels."""
    u, v = np.meshgrid(*[np.arange(n) for n in SHAPE], indexing='ij')
    turn = np.deg2rad(degrees)
    along = (u - centre[0]) * np.cos(turn) + (v - centre[1]) * np.sin(turn)
    across = -(u - centre[0]) * np.sin(turn) + (v - centre[1]) * np.cos(turn)
    radius = np.hypot(along / long, across / short)
    return np.clip(2 * (1.25 - radius), 0, 1)


def spots(rng, n=25):
    """Return noisy evidence of spots with random positions, sizes and strengths."""
    evidence = np.zeros(SHAPE)
    for _ in range(n):
        centre = rng.uniform([3, 3], [76, 92])
        spot = ellipse(centre, *rng.uniform(1, 3, 2), rng.uniform(0, 180))
        evidence = np.maximum(evidence, rng.uniform(0.3, 1) * spot)
    return np.clip(evidence + rng.normal(0, 0.01, SHAPE), 0, 1)


def regions(labels):
    """Return the pixel sets of all labels, without their numbers."""
    return {frozenset(map(tuple, np.argwhere(labels == n))) for n in range(1, labels.max() + 1)}


def test_a_perfect_enhancement_adds_the_mask():
    rng = np.random.default_rng(3)
    image = rng.random(SHAPE).astype(np.float32)
    mask = rng.random(SHAPE) > 0.97
    assert np.allclose(added_mask(image, enhancement_target(image, mask)), mask, atol=1e-6)


@pytest.mark.parametrize('level', [0.0, 0.1, 0.5, 1.0])
def test_uniform_evidence_has_no_candidates(level):
    labels, strengths = label_candidates(np.full(SHAPE, level), ROI)
    assert not labels.any()
    assert strengths.size == 0


@pytest.mark.parametrize('step', [(5, 0), (0, 5), (4, 2), (-2, 4)])
def test_touching_discs_are_separated(step):
    discs = [ellipse((40, 40), 2, 2), ellipse(np.add((40, 40), step), 2, 2)]
    evidence = np.maximum(*discs)
    assert label(evidence >= 0.5, connectivity=2).max() == 1
    labels, _ = label_candidates(evidence, ROI)
    assert labels.max() == 2
    for disc in discs:
        inside = labels[disc == 1]
        assert inside[0] > 0
        assert np.mean(inside == inside[0]) > 0.8


def test_a_chain_of_discs_is_separated():
    evidence = np.max([ellipse((40, 20 + 5 * n), 2, 2) for n in range(6)], axis=0)
    assert label_candidates(evidence, ROI)[0].max() == 6


@pytest.mark.parametrize('degrees', range(0, 180, 15))
@pytest.mark.parametrize('long', [4, 8])
def test_a_slanted_tube_stays_whole(long, degrees):
    tube = ellipse((40.3, 47.8), long, 1.2, degrees)
    noise = np.random.default_rng(degrees).normal(0, 0.02, SHAPE)
    labels, _ = label_candidates(np.clip(tube + noise * (tube > 0), 0, 1), ROI)
    assert labels.max() == 1
    assert np.mean(labels[tube == 1] == 1) > 0.8
    assert not labels[tube == 0].any()


def test_an_uneven_tube_stays_whole_and_a_broken_one_does_not():
    tube = ellipse((40, 48), 1.5, 12)
    wave = np.cos(np.arange(96) * 0.9)
    assert label_candidates(tube * (0.95 + 0.05 * wave), ROI)[0].max() == 1
    assert label_candidates(tube * (0.6 + 0.4 * wave), ROI)[0].max() > 1


def test_the_area_does_not_depend_on_the_strength():
    strong = ellipse((20, 20), 3, 2, 30)
    labels, strengths = label_candidates(strong + 0.4 * np.roll(strong, (40, 40), (0, 1)), ROI)
    assert labels.max() == 2
    assert np.array_equal(np.roll(labels == 1, (40, 40), (0, 1)), labels == 2)
    assert np.isclose(strengths[1], 0.4 * strengths[0])


@pytest.mark.parametrize('seed', range(5))
def test_labels_are_connected_and_sorted_by_strength(seed):
    evidence = spots(np.random.default_rng(seed))
    labels, strengths = label_candidates(evidence, ROI)
    assert labels.max() == strengths.size > 10
    assert (np.diff(strengths) <= 0).all()
    assert MIN_STRENGTH <= strengths.min() <= strengths.max() <= 1
    for n in range(1, labels.max() + 1):
        assert label(labels == n, connectivity=2).max() == 1


@pytest.mark.parametrize('seed', range(5))
def test_labels_follow_mirroring_and_transposing(seed):
    evidence = spots(np.random.default_rng(seed))
    roi = np.hypot(*np.ogrid[-40:40, -48:48]) < 38
    expected, strengths = label_candidates(evidence, roi)
    for change in (np.flipud, np.fliplr, np.transpose):  # each is its own inverse
        labels, again = label_candidates(change(evidence), change(roi))
        assert regions(change(labels)) == regions(expected)
        assert np.allclose(again, strengths)


def test_candidates_outside_the_roi_are_dropped():
    evidence = np.maximum(ellipse((38, 20), 2, 2), ellipse((42, 60), 2, 2))
    roi = ROI.copy()
    roi[41:] = False
    labels, _ = label_candidates(evidence, roi)
    assert labels.max() == 1
    assert labels[38, 20] == 1


def test_weak_candidates_are_dropped():
    spot = ellipse((40, 40), 4, 4)
    assert label_candidates(0.9 * MIN_STRENGTH * spot, ROI)[0].max() == 0
    assert label_candidates(1.1 * MIN_STRENGTH * spot, ROI)[0].max() == 1


def test_candidates_at_fluid_are_dropped_and_bright_candidates_are_kept():
    evidence = np.max([ellipse((40, v), 2, 2) for v in (20, 50, 80)], axis=0)
    labels, strengths = label_candidates(evidence, ROI)
    image = np.full(SHAPE, 0.4)
    image[labels > 0] = 1.0  # as bright as fluid themselves
    image[:, 83:] = 0.4 * FLUID  # 2 pixels from the last one
    assert drop_borders(labels, strengths, np.where(labels > 0, 1.0, 0.4), ROI)[1].size == 3
    remaining, maxima = drop_borders(labels, strengths, image, ROI)
    assert maxima.size == remaining.max() == 2
    assert (remaining[40, [20, 50, 80]] > 0).tolist() == [True, True, False]
    image[:, 83:88] = 0.4  # far from all
    assert drop_borders(labels, strengths, image, ROI)[0].max() == 3
    assert np.isclose(maxima, strengths[: maxima.size]).all()


def test_at_most_the_strongest_candidates_are_kept():
    labels, strengths = label_candidates(spots(np.random.default_rng(8)), ROI)
    before = labels.copy()
    for max_number in (0, 1, 5, strengths.size, strengths.size + 20):
        strongest, maxima = keep_strongest(labels, strengths, max_number)
        n = min(max_number, strengths.size)
        assert np.array_equal(np.unique(strongest[strongest > 0]), np.arange(1, n + 1))
        assert np.array_equal(maxima, np.sort(strengths)[::-1][:n])
        assert np.array_equal(strongest[strongest > 0], labels[strongest > 0])
    assert np.array_equal(labels, before)


def test_inputs_are_not_modified():
    evidence = spots(np.random.default_rng(4))
    before = evidence.copy()
    label_candidates(evidence, ROI)
    assert np.array_equal(evidence, before)


def test_arguments_of_different_shapes_are_refused():
    with pytest.raises(ValueError, match=r'same shape, received \(80, 96\) and \(80, 95\)'):
        label_candidates(np.zeros(SHAPE), ROI[:, 1:])
