import pytest

from pvs_workflow.report.spec import load_specification


def test_every_figure_of_the_pipeline_has_its_place():
    sections = load_specification().sections
    wanted = {
        layer.bids['desc']
        for section in sections
        for reportlet in section.reportlets
        for layer in reportlet.layers
    }
    assert wanted == {
        *('roi', 'images', 'enhanced', 'evidence', 'grade'),
        *('t1wreg', 'flairreg', 'templatereg'),
    }


@pytest.mark.parametrize('key', ['alt', 'bids'])
def test_every_layer_is_described(key):
    for section in load_specification().sections:
        for reportlet in section.reportlets:
            for layer in reportlet.layers:
                assert getattr(layer, key)


def test_a_specification_can_come_from_elsewhere(tmp_path):
    path = tmp_path / 'spec.yml'
    path.write_text(
        'title: Mine\nsections:\n- name: one\n  title: One\n  ordering: [ses, run]\n'
        '  reportlets:\n  - name: roi\n    layers:\n'
        '    - bids: {datatype: figures, desc: roi, suffix: T2w}\n      alt: A picture\n'
    )
    (section,) = load_specification(path).sections
    assert section.ordering == ('ses', 'run')
    assert section.reportlets[0].layers[0].bids['desc'] == 'roi'
