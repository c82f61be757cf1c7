import re

import pandas as pd
import pytest

from pvs_workflow.derivatives.columns import describe_columns
from pvs_workflow.derivatives.tables import read_table
from pvs_workflow.report import group_page
from pvs_workflow.report.group_page import write_group_page
from pvs_workflow.report.sections import Chart
from tests.builders.report_group import make_rows, show_sections
from tests.builders.results import derivative_path, save_result


@pytest.fixture(scope='module')
def saved(tmp_path_factory):
    """Return tables of two participants with three T2w; one failed, one needs review."""
    rows = (
        ('01', 'a', 'pass', ()),
        ('01', 'b', 'review', ('the image is dark',)),
        ('02', None, 'fail', ('the ROI lies outside', 'it <b>moved</b>')),
    )
    folder, grades, counts = tmp_path_factory.mktemp('results'), [], []
    for participant, session, qc, reasons in rows:
        stem = save_result(folder, participant, session, qc=qc, reasons=reasons)
        grade = read_table(derivative_path(stem, 'desc-potter_grade.tsv'), 'potter_grade')
        count = read_table(derivative_path(stem, 'desc-epvs_counts.tsv'), 'epvs_counts')
        count.insert(0, 'participant_id', f'sub-{participant}')
        count.insert(1, 'session_id', f'ses-{session}' if session else None)
        count['qc'] = 'fail' if qc == 'fail' else count['qc']
        grades.append(grade)
        counts.append(count)
    grades = pd.concat(grades, ignore_index=True).assign(selected='true')
    return grades, pd.concat(counts, ignore_index=True)


@pytest.fixture
def tables(saved):
    return tuple(table.copy() for table in saved)


@pytest.fixture(scope='module')
def path(saved, tmp_path_factory):
    """Write the page of these results."""
    return write_group_page(tmp_path_factory.mktemp('page'), *saved)


def section(text: str, name: str) -> str:
    start = text.index(f'<section id="{name}"')
    return text[start : text.index('</section>', start)]


def test_the_page_is_valid_and_has_the_right_numbers(path, read, assert_sound):
    assert path.name == 'group_potter.html'
    page = read(path)
    assert_sound(page)
    assert 'participants 2 sessions 3 T2w 3' in page.text
    assert 'quality pass 1' in page.text
    assert 'quality review 1' in page.text
    assert 'quality fail 1' in page.text
    assert 'cascade 1.2.3' in page.text


def test_failed_t2w_and_images_are_excluded_from_the_figures(path, read):
    page = read(path)
    alt = page.all('img')[0]['alt']
    assert alt.endswith('grade 0: 0, grade 1: 0, grade 2: 0, grade 3: 2, grade 4: 0')
    # Each of the other two T2w has the counts 3.25, 12.3, 7 (left) and 0.4, 21.6, 9.99 (right).
    images = section(path.read_text(), 'distribution')
    rows = re.findall(r'<tr><th scope="row">(\w+)</th>(.*?)</tr>', images)
    assert {side: re.findall(r'<td>(\d+)</td>', cells) for side, cells in rows} == {
        'left': ['0', '4', '2', '0', '0'],
        'right': ['2', '2', '0', '2', '0'],
    }


def test_doubtful_t2w_are_listed_with_reasons_and_failed_ones_first(path, read_cells):
    quality = read_cells(section(path.read_text(), 'quality'))
    participants = [cell.strip() for cell in quality if cell.strip() in ('sub-01', 'sub-02')]
    assert participants == ['sub-02', 'sub-01']
    assert 'the ROI lies outside; it <b>moved</b>' in quality
    assert 'the image is dark' in quality


@pytest.fixture
def no_drawings(monkeypatch):
    """Replace the slow drawing of charts; their texts remain."""
    monkeypatch.setattr(group_page, 'draw_chart', lambda *args: Chart(*args[:3], 'data:,'))


