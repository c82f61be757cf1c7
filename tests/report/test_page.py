import re
from dataclasses import replace

import pandas as pd
import pytest

from pvs_workflow.report import page as page_module
from pvs_workflow.report.page import find_unusable, load_stacks, write_subject_page
from pvs_workflow.report.provenance import RunRecord, record_path, save_run
from pvs_workflow.report.results import find_scans
from pvs_workflow.report.saving import read_pictures
from pvs_workflow.report.spec import load_sections
from tests.builders.report import Page
from tests.builders.results import save_result

PROVENANCE = {
    'command': 'pvs_workflow /data /out participant --participant-label 01',
    'seed': 7,
    'bias_correction': True,
    'version': '9.8.7',
    'versions': {'antspyx': '0.6.3', 'tensorflow': '2.21.0'},
    'model': {'name': 'cascade', 'version': '1.2.3', 'sha256': '0f' * 32},
}
HOSTILE = '<script>alert("x")</script> & \' "quoted" \u202e'


def make_page(folder, participant='01', provenance=PROVENANCE, errors=()):
    """Write the page of a participant whose results are from one run."""
    save_run(folder, participant, RunRecord(provenance, {f'sub-{participant}': ''}, errors))
    return write_subject_page(folder, participant)


@pytest.fixture(scope='module')
def page(tmp_path_factory, drawings):
    folder, reasons = tmp_path_factory.mktemp('page'), ('it is dark', 'it is small')
    save_result(folder, session='a', qc='review', reasons=reasons, pictures=drawings)
    save_result(folder, session='b', pictures=drawings)
    return Page(make_page(folder).read_text(encoding='utf-8'))


def test_the_page_is_valid_and_complete(page, assert_sound):
    assert_sound(page)
    headings = re.findall('h[123]', ' '.join(tag for tag, _ in page.elements))
    assert headings[0] == 'h1'
    assert headings.count('h1') == 1
    for words in ('Potter grade', 'ses-a', 'ses-b', 'it is dark', 'not a medical device'):
        assert words in page.text
    # Each session: grade, ROI, six images in three layers, both layers of one registration.
    assert len(page.all('img')) == 2 * (2 + 18 + 2)
    assert 'cascade 1.2.3' in page.text
    assert '9.8.7' in page.text
    assert PROVENANCE['command'] in page.text


def test_pictures_contain_no_external_addresses(tmp_path, save_results):
    save_results(tmp_path)
    path = write_subject_page(tmp_path, 'sub-01')
    for uri in re.findall(r'src="([^"]*)"', path.read_text()):
        assert not re.search(r'(href|src|url)[^%]{0,5}(=%22|\()https?:', uri)
        assert '%3C!DOCTYPE' not in uri


def test_the_table_agrees_with_the_tsv(tmp_path, save_results, read_cells):
    stem = save_results(tmp_path)
    path = write_subject_page(tmp_path, 'sub-01')
    table = pd.read_csv(
        tmp_path / 'sub-01' / 'anat' / f'{stem}_desc-epvs_counts.tsv', sep='\t', dtype=str
    )
    text = path.read_text()
    body = text[text.index('Counts of the six images') :]
    body = body[body.index('<tbody>') : body.index('</tbody>')]
    rows = re.findall(r'<tr>(.*?)</tr>', body, re.DOTALL)
    assert len(rows) == len(table) == 6
    for html, (_, row) in zip(rows, table.iterrows(), strict=True):
        values = re.findall(r'value="([^"]*)"', html)
        cells = read_cells(html)
        expected = [row[name] for name in ('count', 'count_low', 'count_high', 'roi_area')]
        assert values == expected
        assert cells[0] == {'L': 'left', 'R': 'right'}[row['hemisphere']]
        assert cells[1] == row['slice']
        assert cells[3] == f'{float(row["count"]):.1f}'
        assert cells[5:7] == [row['potter'], row['instances']]
        assert cells[-1].strip() == row['qc']


def test_a_failed_participant_gets_a_page_with_its_errors(tmp_path, read, assert_sound):
    path = make_page(tmp_path, '02', {}, ['its T2w cannot be read', HOSTILE])
    page = read(path)
    assert path.name == 'sub-02.html'
    assert_sound(page)
    assert 'its T2w cannot be read' in page.text
    assert ' '.join(HOSTILE.split()) in page.text
    assert 'The T1w was' in page.text


