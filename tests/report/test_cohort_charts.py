import numpy as np
import pytest

from pvs_workflow.report.cohort_charts import age_figure, shares_figure, strata_figure
from pvs_workflow.report.saving import figure_uri


def test_each_set_has_its_row_with_its_size():
    axes = strata_figure({'A': [1.0, 2, 3, 4, 50], 'B': [7.0]}).axes[0]
    assert [label.get_text() for label in axes.get_yticklabels()] == ['A\nn = 5', 'B\nn = 1']
    assert axes.yaxis_inverted()
    medians = [line.get_xdata()[0] for line in axes.lines if line.get_linewidth() == 1.6]
    assert medians == [3, 7]
    points = [dots.get_offsets()[:, 0].tolist() for dots in axes.collections]
    assert points == [[1, 2, 3, 4, 50], [7]]
    assert axes.get_xlim()[1] > 50


def test_of_many_people_some_are_drawn_always_the_same():
    counts = {'A': np.arange(1000.0)}
    (points,) = strata_figure(counts).axes[0].collections
    assert len(points.get_offsets()) == 300
    assert figure_uri(strata_figure(counts)) == figure_uri(strata_figure(counts))


def test_shares_of_a_set_sum_to_a_hundred():
    axes = shares_figure({'A': [0, 1, 1, 4], 'B': [2, 2], 'nobody': []}).axes[0]
    widths = np.array([bar.get_width() for bar in axes.patches]).reshape(5, 3)
    assert widths.sum(axis=0).tolist() == [100, 100, 0]
    assert widths[:, 0].tolist() == [25, 50, 0, 0, 25]
    numbers = [text.get_text() for text in axes.texts if text.get_text()]
    assert numbers == ['1', '2', '2', '1']


@pytest.mark.parametrize(('people', 'lines'), [(19, 0), (20, 1)])
def test_a_course_is_drawn_from_enough_people_on(people, lines):
    ages = np.linspace(40, 80, people)
    axes = age_figure(ages, ages / 10).axes[0]
    courses = [line for line in axes.lines if line.get_linewidth() == 1.6]
    assert len(courses) == lines
    if lines:
        x, y = courses[0].get_data()
        np.testing.assert_allclose(y, x / 10, atol=1e-6)
