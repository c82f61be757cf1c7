"""Sections of the group page."""

import re

import numpy as np
import pandas as pd
import pytest

from pvs_workflow.cohort.change import compare_sessions
from pvs_workflow.report.change_section import change_section
from pvs_workflow.report.charts import distribution_figure
from pvs_workflow.report.sections import (
    draw_chart,
    outlier_section,
    people_section,
    scanner_section,
)
from tests.builders.report_group import make_people, make_rows, show_sections
from tests.builders.sessions import by_label

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


def test_sections_can_be_made_without_usable_results(tmp_path, read, assert_sound):
    rows = make_rows(3).assign(qc='fail')
    sections = (
        outlier_section(rows),
        scanner_section(rows),
        people_section(rows, make_people(rows), ''),
        change_section(compare_sessions(rows, by_label(rows))),
    )
    page = read(show_sections(tmp_path, rows, *sections))
    assert_sound(page)
    assert 'No outlying results' in page.text
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
        change_section(compare_sessions(rows, by_label(rows))),
    )
    page = read(path)
    assert_sound(page)
    for text in HOSTILE:
        shown = ' '.join(text.split()).replace('\u202e', '‹U+202E›')
        # Tables of scanners, groups, the model, quality and outliers, and the warning.
        assert page.text.count(shown) >= 6, text
    # Charts contain letters as paths, not as text.
    for picture in page.all('img'):
        assert picture['src'].startswith('data:image/svg+xml,%3Csvg ')
        assert not re.search(r'%3Cscript|onerror|%3Cforeign', picture['src'], re.IGNORECASE)


def test_equal_charts_have_equal_bytes():
    charts = [draw_chart('t', 'a', 'c', distribution_figure([0, 2, 2])) for _ in 'ab']
    assert charts[0] == charts[1]
    assert charts[0].uri.startswith('data:image/svg+xml,%3Csvg')


def test_an_outlying_count_is_listed_with_its_reason(tmp_path, read, assert_sound):
    rows = make_rows().assign(qc='pass')
    rows.loc[4, 'count_max'] = 500.0
    section = outlier_section(rows)
    (row,) = [row for row in section.context['rows'] if row['count_max'] == 500]
    assert row['t2w'] == rows.loc[4, 't2w']
    assert row['reasons']
    page = read(show_sections(tmp_path, rows, section))
    assert_sound(page)
    assert row['reasons'] in page.text


def test_few_results_are_not_compared():
    context = outlier_section(make_rows(3).assign(qc='pass')).context
    assert context['usable'] < context['min_results']
    assert not context['compared']


def test_summaries_of_scanners_agree_with_pandas(tmp_path, read, assert_sound):
    rows = make_rows()
    section = scanner_section(rows)
    kinds = {heading: strata for heading, strata, _ in section.context['kinds']}
    assert list(kinds) == ['Scanner', 'Slice thickness']
    assert {stratum['label'] for stratum in kinds['Scanner']} == {'A 3 T', 'B 1.5 T', 'not known'}
    for stratum in kinds['Scanner']:
        label = None if stratum['label'] == 'not known' else stratum['label']
        scans = rows[rows['scanner'].isna() if label is None else rows['scanner'] == label]
        usable = scans[scans['qc'] != 'fail']
        assert stratum['scans'] == len(usable)
        assert stratum['people'] == usable['participant_id'].nunique()
        assert stratum['doubtful'] == (scans['qc'] != 'pass').sum()
        assert stratum['grades'] == [(usable['potter'] == grade).sum() for grade in range(5)]
        assert stratum['median'] == pytest.approx(usable['count_max'].median())
        assert stratum['upper'] == pytest.approx(np.percentile(usable['count_max'], 75))
    page = read(show_sections(tmp_path, rows, section))
    assert_sound(page)
    assert 'Highest count by scanner' in page.text
    assert 'Highest count by slice thickness' not in page.text  # there is only one


def test_unknown_scanners_are_reported_in_a_sentence(tmp_path, read):
    rows = make_rows(5).assign(scanner=None, slice=None)
    section = scanner_section(rows)
    assert section.context['kinds'] == []
    assert (
        'the sidecars of the T2w name neither' in read(show_sections(tmp_path, rows, section)).text
    )


def test_one_t2w_of_each_person_is_compared(tmp_path, read, assert_sound):
    rows = make_rows()
    people = make_people(rows)
    section = people_section(rows, people, '')
    usable = rows[rows['qc'] != 'fail'].groupby('participant_id').first()
    assert section.context['people'] == len(usable) == section.context['fit'].people
    strata = dict(section.context['categories'])
    for stratum in strata['group']:
        members = usable[people.loc[usable.index, 'group'] == stratum['label']]
        assert stratum['people'] == len(members)
        assert stratum['median'] == pytest.approx(members['count_max'].median())
    page = read(show_sections(tmp_path, rows, section))
    assert_sound(page)
    for words in ('Exploratory.', 'age, per 10 years', 'Highest count by age', 'grades by sex'):
        assert words in page.text


def test_order_of_participants_does_not_matter():
    rows, people = make_rows(), make_people(make_rows())
    one = people_section(rows, people, '')
    two = people_section(rows, people.sample(frac=1, random_state=3), '')
    assert one.context['fit'] == two.context['fit']
    assert one.context['categories'] == two.context['categories']
    assert [chart.uri for chart in one.context['charts']] == [
        chart.uri for chart in two.context['charts']
    ]


def test_without_data_on_participants_there_is_no_section():
    rows = make_rows(4)
    empty = pd.DataFrame(index=pd.Index([], name='participant_id'))
    assert people_section(rows, empty, '') is None
    others = make_people(rows).set_index(pd.Index(['sub-x', 'sub-y', 'sub-z', 'sub-w']))
    assert people_section(rows, others, '') is None
    blank = make_people(rows).assign(age=np.nan, sex=None, group=None)
    assert people_section(rows, blank, '') is None


def test_a_warning_is_shown_without_figures(tmp_path, read, assert_sound):
    rows = make_rows(4)
    empty = pd.DataFrame(index=pd.Index([], name='participant_id'))
    section = people_section(rows, empty, 'participants.tsv was not used, <b>')
    page = read(show_sections(tmp_path, rows, section))
    assert_sound(page)
    assert 'participants.tsv was not used, <b>' in page.text
    assert 'Exploratory' not in page.text


@pytest.mark.parametrize('n', [1, 2])
def test_with_few_people_a_sentence_replaces_the_model(tmp_path, n, read, assert_sound):
    rows = make_rows(n).assign(qc='pass')
    page = read(show_sections(tmp_path, rows, people_section(rows, make_people(rows), '')))
    assert_sound(page)
    assert 'No model was fitted' in page.text