def test_a_t2w_with_figures_but_without_tables_has_no_result(
    tmp_path, save_results, read, assert_sound
):
    stem = save_results(tmp_path)
    for path in (tmp_path / 'sub-01' / 'anat').glob(f'{stem}_*'):
        path.unlink()
    page = read(make_page(tmp_path, errors=['it failed']))
    assert_sound(page)
    assert 'no result' in page.text
    assert 'This T2w has no grade' in page.text
    assert len(page.all('img')) == 1 + 18 + 2


def test_a_broken_table_is_a_warning(tmp_path, save_results, read, assert_sound):
    stem = save_results(tmp_path)
    (tmp_path / 'sub-01' / 'anat' / f'{stem}_desc-epvs_counts.tsv').write_text('nonsense\n')
    page = read(write_subject_page(tmp_path, 'sub-01'))
    assert_sound(page)
    assert 'Warning:' in page.text
    assert 'desc-epvs_counts.tsv has' in page.text


def test_hostile_text_from_any_source_stays_text(tmp_path, save_results, read, assert_sound):
    save_results(tmp_path, qc='review', reasons=(HOSTILE,))
    provenance = {HOSTILE: HOSTILE, 'versions': {'nipype': HOSTILE}, 'model': {'name': HOSTILE}}
    page = read(make_page(tmp_path, provenance=provenance, errors=[HOSTILE]))
    assert_sound(page)
    words = ' '.join(HOSTILE.split())
    assert page.text.count(words) >= 6


def test_methods_depend_on_the_available_scans(tmp_path, save_results, read):
    anat = tmp_path / 'sub-01' / 'ses-a' / 'anat'
    stem = save_results(tmp_path, session='a', pictures=False)
    text = read(make_page(tmp_path)).text
    assert 'The T1w was' not in text
    assert 'The FLAIR was' not in text
    assert 'with N4' in text
    for suffix in ('T1w', 'FLAIR'):
        (anat / f'{stem}_space-T2w_desc-preproc_{suffix}.nii.gz').touch()
    text = read(make_page(tmp_path, provenance=PROVENANCE | {'bias_correction': False})).text
    assert 'The T1w was registered rigidly' in text
    assert 'The FLAIR was registered rigidly to the T2w.' in text
    assert 'The T2w was not corrected' in text
    save_results(tmp_path, session='b', pictures=False)
    text = read(make_page(tmp_path)).text
    assert 'The T1w was registered rigidly to the T2w where available.' in text


def test_every_reference_is_cited_and_every_citation_listed(page):
    cited = {a['href'][1:] for a in page.all('a') if a.get('class') == 'cite'}
    listed = {attrs['id'] for attrs in page.all('li') if 'id' in attrs}
    assert cited == listed
    assert {'ref-chae2024', 'ref-potter2015', 'ref-avants2008', 'ref-tustison2010'} <= listed


def test_the_same_derivatives_give_the_same_page(tmp_path, save_results):
    save_results(tmp_path)
    pages = [make_page(tmp_path).read_bytes() for _ in range(2)]
    assert pages[0] == pages[1]


def test_pictures_that_do_not_fit_are_linked(tmp_path, save_results, monkeypatch, read):
    save_results(tmp_path)
    monkeypatch.setattr(page_module, 'MAX_PICTURE_CHARACTERS', 100)
    path = write_subject_page(tmp_path, 'sub-01')
    page = read(path)
    assert page.all('img') == []
    links = [a['href'] for a in page.all('a') if a['href'].startswith('sub-01/figures/')]
    assert links
    assert all((tmp_path / link).is_file() for link in links)


def test_counted_images_take_precedence_over_alignments(tmp_path, save_results, monkeypatch, read):
    for session in 'ab':
        save_results(tmp_path, session=session)
    page = read(write_subject_page(tmp_path, '01'))
    counted = [
        p for p in page.all('img') if 'same cuts' not in p['alt'] and 'sagittal' not in p['alt']
    ]
    monkeypatch.setattr(page_module, 'MAX_PICTURE_CHARACTERS', sum(len(p['src']) for p in counted))
    page = read(write_subject_page(tmp_path, '01'))
    assert page.all('img') == counted
    assert page.text.count('would make this report too large') == 2


