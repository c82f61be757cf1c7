import pytest

from pvs_workflow.report.embed import picture_uri
from pvs_workflow.report.results import find_figure, find_scans
from pvs_workflow.report.spec import load_specification


def test_every_t2w_is_found_once_and_sorted(tmp_path, save_results):
    for session in ('b', 'a'):
        save_results(tmp_path, session=session)
    (tmp_path / 'sub-01' / 'figures' / 'sub-01_ses-c_desc-roi_T2w.png').touch()
    scans = find_scans(tmp_path, '01', ('ses',))
    assert [scan.stem for scan in scans] == ['sub-01_ses-a', 'sub-01_ses-b', 'sub-01_ses-c']
    assert [scan.grade is None for scan in scans] == [False, False, True]


def test_runs_of_a_session_are_told_apart(tmp_path, save_results):
    save_results(tmp_path, session='a_acq-thin_run-1', pictures=False)
    anat = tmp_path / 'sub-01' / 'ses-a_acq-thin_run-1'
    anat.rename(tmp_path / 'sub-01' / 'ses-a')
    (scan,) = find_scans(tmp_path, '01')
    assert scan.title == 'ses-a · acq-thin · run-1'
    assert scan.entities == {'sub': '01', 'ses': 'a', 'acq': 'thin', 'run': '1'}


def test_a_figure_belongs_to_its_own_t2w_only(tmp_path, save_results):
    save_results(tmp_path, session='a')
    query = {'datatype': 'figures', 'desc': 'roi', 'suffix': 'T2w'}
    found = find_figure(tmp_path, '01', 'sub-01_ses-a', query)
    assert found.name == 'sub-01_ses-a_desc-roi_T2w.png'
    assert find_figure(tmp_path, '01', 'sub-01', query) is None
    assert find_figure(tmp_path, '01', 'sub-01_ses-a', query | {'desc': 'flairreg'}) is None


def test_a_participant_without_anything_has_no_scans(tmp_path):
    assert find_scans(tmp_path, '07') == []


def test_the_moving_half_only_is_in_a_png(drawings):
    png = drawings / 'desc-roi_T2w.png'
    assert picture_uri(png, 'fixed') == ''
    assert picture_uri(png, 'moving').startswith('data:image/png;base64,')


def test_every_figure_of_the_pipeline_has_its_place():
    sections = load_specification().sections
    wanted = {
        layer.query['desc']
        for section in sections
        for reportlet in section.reportlets
        for layer in reportlet.layers
    }
    assert wanted == {
        *('roi', 'images', 'enhanced', 'evidence', 'grade'),
        *('t1wreg', 'flairreg', 'templatereg'),
    }


@pytest.mark.parametrize('key', ['alt', 'query'])
def test_every_layer_is_described(key):
    for section in load_specification().sections:
        for reportlet in section.reportlets:
            for layer in reportlet.layers:
                assert getattr(layer, key)


def test_a_specification_can_come_from_elsewhere(tmp_path):
    path = tmp_path / 'spec.yml'
    path.write_text(
        'title: Mine\nsections:\n- name: one\n  ordering: session,run\n  reportlets:\n'
        '  - bids: {datatype: figures, desc: roi, suffix: T2w}\n    alt: A picture\n'
    )
    (section,) = load_specification(path).sections
    assert section.ordering == ('ses', 'run')
    assert section.reportlets[0].layers[0].query['desc'] == 'roi'
