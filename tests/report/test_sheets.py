import numpy as np
import pytest

from pvs_workflow.report import figures
from pvs_workflow.report.sheets import PIXEL, pixel_edges


@pytest.fixture
def instances():
    labels = np.zeros((6, 80, 96), dtype=int)
    labels[0, 10, 20] = 1
    labels[0, 40:43, 50:52] = 2
    labels[5, 70:72, 5] = 1
    return labels


def test_titles_tell_side_stored_slice_count_and_interval(phantom, instances):
    counts, lows, highs = [2, 0, 0, 0, 0, 12.34], [1.04, 0, 0, 0, 0, 9], [4, 1, 1, 1, 1, 15.06]
    stored = [31, 30, 29, 31, 30, 29]
    figure = figures.evidence_figure(
        phantom.images, instances, phantom.views, stored, counts, lows, highs
    )
    titles = [_title(axes) for axes in figure.axes]
    assert titles[0] == 'Left · slice 31 · 1 of 3 · count 2.0 [1.0–4.0]'
    assert titles[5] == 'Right · slice 29 · 3 of 3 · count 12.3 [9.0–15.1]'


def _title(axes) -> str:
    return next(text.get_text() for text in axes.texts if 'slice' in text.get_text())


def test_every_instance_has_its_number_beside_it(phantom, instances):
    zeros = [0.0] * 6
    figure = figures.evidence_figure(
        phantom.images, instances, phantom.views, phantom.slices, zeros, zeros, zeros
    )
    for axes, labels in zip(figure.axes, instances, strict=True):
        numbers = {
            int(text.get_text()): text.get_position()
            for text in axes.texts
            if text.get_text().isdigit()
        }
        assert set(numbers) == set(np.unique(labels)) - {0}
        for value, (x, y) in numbers.items():
            u, v = np.mean(np.argwhere(labels == value), axis=0) + 0.5
            assert abs(x * 80 - u) < 4
            assert abs(y * 96 - v) < 4


def test_outlines_run_around_the_pixels(instances):
    path = pixel_edges(instances[0], PIXEL)
    pieces = path.vertices.reshape(-1, 2, 2)
    lengths = np.abs(np.diff(pieces, axis=1)).sum()
    # One pixel has 4 sides; a block of 3 × 2 has 3 + 3 along x and 2 + 2 along y.
    assert lengths == pytest.approx((2 + 6) * PIXEL[0] + (2 + 4) * PIXEL[1])
    assert pieces[..., 0].min() == pytest.approx(10 * PIXEL[0])
    assert pieces[..., 1].max() == pytest.approx(52 * PIXEL[1])


def test_touching_instances_are_parted():
    labels = np.array([[1, 2]])
    assert len(pixel_edges(labels, (1, 1)).vertices) // 2 == 7


def test_all_sheets_share_one_layout(phantom, instances):
    zeros = [0.0] * 6
    sheets = [
        figures.images_figure(phantom.images, phantom.views, phantom.slices),
        figures.enhanced_figure(phantom.images, phantom.views, phantom.slices),
        figures.evidence_figure(
            phantom.images, instances, phantom.views, phantom.slices, zeros, zeros, zeros
        ),
    ]
    places = [[axes.get_position().bounds for axes in sheet.axes] for sheet in sheets]
    assert places[0] == places[1] == places[2]
    assert len({tuple(sheet.get_size_inches()) for sheet in sheets}) == 1
