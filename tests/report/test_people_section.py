import numpy as np
import pandas as pd
import pytest

from pvs_workflow.report.people_section import people_section
from tests.builders.report_group import make_people, make_rows, show_sections


def test_one_t2w_of_each_person_is_compared(tmp_path, read, assert_sound):
    rows = make_rows()
    people = make_people(rows)
    section = people_section(rows, people, '')
    usable = rows[rows['qc'] != 'fail'].groupby('participant_id').first()
    assert section.context['people'] == len(usable) == section.context['fit'].people
    strata = dict(section.context['categories'])
    for stratum in strata['group']:
        own = usable[people.loc[usable.index, 'group'] == stratum['label']]
        assert stratum['people'] == len(own)
        assert stratum['median'] == pytest.approx(own['count_max'].median())
    page = read(show_sections(tmp_path, rows, section))
    assert_sound(page)
    for said in ('Exploratory.', 'age, per 10 years', 'Highest count by age', 'grades by sex'):
        assert said in page.text


def test_order_of_participants_does_not_matter():
    rows, people = make_rows(), make_people(make_rows())
    one = people_section(rows, people, '')
    two = people_section(rows, people.sample(frac=1, random_state=3), '')
    assert one.context['fit'] == two.context['fit']
    assert one.context['categories'] == two.context['categories']
    assert [chart.uri for chart in one.context['charts']] == [
        chart.uri for chart in two.context['charts']
    ]


def test_nothing_known_of_people_is_no_section():
    rows = make_rows(4)
    nobody = pd.DataFrame(index=pd.Index([], name='participant_id'))
    assert people_section(rows, nobody, '') is None
    others = make_people(rows).set_index(pd.Index(['sub-x', 'sub-y', 'sub-z', 'sub-w']))
    assert people_section(rows, others, '') is None
    blank = make_people(rows).assign(age=np.nan, sex=None, group=None)
    assert people_section(rows, blank, '') is None


def test_a_warning_is_shown_without_figures(tmp_path, read, assert_sound):
    rows = make_rows(4)
    nobody = pd.DataFrame(index=pd.Index([], name='participant_id'))
    section = people_section(rows, nobody, 'participants.tsv was not used, <b>')
    page = read(show_sections(tmp_path, rows, section))
    assert_sound(page)
    assert 'participants.tsv was not used, <b>' in page.text
    assert 'Exploratory' not in page.text


@pytest.mark.parametrize('n', [1, 2])
def test_few_people_end_in_a_sentence(tmp_path, n, read, assert_sound):
    rows = make_rows(n).assign(qc='pass')
    page = read(show_sections(tmp_path, rows, people_section(rows, make_people(rows), '')))
    assert_sound(page)
    assert 'There is no model' in page.text
