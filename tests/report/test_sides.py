"""Left is left: measured from the pixels that are drawn, not from what the code meant."""

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_rgba

from pvs_workflow.report import figures


def rendered(figure) -> np.ndarray:
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    return np.asarray(canvas.buffer_rgba())[..., :3].astype(float).sum(axis=2)


def changed(one: np.ndarray, other: np.ndarray, axes) -> tuple[float, float] | None:
    """Centre of what differs between two drawings, inside one panel, in pixels (x, row)."""
    box = axes.get_window_extent()
    rows = slice(int(one.shape[0] - box.y1), int(one.shape[0] - box.y0))
    columns = slice(int(box.x0), int(box.x1))
    row, column = np.nonzero(np.abs(one - other)[rows, columns] > 100)
    return (column.mean(), row.mean()) if row.size else None


def without_letter(figure, letter: str) -> np.ndarray:
    """Draw a figure without one of its direction letters."""
    found = [text for axes in figure.axes for text in axes.texts if text.get_text() == letter]
    for text in found:
        text.set_visible(False)
    picture = rendered(figure)
    for text in found:
        text.set_visible(True)
    return picture


def compare(figures_, letters: str):
    """Yield, for each panel with both, where the spot and two letters are in the pixels."""
    with_spot, no_spot = figures_
    whole = rendered(with_spot)
    others = [rendered(no_spot), *(without_letter(with_spot, letter) for letter in letters)]
    for axes in with_spot.axes:
        places = [changed(whole, other, axes) for other in others]
        if None not in places:
            yield places


def draw(name: str, ph):
    nothing = np.zeros((6, 80, 96), dtype=int)
    numbers = [0.0] * 6
    return {
        'roi': lambda: figures.roi_figure(ph.t2w, ph.affine, ph.roi, ph.views, ph.slices),
        'structures': lambda: figures.roi_figure(
            ph.t2w, ph.affine, ph.roi, ph.views, ph.slices, ph.structures
        ),
        'images': lambda: figures.images_figure(ph.images, ph.views, ph.slices),
        'enhanced': lambda: figures.enhanced_figure(ph.images, ph.views, ph.slices),
        'evidence': lambda: figures.evidence_figure(
            ph.images, nothing, ph.views, ph.slices, numbers, numbers, numbers
        ),
        'cascade': lambda: figures.cascade_figure(
            ph.images, ph.images, nothing, ph.views, ph.slices, numbers, numbers, numbers
        ),
        'registration': lambda: figures.registration_figure(ph.t2w, ph.t2w, ph.affine, ph.roi),
    }[name]()


NAMES = ('roi', 'structures', 'images', 'enhanced', 'evidence', 'cascade', 'registration')


@pytest.mark.parametrize('name', NAMES)
def test_a_spot_on_the_left_is_drawn_nearer_to_the_l(name, make_phantom):
    drawings = [draw(name, make_phantom(left_spot=there)) for there in (True, False)]
    panels = list(compare(drawings, 'LR'))
    assert len(panels) >= 3
    for spot, left, right in panels:
        assert left[0] < right[0]
        assert abs(spot[0] - left[0]) < abs(spot[0] - right[0])


@pytest.mark.parametrize('name', ['roi', 'registration'])
def test_a_spot_at_the_back_is_drawn_nearer_to_the_p(name, make_phantom):
    drawings = [
        draw(name, make_phantom(left_spot=False, back_spot=there)) for there in (True, False)
    ]
    panels = list(compare(drawings, 'AP'))
    assert len(panels) >= 3
    for spot, front, back in panels:
        assert np.hypot(*np.subtract(spot, back)) < np.hypot(*np.subtract(spot, front))


def test_the_left_region_has_the_colour_of_the_letter_l(phantom):
    without_left = np.where(phantom.roi == 1, 0, phantom.roi)
    figure = figures.roi_figure(
        phantom.t2w, phantom.affine, without_left, phantom.views, phantom.slices
    )
    drawn = [
        colour
        for collection in figure.axes[0].collections
        for colour in collection.get_edgecolor()
    ]
    letters_by_text = {text.get_text(): text for text in figure.axes[0].texts}
    assert [tuple(colour) for colour in drawn] == [to_rgba(letters_by_text['R'].get_color())]


def test_cuts_have_their_true_proportions(phantom):
    figure = figures.registration_figure(phantom.t2w, phantom.t2w, phantom.affine, phantom.roi)
    for axes in figure.axes:
        picture = axes.images[0]
        left, right, bottom, top = picture.get_extent()
        box = axes.get_window_extent()
        millimetres = (right - left) / (top - bottom)
        assert box.width / box.height == pytest.approx(millimetres, rel=0.01)
    heights = {round(axes.images[0].get_extent()[3], 1) for axes in figure.axes}
    assert 12 * 5.0 in heights  # the slices' thickness shows in the coronal cuts
