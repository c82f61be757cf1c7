import numpy as np
import pytest

from pvs_workflow.report import charts
from pvs_workflow.report.saving import figure_uri


def test_bars_have_the_length_of_the_probabilities():
    p = [0.05, 0.1, 0.25, 0.45, 0.15]
    axes = charts.grade_figure(p, 3).axes[0]
    assert [bar.get_width() for bar in axes.patches] == p
    marked = [label.get_text() for label in axes.get_yticklabels() if '▸' in label.get_text()]
    assert marked == ['▸ grade 3 (21–40)']
    colours = [bar.get_facecolor() for bar in axes.patches]
    assert colours.count(colours[3]) == 1


def test_the_distribution_counts_each_grade():
    axes = charts.distribution_figure([0, 2, 2, 4, 2]).axes[0]
    assert [bar.get_height() for bar in axes.patches] == [1, 0, 3, 0, 1]


@pytest.mark.parametrize('grades', [[], [1]])
def test_few_grades_can_be_drawn(grades):
    assert figure_uri(charts.distribution_figure(grades)).startswith('data:image/svg+xml')


def test_left_is_drawn_along_x_and_missing_pairs_are_left_out():
    axes = charts.sides_figure([1.0, np.nan, 30.0], [2.0, 5.0, 4.0]).axes[0]
    (points,) = axes.collections
    assert points.get_offsets().tolist() == [[1.0, 2.0], [30.0, 4.0]]
    assert axes.get_xlabel().endswith('left')
    assert axes.get_xlim()[1] > 30


def test_no_bin_holds_two_grades():
    axes = charts.counts_figure([0, 0.4, 10.4, 10.6, 200, np.nan], 'images').axes[0]
    edges = {bar.get_x() for bar in axes.patches}
    assert {-0.5, 0.5, 10.5, 20.5, 40.5} <= edges
    assert sum(bar.get_height() for bar in axes.patches) == 5
