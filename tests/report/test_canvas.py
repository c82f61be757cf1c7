import numpy as np
import pytest

from pvs_workflow.report.canvas import (
    add_panel,
    intensity_window,
    mark_edges,
    new_figure,
    outline,
    show_plane,
)


def test_panels_are_placed_in_inches_from_the_upper_left_corner():
    figure = new_figure(4, 2)
    box = add_panel(figure, 1, 0.5, 2, 1).get_position()
    assert box.bounds == pytest.approx((0.25, 0.25, 0.5, 0.5))
    assert figure.get_facecolor() == (0, 0, 0, 1)


def test_a_plane_has_its_true_proportions_and_its_first_axis_to_the_right():
    axes = add_panel(new_figure(2, 2), 0, 0, 2, 2)
    plane = np.zeros((4, 3))
    plane[3, 0] = 1
    show_plane(axes, plane, (0.5, 2.0), (0, 1))
    (picture,) = axes.images
    assert tuple(picture.get_extent()) == (0, 2, 0, 6)
    assert picture.origin == 'lower'
    assert picture.get_array()[0, 3] == 1


def test_letters_are_at_their_edges():
    axes = add_panel(new_figure(2, 2), 0, 0, 2, 2)
    mark_edges(axes, 'LRPA')
    positions = {text.get_text(): text.get_position() for text in axes.texts}
    assert positions['L'][0] < 0.1 < 0.9 < positions['R'][0]
    assert positions['P'][1] < 0.1 < 0.9 < positions['A'][1]


@pytest.mark.parametrize('value', [False, True])
def test_a_region_without_a_border_has_no_outline(value):
    axes = add_panel(new_figure(2, 2), 0, 0, 2, 2)
    outline(axes, np.full((3, 3), value), (1, 1), 'red')
    assert not axes.collections


def test_the_window_ignores_infinite_values_and_includes_negative_ones():
    assert intensity_window(np.array([-3.0, 1, 2, np.nan, np.inf]), 100) == (-3.0, 2.0)
    assert intensity_window(np.zeros(5)) == (0.0, 1.0)
