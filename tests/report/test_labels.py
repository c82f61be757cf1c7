import pytest

from pvs_workflow.report.canvas import new_figure
from pvs_workflow.report.cohort_charts import strata_figure
from pvs_workflow.report.labels import chart_labels
from pvs_workflow.report.saving import svg_bytes
from pvs_workflow.report.scripts import load_script


@pytest.mark.parametrize(
    ('name', 'drawn'),
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
def test_names_become_what_can_be_drawn(name, drawn):
    assert chart_labels([name]) == [drawn]


def test_labels_differ_where_names_do():
    names = ['x' * 300 + end for end in 'abc'] + ['x\u200b', 'x']
    assert len(set(chart_labels(names))) == len(names)


def test_any_name_can_be_drawn_without_a_warning():
    figure = strata_figure(
        {'$\\frac{1}{0}$': [1.0], '\U0001f9e0\u202e': [2.0], '漢字' * 99: [3.0]}
    )
    assert svg_bytes(figure, 72).startswith(b'<?xml')
    assert len(new_figure(1, 1).axes) == 0


def test_scripts_that_ship_can_be_embedded():
    for parts in (('datatables', 'dataTables.min.js'), ('tables.js',)):
        script = load_script(*parts)
        assert '</script' not in script.text
        assert len(script.source) == 44 + len("'sha256-'")


@pytest.mark.parametrize('text', ['a</SCRIPT>', '<!-- a'])
def test_scripts_that_would_end_early_are_refused(tmp_path, monkeypatch, text):
    (tmp_path / 'a.js').write_text(text)
    monkeypatch.setattr('pvs_workflow.data.path', lambda *parts: tmp_path / parts[-1])
    with pytest.raises(ValueError, match=r'a\.js cannot be embedded'):
        load_script('a.js')