@pytest.mark.usefixtures('no_drawings')
def test_participants_link_to_existing_pages(tmp_path, tables, read):
    (tmp_path / 'sub-01.html').touch()
    page = read(write_group_page(tmp_path, *tables))
    links = {a['href'] for a in page.all('a') if not a['href'].startswith('#')}
    assert links == {'sub-01.html'}


def test_the_table_has_every_row_and_column(path, tables, read_cells):
    grades, _ = tables
    body = section(path.read_text(), 'grades')
    names = [name for name in describe_columns('group_potter') if not name.startswith('model')]
    cells = [cell.strip() for cell in read_cells(body)]
    assert cells[: len(names)] == names
    rows = [cells[i : i + len(names)] for i in range(len(names), len(cells), len(names))]
    assert [row[0] for row in rows] == list(grades['participant_id'])
    assert [row[1] for row in rows] == ['ses-a', 'ses-b', 'n/a']
    assert [row[names.index('potter')] for row in rows] == ['3', '3', '3']
    assert [row[names.index('qc')] for row in rows] == ['pass', 'review', 'fail']
    values = re.findall(r'<data value="([^"]*)">', body)
    assert values.count('12.3457') == 3  # count_left in full precision


@pytest.mark.parametrize('qc', ['pass', 'fail'])
def test_a_page_can_have_a_single_row(tmp_path, tables, qc, read, assert_sound):
    grades, counts = tables
    one = grades[grades['qc'] == qc]
    few = counts[counts['participant_id'].isin(one['participant_id'])]
    page = read(write_group_page(tmp_path, one, few))
    assert_sound(page)
    assert ('All T2w passed' in page.text) == (qc == 'pass')


def test_missing_values_are_shown_as_missing(tmp_path, tables, read, assert_sound):
    grades, counts = tables
    blank = grades.astype(object)
    blank.loc[1, ['potter', 'count_left', 'p_potter0', 'potter_left']] = None
    page = read(write_group_page(tmp_path, blank, counts))
    assert_sound(page)
    assert page.text.count('n/a') > 4
    assert 'grade 3: 1' in page.all('img')[0]['alt']


@pytest.mark.usefixtures('no_drawings')
def test_hostile_labels_stay_text(tmp_path, tables, read, assert_sound):
    grades, counts = tables
    name = 'sub-<img src=x onerror=alert(1)>'
    hostile = grades.replace({'participant_id': {'sub-01': name}})
    page = read(write_group_page(tmp_path, hostile, counts))
    assert_sound(page)
    assert name in page.text
    outside = grades.replace({'participant_id': {'sub-01': '../secret'}})
    (tmp_path.parent / 'secret.html').touch()
    page = read(write_group_page(tmp_path, outside, counts))
    assert not [a for a in page.all('a') if 'secret' in a['href']]


def test_tables_are_not_changed(tmp_path, tables):
    grades, counts = tables
    before = grades.copy(), counts.copy()
    write_group_page(tmp_path, grades, counts)
    pd.testing.assert_frame_equal(grades, before[0])
    pd.testing.assert_frame_equal(counts, before[1])


@pytest.mark.usefixtures('no_drawings')
def test_the_interval_of_the_left_right_difference_needs_five_people(tmp_path, read):
    rows = make_rows(30).assign(qc='pass')
    first = rows.drop_duplicates('participant_id')
    difference = first['count_left'] - first['count_right']
    match = re.search(
        r'has a median of (\S+) \(95 % interval (\S+) to (\S+); bootstrap over the first T2w of '
        r'(\d+) participants',
        read(show_sections(tmp_path, rows, charts=True)).text,
    )
    median, low, high, people = (float(text.replace('−', '-')) for text in match.groups())
    assert people == 30
    assert median == pytest.approx(difference.median(), abs=0.005)
    assert difference.min() < low < median < high < difference.max()
    rows = rows.iloc[::-1].sort_values('session_id', kind='stable', ignore_index=True)
    assert match[0] in read(show_sections(tmp_path, rows, charts=True)).text
    text = read(show_sections(tmp_path, make_rows(4).assign(qc='pass'), charts=True)).text
    assert 'more on the left' in text
    assert 'has a median of' not in text
