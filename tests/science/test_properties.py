"""Property-based tests of volumes, slices and grades."""

import math
from itertools import permutations, product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from nibabel.affines import apply_affine
from scipy.spatial.transform import Rotation

from pvs_workflow.errors import ImageError
from pvs_workflow.science.checks import check_shape
from pvs_workflow.science.geometry import check_affine, to_canonical, to_stored
from pvs_workflow.science.grading import GRADES, person_grade, potter_grade
from pvs_workflow.science.slabs import average_slabs, slab_affine, slab_labels
from pvs_workflow.science.slices import (
    IMAGE_SHAPE,
    View,
    choose_slices,
    cut_image,
    find_views,
    paste_image,
)

COUNTS = st.floats(0, 200)
ORIENTATIONS = [
    (order, flips) for order in permutations(range(3)) for flips in product((1, -1), repeat=3)
]
SIZES = st.floats(0.1, 12.0)
SHAPES = st.tuples(*[st.integers(2, 6)] * 3)


@st.composite
def grids(draw, max_angle=0.6):
    """Draw a volume of numbered voxels, and its affine in any storage order, also oblique."""
    order, flips = draw(st.sampled_from(ORIENTATIONS))
    angles = draw(st.tuples(*[st.floats(-max_angle, max_angle)] * 3))
    directions = Rotation.from_euler('XYZ', angles).as_matrix() @ (
        np.eye(3)[:, list(order)] * flips
    )
    affine = np.eye(4)
    affine[:3, :3] = directions * draw(st.tuples(SIZES, SIZES, SIZES))
    affine[:3, 3] = draw(st.tuples(*[st.floats(-500, 500)] * 3))
    shape = draw(SHAPES)
    return np.arange(np.prod(shape)).reshape(shape), affine


@given(grids())
def test_canonical_order_keeps_the_position_of_every_voxel(grid):
    data, affine = grid
    check_affine(affine)
    canonical, new, storage = to_canonical(data, affine)
    voxels = np.argwhere(np.ones(canonical.shape, bool))
    before = np.empty((data.size, 3))
    before[data.ravel()] = apply_affine(affine, np.argwhere(np.ones(data.shape, bool)))
    after = apply_affine(new, voxels)
    np.testing.assert_allclose(after, before[canonical[tuple(voxels.T)]], atol=0.01)
    axes = np.abs(new[:3, :3] / np.linalg.norm(new[:3, :3], axis=0))
    if axes.max(axis=0).min() > 0.75:
        assert (np.diag(new)[:3] > 0).all()
    np.testing.assert_array_equal(to_stored(canonical, storage), data)


@given(grids(max_angle=0.0))
def test_all_48_storage_orders_have_the_same_canonical_form(grid):
    data, affine = grid
    canonical, new, _ = to_canonical(data, affine)
    for order, flips in ORIENTATIONS:
        moved = np.transpose(canonical, order)[tuple(slice(None, None, flip) for flip in flips)]
        step = np.zeros((4, 4))
        step[3, 3] = 1
        for axis, (old, flip) in enumerate(zip(order, flips, strict=True)):
            step[old, axis] = flip
            step[old, 3] = 0 if flip > 0 else canonical.shape[old] - 1
        again, affine_again, _ = to_canonical(moved, new @ step)
        np.testing.assert_array_equal(again, canonical)
        np.testing.assert_allclose(affine_again, new, atol=2e-3)


@given(st.lists(st.floats(width=32), min_size=16, max_size=16))
def test_every_affine_is_refused_or_invertible(values):
    affine = np.array(values, float).reshape(4, 4)
    affine[3] = 0, 0, 0, 1
    with np.errstate(all='ignore'):
        try:
            check_affine(affine)
        except ImageError:
            return
    assert np.isfinite(np.linalg.inv(affine)).all()


@given(st.lists(st.integers(-(2**63), 2**63), max_size=8))
def test_every_shape_is_refused_or_three_dimensional(shape):
    try:
        volume = check_shape(tuple(shape))
    except ImageError:
        return
    assert len(volume) == 3
    assert math.prod(volume) == math.prod(shape)


@given(SHAPES, st.integers(1, 4), st.integers(0, 2**32 - 1))
def test_a_slab_is_the_mean_of_its_slices_and_keeps_their_labels(shape, n, seed):
    data = np.random.default_rng(seed).integers(0, 3, shape)
    slabs, labels = average_slabs(data, n), slab_labels(data, n)
    assert slabs.shape[2] == labels.shape[2] == shape[2] // n
    for slab in range(slabs.shape[2]):
        slices = data[:, :, slab * n : (slab + 1) * n]
        np.testing.assert_allclose(slabs[:, :, slab], slices.mean(axis=2), rtol=1e-6)
        for value in (1, 2):
            whole = (slices == value).all(axis=2)
            assert (labels[:, :, slab][whole] == value).all()
            assert not ((labels[:, :, slab] == value) & ~(slices == value).any(axis=2)).any()
    affine = np.diag([1.0, 1.0, 2.0, 1.0])
    middle = (n - 1) / 2
    np.testing.assert_allclose(slab_affine(affine, n)[:3, 3], affine[:3, 2] * middle)


@given(st.lists(st.integers(0, 9), min_size=3, max_size=12))
def test_the_chosen_three_slices_have_the_largest_area(areas):
    if not any(areas):
        with pytest.raises(ImageError, match='basal ganglia'):
            choose_slices(np.array(areas))
        return
    first = choose_slices(np.array(areas))
    sums = [sum(areas[start : start + 3]) for start in range(len(areas) - 2)]
    assert sums[first] == max(sums)
    assert sums.index(max(sums)) == first


@given(st.integers(0, 2**32 - 1))
def test_views_lie_in_the_volume_in_order(seed):
    roi = np.random.default_rng(seed).integers(0, 3, (12, 10, 5))
    views = find_views(roi)
    assert [(view.hemisphere, view.rank) for view in views] == [*product('LR', (1, 2, 3))]
    for view in views:
        assert 0 <= view.slice_index < 5
        assert all(0 <= at <= edge for at, edge in zip(view.centre, roi.shape, strict=False))


@given(st.floats(0.3, 1.5), st.floats(20, 100), st.floats(20, 100), st.integers(0, 2**32 - 1))
def test_cutting_and_pasting_stay_within_the_range_of_values(size, x, y, seed):
    volume = np.random.default_rng(seed).random((110, 120, 1), dtype=np.float32)
    affine = np.diag([size, size, 5.0, 1.0])
    view = View('L', 0, 1, (x, y))
    image = cut_image(volume, affine, view)
    assert image.shape == IMAGE_SHAPE
    assert image.min() >= 0
    assert image.max() <= volume.max() + 1e-6
    back, inside = paste_image(image, volume.shape[:2], affine, view)
    assert not back[~inside].any()
    assert back.max() <= image.max() + 1e-6


@given(st.lists(COUNTS, min_size=1, max_size=8))
def test_grades_rise_with_counts(counts):
    grades = potter_grade(sorted(counts))
    assert set(grades.tolist()) <= set(GRADES)
    assert (np.diff(grades) >= 0).all()
    assert person_grade(counts) == grades[-1]


@given(st.one_of(st.just(math.nan), st.just(math.inf), st.floats(max_value=-1e-9)))
def test_an_invalid_count_has_no_grade(count):
    with pytest.raises(ValueError, match='counts must be finite'):
        potter_grade([count])
