import numpy as np
import pytest

from pvs_workflow.report.alignment import choose_cuts, registration_figure
from tests.builders.phantom import make_phantom


@pytest.fixture(scope='module')
def drawing():
    """Draw a phantom's alignment once; return the sheet, and its inputs before and after."""
    phantom = make_phantom()
    before = phantom.t2w.copy(), phantom.roi.copy()
    sheet = registration_figure(
        phantom.t2w, phantom.t2w[::-1], phantom.affine, phantom.roi, 'FLAIR'
    )
    return sheet, before, (phantom.t2w, phantom.roi)


def test_both_layers_have_the_same_cuts(drawing):
    sheet, _, _ = drawing
    layers = fixed, moving = [tile.figure for tile in sheet.tiles]
    assert [tile.name for tile in sheet.tiles] == ['fixed', 'moving']
    assert tuple(fixed.get_size_inches()) == tuple(moving.get_size_inches())
    pictures = [[axes.images[0] for axes in layer.axes if axes.images] for layer in layers]
    assert len(pictures[0]) == len(pictures[1]) == 8
    for one, other in zip(*pictures, strict=True):
        assert one.get_extent() == other.get_extent()


def test_layers_are_named(drawing):
    sheet, _, _ = drawing
    for tile, name in zip(sheet.tiles, ('T2w', 'FLAIR'), strict=True):
        assert name in [text.get_text() for axes in tile.figure.axes for text in axes.texts]


def test_volumes_on_different_grids_are_rejected(phantom):
    with pytest.raises(ValueError, match='volumes are not on one grid'):
        registration_figure(phantom.t2w, phantom.t2w[1:], phantom.affine, phantom.roi)


def test_inputs_are_not_changed(drawing):
    _, before, after = drawing
    for one, other in zip(before, after, strict=True):
        np.testing.assert_array_equal(one, other)


def test_cuts_intersect_the_region_except_for_one_above_it(phantom):
    cuts = choose_cuts(phantom.roi, np.array([1.2, 1.2, 5.0]))
    assert {axis: len(indices) for axis, indices in cuts.items()} == {2: 4, 1: 2, 0: 2}
    for axis, indices in cuts.items():
        for index in indices if axis != 2 else indices[:3]:
            assert np.take(phantom.roi, index, axis).any()
    left, right = cuts[0]
    assert np.unique(phantom.roi[left]).tolist() == [0, 1]
    assert np.unique(phantom.roi[right]).tolist() == [0, 2]
    assert cuts[2][3] == 11  # 25 mm above the region, or the last slice


def test_without_a_region_the_cuts_are_spread_over_the_head():
    cuts = choose_cuts(np.zeros((40, 50, 20), int), np.array([1.0, 1.0, 5.0]))
    assert cuts[0] == [9, 29]
    assert 0 < cuts[1][0] < 25 < cuts[1][1] < 50
