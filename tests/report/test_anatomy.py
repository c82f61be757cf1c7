import numpy as np
import pytest
from matplotlib.colors import to_hex

from pvs_workflow.report.anatomy import NUCLEUS_COLOURS, grey_window, roi_figure
from pvs_workflow.report.canvas import SIDE_COLOURS
from tests.builders.phantom import make_phantom


@pytest.fixture(scope='module')
def phantom():
    return make_phantom()


@pytest.fixture(scope='module')
def figure(phantom):
    positions = phantom.views, [31, 30, 29] * 2
    return roi_figure(phantom.t2w, phantom.affine, phantom.roi, *positions, phantom.structures)


def test_slices_have_the_index_of_the_file(figure):
    texts = [text.get_text() for axes in figure.axes for text in axes.texts]
    assert [text for text in texts if text.startswith('Slice')] == [
        'Slice 31 · 1 of 3, lowest',
        'Slice 30 · 2 of 3, middle',
        'Slice 29 · 3 of 3, highest',
    ]


def test_the_pixels_of_the_lower_row_are_those_of_the_slices(figure, phantom):
    enlarged = [axes.images[0] for axes in figure.axes if axes.images][1::2]
    assert len(enlarged) == 3
    for picture, view in zip(enlarged, phantom.views, strict=False):
        pixels = np.asarray(picture.get_array())
        whole = phantom.t2w[:, :, view.slice_index].T
        rows, columns = (np.arange(n) for n in pixels.shape)
        corner = next(
            (v, u)
            for v in range(whole.shape[0] - pixels.shape[0] + 1)
            for u in range(whole.shape[1] - pixels.shape[1] + 1)
            if (whole[v + rows][:, u + columns] == pixels).all()
        )
        assert min(corner) > 0


def test_outlines_have_the_colours_of_the_legend(figure):
    legend = {text.get_text(): text.get_color() for text in figure.texts}
    colours = {
        to_hex(colour).upper()
        for axes in figure.axes
        for lines in axes.collections
        for colour in lines.get_edgecolor()
    }
    assert legend['— ROI, left'] == SIDE_COLOURS['L']
    assert legend['— putamen'] == NUCLEUS_COLOURS['putamen']
    # The putamina are the phantom's only nuclei.
    assert colours == {*SIDE_COLOURS.values(), NUCLEUS_COLOURS['putamen']}


def test_a_dotted_frame_shows_each_field_of_view(figure, phantom):
    whole = [axes for axes in figure.axes if len(axes.patches) == 2]
    assert len(whole) == 3
    for axes in whole:
        left, right = sorted(axes.patches, key=lambda frame: frame.get_x())
        assert left.get_width() == pytest.approx(45.8)
        assert left.get_height() == pytest.approx(55.0)
        assert to_hex(left.get_edgecolor()).upper() == SIDE_COLOURS['L']
        middles = [frame.get_x() + frame.get_width() / 2 for frame in (left, right)]
        centres = [phantom.views[0].centre[0], phantom.views[3].centre[0]]
        assert np.diff(middles)[0] == pytest.approx(1.2 * np.diff(centres)[0])


def test_the_basal_ganglia_are_shown_at_forty_per_cent_grey(phantom):
    low, high = grey_window(phantom.t2w, phantom.roi)
    assert low == 0
    assert np.median(phantom.t2w[phantom.roi > 0]) / high == pytest.approx(0.4)
