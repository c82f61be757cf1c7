"""nilearn draws slices as acquired, for any rotation and thickness."""

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg

from pvs_workflow.report.canvas import new_figure
from pvs_workflow.report.cuts import draw_cuts, head_box

SPACING = (0.5, 0.75, 5.0)


@pytest.fixture
def volume():
    return np.random.default_rng(0).random((12, 10, 8)).astype(np.float32)


@pytest.fixture
def roi(volume):
    labels = np.zeros(volume.shape, np.int16)
    labels[2:5, 3:7, 2:4], labels[7:10, 3:7, 2:4] = 1, 2
    return labels


def draw(volume, roi, axis, indices):
    figure = new_figure(6, 3)
    panels = draw_cuts(figure, (0, 0, 6, 3), volume, roi, SPACING, axis, indices, (0, 1))
    FigureCanvasAgg(figure).draw()
    return panels


@pytest.mark.parametrize(('axis', 'indices'), [(0, [3, 8]), (1, [5]), (2, [2, 3, 6])])
def test_a_cut_shows_the_voxels_of_its_slice(volume, roi, axis, indices):
    panels = draw(volume, roi, axis, indices)
    assert len(panels) == len(indices)
    for panel, index in zip(panels, indices, strict=True):
        (picture,) = panel.images
        expected = np.rot90(np.take(volume, index, axis))
        np.testing.assert_array_equal(picture.get_array(), expected)


@pytest.mark.parametrize('axis', [0, 1, 2])
def test_both_directions_have_the_same_scale(volume, roi, axis):
    width, height = np.delete(np.multiply(volume.shape, SPACING), axis)
    for panel in draw(volume, roi, axis, [4, 5]):
        left, right, bottom, top = panel.images[0].get_extent()
        assert (right - left, top - bottom) == pytest.approx((width, height))
        box = panel.get_window_extent()
        assert box.width / box.height == pytest.approx(width / height, rel=0.01)


def test_the_outline_surrounds_the_region_of_its_slice(volume, roi):
    inside, outside = draw(volume, roi, 2, [3, 6])
    left, right = (
        np.concatenate([path.vertices for path in lines.get_paths()])
        for lines in inside.collections
    )
    # Voxels 2 to 4 of 0.5 mm, and 3 to 6 of 0.75 mm.
    assert (left[:, 0].min(), left[:, 0].max()) == pytest.approx((1.0, 2.5))
    assert (left[:, 1].min(), left[:, 1].max()) == pytest.approx((2.25, 5.25))
    assert right[:, 0].min() == pytest.approx(3.5)
    assert not [path for lines in outside.collections for path in lines.get_paths() if len(path)]


def test_inputs_are_not_changed(volume, roi):
    before = volume.copy(), roi.copy()
    draw(volume, roi, 2, [3])
    np.testing.assert_array_equal(volume, before[0])
    np.testing.assert_array_equal(roi, before[1])


def test_the_box_contains_the_head_and_the_region():
    head = np.zeros((50, 60, 4))
    head[10:40, 20:45] = 100
    empty = np.zeros(head.shape, int)
    assert head_box(head, empty) == (slice(7, 43), slice(17, 48), slice(0, 4))
    empty[2, 30, 1] = 1
    assert head_box(head, empty)[0] == slice(0, 43)
    assert head_box(np.zeros((5, 6, 2)), np.zeros((5, 6, 2))) == (
        slice(0, 5),
        slice(0, 6),
        slice(0, 2),
    )
