from dataclasses import replace

import numpy as np
import pytest

from pvs_workflow.cohort.change import compare_sessions, rescan_threshold
from pvs_workflow.report.change_section import (
    COLOURS,
    change_figure,
    change_section,
    paths_figure,
)
from tests.builders.report_group import make_rows, show_sections
from tests.builders.sessions import by_label


def test_changes_are_counted_and_those_beyond_come_first(tmp_path, read, assert_sound):
    rows = make_rows().assign(qc='pass')
    comparison = compare_sessions(rows, by_label(rows))
    changes = comparison.changes
    section = change_section(comparison)
    numbers = section.context['numbers']
    assert numbers == {
        'increase': (changes['change'] == 'increase').sum(),
        'decrease': (changes['change'] == 'decrease').sum(),
        'within': (changes['change'] == 'within').sum(),
    }
    assert min(numbers.values()) > 0
    order = [row['change'] == 'within' for row in section.context['rows']]
    assert order == sorted(order)
    page = read(show_sections(tmp_path, rows, section))
    assert_sound(page)
    assert 'this group has 0' in page.text
    assert '2 people (12 pairs of images)' in page.text


def test_the_repeatability_of_the_group_is_shown_with_its_interval(tmp_path, read, assert_sound):
    rows = make_rows().assign(qc='pass')
    comparison = compare_sessions(rows, by_label(rows))
    comparison = replace(comparison, threshold=rescan_threshold([2, -2] * 6))
    page = read(show_sections(tmp_path, rows, change_section(comparison)))
    assert_sound(page)
    assert 'two scans differ by at most 3.9 (repeatability coefficient' in page.text
    assert '12 participants with a rescan' in page.text


def test_each_pair_is_a_line_in_the_colour_of_its_class():
    first, second = np.array([5.0, 20.0, 8.0]), np.array([6.0, 4.0, 30.0])
    axes = paths_figure(first, second, ['within', 'decrease', 'increase']).axes[0]
    by_class = dict(zip(COLOURS, axes.collections, strict=True))
    assert by_class['increase'].get_segments()[0].tolist() == [[0, 8], [1, 30]]
    assert by_class['decrease'].get_segments()[0].tolist() == [[0, 20], [1, 4]]
    assert len({tuple(lines.get_color()[0]) for lines in by_class.values()}) == 3
    assert axes.get_ylim()[1] > 30


@pytest.mark.parametrize(('limit', 'bands'), [(4.0, 1), (np.nan, 0)])
def test_the_band_shows_the_limits_of_change(limit, bands):
    change = change_figure(np.array([5.0]), np.array([9.0]), ['within'], limit)
    (axes,) = change.axes
    assert len(axes.patches) == bands
    if bands:
        assert axes.patches[0].get_height() == 2 * limit
    points = np.concatenate([dots.get_offsets() for dots in axes.collections])
    assert points.tolist() == [[7.0, 4.0]]
