import numpy as np
import pytest

from pvs_workflow.report import charts
from pvs_workflow.report.charts import age_figure, shares_figure, strata_figure
from pvs_workflow.report.saving import figure_uri


def test_bars_have_the_length_of_the_probabilities():
    p = [0.05, 0.1, 0.25, 0.45, 0.15]
    axes = charts.grade_figure(p, 3).axes[0]
    assert [bar.get_width() for bar in axes.patches] == p
    marks = [label.get_text() for label in axes.get_yticklabels() if '▸' in label.get_text()]
    assert marks == ['▸ grade 3 (21–40)']
    colours = [bar.get_facecolor() for bar in axes.patches]
    assert colours.count(colours[3]) == 1


def test_the_distribution_counts_each_grade():
    axes = charts.distribution_figure([0, 2, 2, 4, 2]).axes[0]
    assert [bar.get_height() for bar in axes.patches] == [1, 0, 3, 0, 1]


@pytest.mark.parametrize('grades', [[], [1]])
def test_a_chart_of_a_few_grades_can_be_drawn(grades):
    assert figure_uri(charts.distribution_figure(grades)).startswith('data:image/svg+xml')


def test_left_is_on_the_x_axis_and_missing_pairs_are_omitted():
    axes = charts.sides_figure([1.0, np.nan, 30.0], [2.0, 5.0, 4.0]).axes[0]
    (points,) = axes.collections
    assert points.get_offsets().tolist() == [[1.0, 2.0], [30.0, 4.0]]
    assert axes.get_xlabel().endswith('left')
    assert axes.get_xlim()[1] > 30


def test_no_bin_contains_two_grades():
    axes = charts.counts_figure([0, 0.4, 10.4, 10.6, 200, np.nan], 'images').axes[0]
    edges = {bar.get_x() for bar in axes.patches}
    assert {-0.5, 0.5, 10.5, 20.5, 40.5} <= edges
    assert sum(bar.get_height() for bar in axes.patches) == 5


def test_each_group_has_a_row_with_its_size():
    axes = strata_figure({'A': [1.0, 2, 3, 4, 50], 'B': [7.0]}).axes[0]
    assert [label.get_text() for label in axes.get_yticklabels()] == ['A\nn = 5', 'B\nn = 1']
    assert axes.yaxis_inverted()
    medians = [line.get_xdata()[0] for line in axes.lines if line.get_linewidth() == 1.6]
    assert medians == [3, 7]
    points = [dots.get_offsets()[:, 0].tolist() for dots in axes.collections]
    assert points == [[1, 2, 3, 4, 50], [7]]
    assert axes.get_xlim()[1] > 50


def test_a_large_group_is_sampled_reproducibly():
    counts = {'A': np.arange(1000.0)}
    (points,) = strata_figure(counts).axes[0].collections
    assert len(points.get_offsets()) == 300
    assert figure_uri(strata_figure(counts)) == figure_uri(strata_figure(counts))


def test_proportions_of_a_group_sum_to_a_hundred():
    axes = shares_figure({'A': [0, 1, 1, 4], 'B': [2, 2], 'empty': []}).axes[0]
    widths = np.array([bar.get_width() for bar in axes.patches]).reshape(5, 3)
    assert widths.sum(axis=0).tolist() == [100, 100, 0]
    assert widths[:, 0].tolist() == [25, 50, 0, 0, 25]
    numbers = [text.get_text() for text in axes.texts if text.get_text()]
    assert numbers == ['1', '2', '2', '1']


@pytest.mark.parametrize(('people', 'lines'), [(19, 0), (20, 1)])
def test_a_smoothed_curve_needs_enough_people(people, lines):
    ages = np.linspace(40, 80, people)
    axes = age_figure(ages, ages / 10).axes[0]
    curves = [line for line in axes.lines if line.get_linewidth() == 1.6]
    assert len(curves) == lines
    if lines:
        x, y = curves[0].get_data()
        np.testing.assert_allclose(y, x / 10, atol=1e-6)
