import pytest

from pvs_workflow.report.spec import load_sections


def test_the_page_shows_every_figure_of_the_pipeline(drawings):
    sections = load_sections()
    specified = {
        layer.desc
        for section in sections
        for reportlet in section.reportlets
        for layer in reportlet.layers
    }
    assert specified == {
        *('roi', 'images', 'enhanced', 'evidence', 'grade'),
        *('t1wreg', 'flairreg', 'templatereg'),
    }
    available = {path.name.split('_')[0].removeprefix('desc-') for path in drawings.iterdir()}
    # One function draws all alignments.
    assert available == specified - {'flairreg', 'templatereg'}


@pytest.mark.parametrize('key', ['alt', 'desc'])
def test_every_layer_has_a_name_and_an_alternative_text(key):
    for section in load_sections():
        for reportlet in section.reportlets:
            for layer in reportlet.layers:
                assert getattr(layer, key)


def test_results_are_shown_for_every_t2w_in_order():
    repeated = [section for section in load_sections() if section.ordering]
    assert [section.name for section in repeated] == ['scan']
    assert list(repeated[0].ordering) == ['ses', 'acq', 'run']
