import pytest

from pvs_workflow.report.spec import load_sections


def test_every_figure_of_the_pipeline_has_its_place(drawings):
    sections = load_sections()
    wanted = {
        layer.desc
        for section in sections
        for reportlet in section.reportlets
        for layer in reportlet.layers
    }
    assert wanted == {
        *('roi', 'images', 'enhanced', 'evidence', 'grade'),
        *('t1wreg', 'flairreg', 'templatereg'),
    }
    drawn = {path.name.split('_')[0].removeprefix('desc-') for path in drawings.iterdir()}
    # All alignments are drawn by one function.
    assert drawn == wanted - {'flairreg', 'templatereg'}


@pytest.mark.parametrize('key', ['alt', 'desc'])
def test_every_layer_is_described(key):
    for section in load_sections():
        for reportlet in section.reportlets:
            for layer in reportlet.layers:
                assert getattr(layer, key)


def test_results_are_shown_for_every_t2w_in_order():
    repeated = [section for section in load_sections() if section.ordering]
    assert [section.name for section in repeated] == ['scan']
    assert list(repeated[0].ordering) == ['ses', 'acq', 'run']
