from dataclasses import replace

import pytest
from skimage.io import imread

from pvs_workflow.lab.evaluation.figures import (
    TITLES,
    confusion_panels,
    contrast_figure,
    difference_figure,
    save_figures,
    scatter_figure,
)
from pvs_workflow.lab.evaluation.variations import METHODS


def test_every_enhancement_has_a_title():
    assert tuple(TITLES) == METHODS


def test_five_pictures_and_nothing_else(tmp_path, make_results):
    results = [result for name in ('none', 'deep') for result in make_results(name)]
    paths = save_figures(tmp_path, results)
    assert sorted(paths) == sorted(tmp_path.iterdir())
    assert len(paths) == 5
    for path in paths:
        assert imread(path).std() > 1


@pytest.mark.parametrize('draw', [scatter_figure, difference_figure, confusion_panels])
@pytest.mark.parametrize('n', [1, 2, 4, 6])
def test_a_panel_per_enhancement(draw, n, make_results):
    figure = draw([result for name in METHODS[:n] for result in make_results(name)])
    assert [axes.get_title() for axes in figure.axes] == [TITLES[name] for name in METHODS[:n]]


def test_bars_only_for_what_was_measured(make_results):
    blind = [replace(r, cnr=None, cnr_tissue=None) for r in make_results('deep')]
    figure = contrast_figure([*make_results('none'), *blind])
    assert [len(axes.patches) for axes in figure.axes] == [1, 1]


def test_the_matrix_has_true_grades_in_rows(make_results):
    results = [replace(result, true_count=30, predicted_count=15.0) for result in make_results()]
    axes = confusion_panels(results).axes[0]
    shown = {text.get_position()[::-1]: text.get_text() for text in axes.texts}
    assert shown[(3, 2)] == '36'
    assert axes.get_ylabel() == 'true grade'