def test_pages_of_other_participants_are_not_mixed_up(tmp_path, save_results, read):
    save_results(tmp_path, participant='01', pictures=False)
    save_results(tmp_path, participant='011', pictures=False)
    page = read(write_subject_page(tmp_path, 'sub-01'))
    assert 'sub-011' not in page.text


def alternatives(page):
    return [picture['alt'] for picture in page.all('img')]


def test_the_alternative_texts_of_the_six_images_have_side_and_slice(page):
    texts = [alt for alt in alternatives(page) if 'hemisphere, slice' in alt][:18]
    assert len(set(texts)) == 18
    sides = [alt.split()[0] for alt in texts]
    assert sides == ['Left'] * 9 + ['Right'] * 9
    assert [alt.split('slice ')[1][0] for alt in texts] == list('111222333') * 2


def test_the_panels_are_those_of_the_sheet(tmp_path, save_results, read):
    save_results(tmp_path)
    saved = read_pictures(tmp_path / 'sub-01/figures/sub-01_desc-images_T2w.svg')
    page = read(write_subject_page(tmp_path, '01'))
    raw = [img['src'] for img in page.all('img') if 'the input of the model' in img['alt']]
    assert raw == list(saved.values())


def test_the_summary_has_the_intervals_of_the_highest_counts(tmp_path, save_results, read):
    save_results(tmp_path)
    text = read(write_subject_page(tmp_path, '01')).text
    summary = text[text.index('Highest count') : text.index('Probability of each')]
    # Counts in tests/builders/results.py: the highest on the left is 12.3457, of all 21.6.
    assert '21.6 ( 10.8 – 43.2 )' in summary
    assert '12.3 ( 6.2 – 24.7 )' in summary


def test_a_record_that_cannot_be_read_is_a_warning(tmp_path, save_results, read, assert_sound):
    save_results(tmp_path)
    record_path(tmp_path, '01').write_text('{"runs": [1]}')
    page = read(write_subject_page(tmp_path, '01'))
    assert_sound(page)
    assert 'Warning: ' in page.text
    assert 'is not a valid record of runs' in page.text


def test_results_of_several_runs_are_distinguished(tmp_path, save_results, read, assert_sound):
    for session in 'ab':
        save_results(tmp_path, session=session, pictures=False)
        facts = PROVENANCE | {'run': f'run of {session}', 'seed': session}
        save_run(tmp_path, '01', RunRecord(facts, {f'sub-01_ses-{session}': ''}))
    page = read(write_subject_page(tmp_path, '01'))
    assert_sound(page)
    assert 'are from 2 runs' in page.text
    assert 'The random seed was b.' in page.text
    for session in 'ab':
        assert f'Run that produced the results of sub-01_ses-{session}.' in page.text
        assert f'run of {session}' in page.text


def reportlet(name):
    sections = load_sections()
    return next(item for section in sections for item in section.reportlets if item.name == name)


def test_panels_are_the_six_images_with_their_rows(tmp_path, save_results):
    save_results(tmp_path)
    (scan,) = find_scans(tmp_path, '01')
    panels = load_stacks(tmp_path, scan, reportlet('cascade'))
    assert [(panel.side, panel.rank) for panel in panels] == [
        (side, rank) for side in ('left', 'right') for rank in (1, 2, 3)
    ]
    for panel in panels:
        assert [picture.label for picture in panel.pictures] == ['Raw', 'Enhanced', 'Outlined']
        assert panel.row['slice_rank'] == panel.rank
        assert panel.row['hemisphere'] == panel.side[0].upper()
        for picture in panel.pictures:
            assert (tmp_path / picture.href).is_file()


def test_a_layer_that_was_not_saved_is_omitted(tmp_path, save_results):
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
        f'{path.name} is not shown: it is not an SVG or exceeds 16 MB'
    ]


def test_a_figure_belongs_to_one_t2w_only(tmp_path, save_results):
    save_results(tmp_path, session='a')
    (scan,) = find_scans(tmp_path, '01')
    (stack,) = load_stacks(tmp_path, scan, reportlet('roi'))
    assert stack.pictures[0].href == 'sub-01/figures/sub-01_ses-a_desc-roi_T2w.svg'
    assert load_stacks(tmp_path, replace(scan, stem='sub-01'), reportlet('roi')) == ()
