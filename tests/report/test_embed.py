from dataclasses import replace

from pvs_workflow.report.embed import find_unusable, load_stacks
from pvs_workflow.report.results import find_scans
from pvs_workflow.report.spec import load_specification


def reportlet(name):
    sections = load_specification().sections
    return next(one for section in sections for one in section.reportlets if one.name == name)


def test_panels_are_the_six_images_with_their_rows(tmp_path, save_results):
    save_results(tmp_path)
    (scan,) = find_scans(tmp_path, '01')
    panels = load_stacks(tmp_path, scan, reportlet('cascade'))
    assert [(panel.side, panel.rank) for panel in panels] == [
        (side, rank) for side in ('left', 'right') for rank in (1, 2, 3)
    ]
    for panel in panels:
        assert [picture.label for picture in panel.pictures] == ['Raw', 'Enhanced', 'Evidence']
        assert panel.row['slice_rank'] == panel.rank
        assert panel.row['hemisphere'] == panel.side[0].upper()
        for picture in panel.pictures:
            assert (tmp_path / picture.href).is_file()


def test_a_layer_that_was_not_saved_is_left_out(tmp_path, save_results):
    stem = save_results(tmp_path)
    (tmp_path / 'sub-01' / 'figures' / f'{stem}_desc-enhanced_T2w.svg').unlink()
    (scan,) = find_scans(tmp_path, '01')
    panels = load_stacks(tmp_path, scan, reportlet('cascade'))
    assert {len(panel.pictures) for panel in panels} == {2}
    assert load_stacks(tmp_path, replace(scan, stem='sub-01_ses-x'), reportlet('cascade')) == ()


def test_both_pictures_of_an_alignment_are_loaded(tmp_path, save_results):
    save_results(tmp_path)
    (scan,) = find_scans(tmp_path, '01')
    (stack,) = load_stacks(tmp_path, scan, reportlet('t1wreg'))
    fixed, moving = stack.pictures
    assert fixed.uri.startswith('data:image/jpeg;base64,')
    assert fixed.uri != moving.uri
    assert fixed.href == moving.href == 'sub-01/figures/sub-01_desc-t1wreg_T2w.svg'
    assert load_stacks(tmp_path, scan, reportlet('flairreg')) == ()


def test_figures_that_cannot_be_shown_are_named(tmp_path, save_results):
    stem = save_results(tmp_path)
    path = tmp_path / 'sub-01' / 'figures' / f'{stem}_desc-roi_T2w.svg'
    path.write_text('<svg')
    assert find_unusable(tmp_path, '01') == [
        f'{path.name} is not shown: it is not an SVG, or larger than 16 MB'
    ]
