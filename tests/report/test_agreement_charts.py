import numpy as np
import pytest

from pvs_workflow.report.agreement_charts import confusion_figure, differences_figure

GRADES = np.array([[0, 0], [1, 1], [1, 2], [1, 2], [4, 4]])
COUNTS = np.array([[3.0, 1.0], [10.0, 12.0], [30.0, 20.0]])


def test_cells_count_how_often_each_grade_met_which():
    axes = confusion_figure([('five images', GRADES)], ('model', 'rater')).axes[0]
    numbers = {text.get_position(): text.get_text() for text in axes.texts}
    # Columns are the first's grades, rows the second's.
    assert numbers[1, 2] == '2'
    assert numbers[2, 1] == '0'
    assert sum(map(int, numbers.values())) == len(GRADES)
    assert (axes.get_xlabel(), axes.get_ylabel()) == ('model', 'rater')
    assert axes.get_title() == 'five images'


def test_a_row_is_coloured_by_its_shares():
    (picture,) = confusion_figure([('', GRADES)], ('a', 'b')).axes[0].images
    shares = picture.get_array()
    assert shares[2].tolist() == [0, 1, 0, 0, 0]
    assert shares[3].sum() == 0


def test_differences_are_over_means_with_bias_and_limits():
    axes = differences_figure([('', COUNTS)], 'one − two').axes[0]
    (points,) = axes.collections
    assert points.get_offsets().tolist() == [[2, 2], [11, -2], [25, 10]]
    differences = COUNTS[:, 0] - COUNTS[:, 1]
    low, bias, high = sorted(line.get_ydata()[0] for line in axes.lines)
    assert bias == pytest.approx(differences.mean())
    assert high - bias == pytest.approx(1.96 * differences.std(ddof=1))
    assert bias - low == pytest.approx(high - bias)
    assert -axes.get_ylim()[0] == axes.get_ylim()[1] > high


def test_panels_have_one_scale_and_their_titles():
    first, second = differences_figure([('a', COUNTS), ('b', 3 * COUNTS)], 'd').axes
    assert first.get_ylim() == second.get_ylim()
    assert (first.get_title(), second.get_title()) == ('a', 'b')
    assert first.get_position().width == pytest.approx(second.get_position().width)
    assert first.get_position().x1 < second.get_position().x0
