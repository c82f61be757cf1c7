import pytest

from pvs_workflow.report.charts import strata_figure
from pvs_workflow.report.labels import chart_labels, short_labels
from pvs_workflow.report.saving import figure_uri


@pytest.mark.parametrize(
    ('name', 'label'),
    [
        ('control', 'control'),
        ('müde Ä', 'müde Ä'),
        ('a\u202ecod', 'acod'),
        ('a\u200bb\x00\n c', 'ab c'),
        ('brain \U0001f9e0', 'brain □'),
        ('\u200b', '□'),
        ('', '□'),
        ('y' * 300, 'y' * 20 + '…'),
    ],
)
def test_names_become_drawable_labels(name, label):
    assert chart_labels([name]) == [label]


def test_different_names_have_different_labels():
    names = ['x' * 300 + end for end in 'abc'] + ['x\u200b', 'x']
    assert len(set(chart_labels(names))) == len(names)


def test_any_name_can_be_drawn_without_a_warning():
    figure = strata_figure(
        {'$\\frac{1}{0}$': [1.0], '\U0001f9e0\u202e': [2.0], '漢字' * 99: [3.0]}
    )
    assert figure_uri(figure).startswith('data:image/svg+xml,%3Csvg')


def test_short_names_are_unchanged_in_any_script():
    assert short_labels(['漢字', 'a\u202eb'], 9) == ['漢字', 'a\u202eb']
