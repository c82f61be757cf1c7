import numpy as np
import pytest

from pvs_workflow.report.images import (
    ENHANCED_WINDOW,
    PIXEL,
    evidence_figure,
    images_figure,
    pixel_edges,
)


@pytest.fixture
def instances():
    labels = np.zeros((6, 80, 96), dtype=int)
    labels[0, 10, 20] = 1
    labels[0, 40:43, 50:52] = 2
    labels[5, 70:72, 5] = 1
    return labels


def draw_evidence(ph, instances, counts=(0,) * 6, lows=(0,) * 6, highs=(0,) * 6, slices=None):
    positions = ph.views, slices or ph.slices
    return evidence_figure(ph.images, instances, *positions, counts, lows, highs, ph.rois)


def test_titles_have_side_slice_count_and_interval(phantom, instances):
    counts, lows, highs = [2, 0, 0, 0, 0, 12.34], [1.04, 0, 0, 0, 0, 9], [4, 1, 1, 1, 1, 15.06]
    stored = [31, 30, 29, 31, 30, 29]
    tiles = draw_evidence(phantom, instances, counts, lows, highs, stored).tiles
    assert tiles[0].title == 'Left · slice 31 · 1 of 3 · count 2.0 [1.0–4.0]'
    assert tiles[5].title == 'Right · slice 29 · 3 of 3 · count 12.3 [9.0–15.1]'


def test_tiles_are_named_after_hemisphere_and_rank(phantom):
    sheet = images_figure(phantom.images, phantom.views, phantom.slices)
    assert [tile.name for tile in sheet.tiles] == ['L1', 'L2', 'L3', 'R1', 'R2', 'R3']
    assert sheet.columns == 3


def test_pixels_are_drawn_unchanged(phantom):
    sheet = images_figure(phantom.images, phantom.views, phantom.slices)
    for tile, image in zip(sheet.tiles, phantom.images, strict=True):
        (picture,) = tile.figure.axes[0].images
        np.testing.assert_array_equal(picture.get_array().T, image.astype(np.float32))


def test_every_instance_has_its_number_next_to_it(phantom, instances):
    for tile, labels in zip(draw_evidence(phantom, instances).tiles, instances, strict=True):
        numbers = {
            int(text.get_text()): text.get_position()
            for text in tile.figure.axes[0].texts
            if text.get_text().isdigit()
        }
        assert set(numbers) == set(np.unique(labels)) - {0}
        for value, (x, y) in numbers.items():
            u, v = np.mean(np.argwhere(labels == value), axis=0) + 0.5
            assert abs(x * 80 - u) < 4
            assert abs(y * 96 - v) < 4


def test_outlines_follow_the_pixel_edges(instances):
    path = pixel_edges(instances[0], PIXEL)
    segments = path.vertices.reshape(-1, 2, 2)
    lengths = np.abs(np.diff(segments, axis=1)).sum()
    # One pixel has 4 sides; a block of 3 × 2 has 3 + 3 along x and 2 + 2 along y.
    assert lengths == pytest.approx((2 + 6) * PIXEL[0] + (2 + 4) * PIXEL[1])
    assert segments[..., 0].min() == pytest.approx(10 * PIXEL[0])
    assert segments[..., 1].max() == pytest.approx(52 * PIXEL[1])


def test_touching_instances_are_separated():
    labels = np.array([[1, 2]])
    assert len(pixel_edges(labels, (1, 1)).vertices) // 2 == 7


def test_all_sheets_share_one_layout(phantom, instances):
    sheets = [
        images_figure(phantom.images, phantom.views, phantom.slices),
        images_figure(phantom.images, phantom.views, phantom.slices, ENHANCED_WINDOW),
        draw_evidence(phantom, instances),
    ]
    figures = [tile.figure for sheet in sheets for tile in sheet.tiles]
    assert len({tuple(figure.get_size_inches()) for figure in figures}) == 1
    assert {figure.axes[0].get_position().bounds for figure in figures} == {(0, 0, 1, 1)}
