"""What holds for every section of the group's page."""

import re

from pvs_workflow.cohort.change import compare_sessions
from pvs_workflow.report.change_section import change_section
from pvs_workflow.report.charts import distribution_figure
from pvs_workflow.report.outlier_section import outlier_section
from pvs_workflow.report.people_section import people_section
from pvs_workflow.report.scanner_section import scanner_section
from pvs_workflow.report.sections import draw_chart
from tests.builders.report_group import make_people, make_rows, show_sections

HOSTILE = (
    '<script>alert(1)</script>',
    '=1+1',
    '@cmd|calc',
    'a\u202etxt.exe',
    'zero\u200bwidth \U0001f9e0',
    '</style></svg>"\'&',
    'x' * 300,
    '$\\frac{1}{0}$',
)


def test_nobody_usable_is_no_failure(tmp_path, read, assert_sound):
    rows = make_rows(3).assign(qc='fail')
    sections = (
        outlier_section(rows),
        scanner_section(rows),
        people_section(rows, make_people(rows), ''),
        change_section(*compare_sessions(rows, lambda _, labels: dict.fromkeys(labels))),
    )
    page = read(show_sections(tmp_path, rows, *sections))
    assert_sound(page)
    assert 'No result stands out' in page.text
    assert 'not comparable 1' in page.text


def test_hostile_text_stays_text_everywhere(tmp_path, read, assert_sound):
    rows = make_rows(120).assign(qc='pass')
    rows['qc_reasons'] = rows['qc_reasons'].astype(object)
    people = make_people(rows)
    for number, text in enumerate(HOSTILE):
        rows.loc[10 * number : 10 * number + 4, 'scanner'] = text
        rows.loc[10 * number, ['qc', 'qc_reasons']] = 'review', text
        rows.loc[10 * number + 1, ['count_max', 't2w']] = 500.0, f'{text}/T2w'
        people.loc[people.index[10 * number : 10 * number + 10], 'group'] = text
    path = show_sections(
        tmp_path,
        rows,
        outlier_section(rows),
        scanner_section(rows),
        people_section(rows, people, f'a warning of {" ".join(HOSTILE)}'),
        change_section(*compare_sessions(rows, lambda _, labels: dict.fromkeys(labels))),
    )
    page = read(path)
    assert_sound(page)
    for text in HOSTILE:
        shown = ' '.join(text.split()).replace('\u202e', '‹U+202E›')
        # In the table of scanners, of groups, of the model, of quality, of outliers, in the
        # warning.
        assert page.text.count(shown) >= 6, text
    # Charts hold drawn letters, not the text.
    for picture in page.all('img'):
        assert picture['src'].startswith('data:image/svg+xml,%3Csvg ')
        assert not re.search(r'%3Cscript|onerror|%3Cforeign', picture['src'], re.IGNORECASE)


def test_equal_charts_have_equal_bytes():
    charts = [draw_chart('t', 'a', 'c', distribution_figure([0, 2, 2])) for _ in 'ab']
    assert charts[0] == charts[1]
    assert charts[0].uri.startswith('data:image/svg+xml,%3Csvg')
