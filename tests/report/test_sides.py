"""Left–right orientation of every figure, measured in the rendered pixels."""

from functools import cache

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_rgba

from pvs_workflow.report.alignment import registration_figure
from pvs_workflow.report.anatomy import roi_figure
from pvs_workflow.report.images import ENHANCED_WINDOW, evidence_figure, images_figure
from pvs_workflow.report.saving import Sheet
from tests.builders.phantom import make_phantom


def render(figure) -> np.ndarray:
    figure.set_dpi(50)
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    return np.asarray(canvas.buffer_rgba())[..., :3].astype(float).sum(axis=2)


def changed_centre(one: np.ndarray, other: np.ndarray, axes) -> tuple[float, float] | None:
    """Return the centre (x, row) of the pixels in a panel that differ between two drawings."""
    box = axes.get_window_extent()
    rows = slice(int(one.shape[0] - box.y1), int(one.shape[0] - box.y0))
    columns = slice(int(box.x0), int(box.x1))
    row, column = np.nonzero(np.abs(one - other)[rows, columns] > 100)
    return (column.mean(), row.mean()) if row.size else None


def without_letter(figure, letter: str) -> np.ndarray:
    """Render a figure without one of its direction letters."""
    texts = [text for axes in figure.axes for text in axes.texts if text.get_text() == letter]
    for text in texts:
        text.set_visible(False)
    picture = render(figure)
    for text in texts:
        text.set_visible(True)
    return picture


def compare(with_spot, no_spot, letters: str):
    """Yield the pixel positions of the spot and two letters, for each panel that has them."""
    complete = render(with_spot)
    others = [render(no_spot), *(without_letter(with_spot, letter) for letter in letters)]
    for axes in with_spot.axes:
        positions = [changed_centre(complete, other, axes) for other in others]
        if None not in positions:
            yield positions


@cache
def draw(name: str, left_spot: bool, back_spot: bool) -> list:
    """Draw the figures of one kind for a phantom with or without spots."""
    ph = make_phantom(left_spot, back_spot)
    nothing = np.zeros((6, 80, 96), dtype=int)
    positions, numbers = (ph.views, ph.slices), [0.0] * 6
    figure = {
        'roi': lambda: roi_figure(ph.t2w, ph.affine, ph.roi, *positions, ph.structures),
        'images': lambda: images_figure(ph.images, *positions),
        'enhanced': lambda: images_figure(ph.images, *positions, ENHANCED_WINDOW),
        'evidence': lambda: evidence_figure(
            ph.images, nothing, *positions, numbers, numbers, numbers, ph.rois
        ),
        'registration': lambda: registration_figure(ph.t2w, ph.t2w, ph.affine, ph.roi),
    }[name]()
    return [tile.figure for tile in figure.tiles] if isinstance(figure, Sheet) else [figure]


def compare_all(name, spots, letters):
    pairs = zip(draw(name, *spots), draw(name, False, False), strict=True)
    return [positions for pair in pairs for positions in compare(*pair, letters)]


NAMES = ('roi', 'images', 'enhanced', 'evidence', 'registration')


@pytest.mark.parametrize('name', NAMES)
def test_a_spot_on_the_left_is_nearer_to_the_letter_l(name):
    panels = compare_all(name, (True, False), 'LR')
    assert len(panels) >= 3
    for spot, left, right in panels:
        assert left[0] < right[0]
        assert abs(spot[0] - left[0]) < abs(spot[0] - right[0])


@pytest.mark.parametrize('name', ['roi', 'registration'])
def test_a_spot_at_the_back_is_nearer_to_the_letter_p(name):
    panels = compare_all(name, (False, True), 'AP')
    assert len(panels) >= 3
    for spot, front, back in panels:
        assert np.hypot(*np.subtract(spot, back)) < np.hypot(*np.subtract(spot, front))


def test_the_left_region_has_the_colour_of_the_letter_l(phantom):
    without_left = np.where(phantom.roi == 1, 0, phantom.roi)
    positions = phantom.views, phantom.slices
    figure = roi_figure(phantom.t2w, phantom.affine, without_left, *positions, phantom.structures)
    panel = next(axes for axes in figure.axes if axes.texts)
    colours = [colour for lines in panel.collections for colour in lines.get_edgecolor()]
    letters = {text.get_text(): text for text in panel.texts}
    assert {tuple(colour) for colour in colours} == {to_rgba(letters['R'].get_color())}
