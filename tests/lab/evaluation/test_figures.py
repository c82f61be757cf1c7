from dataclasses import replace

import pytest
from skimage.io import imread

from pvs_workflow.lab.evaluation.figures import (
    confusion_panels,
    contrast_figure,
    difference_figure,
    save_figures,
    scatter_figure,
)
from pvs_workflow.lab.evaluation.filters import METHODS, TITLES


def test_five_figures_are_saved(tmp_path, make_results):
    results = [result for name in ('none', 'deep') for result in make_results(name)]
    paths = save_figures(tmp_path, results)
    assert sorted(paths) == sorted(tmp_path.iterdir())
    assert len(paths) == 5
    for path in paths:
        assert imread(path).std() > 1


@pytest.mark.parametrize('draw', [scatter_figure, difference_figure, confusion_panels])
@pytest.mark.parametrize('n', [1, 2, 4, 6])
def test_there_is_one_panel_per_enhancement(draw, n, make_results):
    figure = draw([result for name in METHODS[:n] for result in make_results(name)])
    assert [axes.get_title() for axes in figure.axes] == [TITLES[name] for name in METHODS[:n]]


def test_enhancements_without_measurements_have_no_bars(make_results):
    unmeasured = [replace(r, cnr=None, cnr_tissue=None) for r in make_results('deep')]
    figure = contrast_figure([*make_results('none'), *unmeasured])
    assert [len(axes.patches) for axes in figure.axes] == [1, 1]


def test_confusion_matrices_have_true_grades_in_rows(make_results):
    results = [replace(result, true_count=30, predicted_count=15.0) for result in make_results()]
    axes = confusion_panels(results).axes[0]
    texts = {text.get_position()[::-1]: text.get_text() for text in axes.texts}
    assert texts[(3, 2)] == '36'
    assert axes.get_ylabel() == 'true grade'
