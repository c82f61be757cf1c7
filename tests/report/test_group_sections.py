"""What the sections of the group's page tell, against the same told by pandas."""

import re

import numpy as np
import pandas as pd
import pytest

from pvs_workflow.cohort.change import compare_sessions, rescan_threshold
from pvs_workflow.derivatives.columns import describe_columns
from pvs_workflow.report.change_section import change_section
from pvs_workflow.report.group_page import write_group_page
from pvs_workflow.report.outlier_section import outlier_section
from pvs_workflow.report.people_section import people_section
from pvs_workflow.report.scanner_section import scanner_section

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


def make_rows(n=60, seed=1):
    """Return rows of grades as the group level has them; every third person has two sessions."""
    rng = np.random.default_rng(seed)
    rows = []
    for number in range(n):
        for session in ('ses-1', 'ses-2') if number % 3 == 0 else ('ses-1',):
            counts = rng.gamma(3, 4, 2).round(4)
            highest = float(counts.max())
            potter = int(np.searchsorted([0.5, 10.5, 20.5, 40.5], highest))
            rows.append(
                {
                    'participant_id': f'sub-{number:03d}',
                    'session_id': session,
                    't2w': f'sub-{number:03d}/sub-{number:03d}_{session}_T2w.nii.gz',
                    'potter': potter,
                    'potter_left': potter,
                    'potter_right': potter,
                    'count_max': highest,
                    'count_left': float(counts[0]),
                    'count_right': float(counts[1]),
                    **{f'p_potter{g}': float(g == potter) for g in range(5)},
                    'qc': rng.choice(['pass', 'review', 'fail'], p=[0.8, 0.1, 0.1]),
                    'qc_reasons': None,
                    'model': 'm 1',
                    'model_sha256': '0' * 64,
                    'count_sum': float(counts.sum() * 2),
                    'top_low': max(0.0, highest - 2),
                    'top_high': highest + 2,
                    'scanner': ('A 3 T', 'B 1.5 T', None)[number % 3],
                    'institution': None,
                    'slice': '5.0 mm',
                }
            )
    return pd.DataFrame(rows)


def make_people(rows, seed=2):
    rng = np.random.default_rng(seed)
    names = rows['participant_id'].unique()
    values = {
        'age': rng.normal(65, 8, len(names)).round(),
        'sex': rng.choice(['female', 'male'], len(names)),
        'group': rng.choice(['control', 'patient'], len(names)),
    }
    return pd.DataFrame(values, index=pd.Index(names, name='participant_id'))


def show(tmp_path, rows, *sections):
    grades = rows[list(describe_columns('group_potter'))]
    counts = pd.concat(
        [
            grades[['participant_id', 'session_id', 'qc', 'potter']].assign(
                hemisphere=side, count=rows[name]
            )
            for side, name in (('L', 'count_left'), ('R', 'count_right'))
        ],
        ignore_index=True,
    )
    return write_group_page(tmp_path, grades, counts, [part for part in sections if part])


def test_scanners_are_summed_up_as_pandas_does(tmp_path, read, assert_sound):
    rows = make_rows()
    section = scanner_section(rows)
    kinds = {heading: strata for heading, strata, _ in section.context['kinds']}
    assert list(kinds) == ['Scanner', 'Slice thickness']
    assert {stratum.label for stratum in kinds['Scanner']} == {'A 3 T', 'B 1.5 T', 'not known'}
    for stratum in kinds['Scanner']:
        label = None if stratum.label == 'not known' else stratum.label
        own = rows[rows['scanner'].isna() if label is None else rows['scanner'] == label]
        usable = own[own['qc'] != 'fail']
        assert stratum.scans == len(usable)
        assert stratum.people == usable['participant_id'].nunique()
        assert stratum.doubtful == (own['qc'] != 'pass').sum()
        assert stratum.grades == tuple((usable['potter'] == grade).sum() for grade in range(5))
        assert stratum.median == pytest.approx(usable['count_max'].median())
        assert stratum.upper == pytest.approx(np.percentile(usable['count_max'], 75))
    page = read(show(tmp_path, rows, section))
    assert_sound(page)
    assert 'Highest count by scanner' in page.text
    assert 'Highest count by slice thickness' not in page.text  # all are alike


def test_unknown_scanners_are_told_in_a_sentence(tmp_path, read):
    rows = make_rows(5).assign(scanner=None, slice=None)
    section = scanner_section(rows)
    assert section.context['kinds'] == []
    assert 'the sidecars of the T2w tell neither' in read(show(tmp_path, rows, section)).text


def test_one_t2w_of_each_person_is_compared(tmp_path, read, assert_sound):
    rows = make_rows()
    people = make_people(rows)
    section = people_section(rows, people, '')
    usable = rows[rows['qc'] != 'fail'].groupby('participant_id').first()
    assert section.context['people'] == len(usable) == section.context['fit'].people
    strata = dict(section.context['categories'])
    for stratum in strata['group']:
        own = usable[people.loc[usable.index, 'group'] == stratum.label]
        assert stratum.people == len(own)
        assert stratum.median == pytest.approx(own['count_max'].median())
    page = read(show(tmp_path, rows, section))
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
    page = read(show(tmp_path, rows, section))
    assert_sound(page)
    assert 'participants.tsv was not used, <b>' in page.text
    assert 'Exploratory' not in page.text


@pytest.mark.parametrize('n', [1, 2])
def test_few_people_end_in_a_sentence(tmp_path, n, read, assert_sound):
    rows = make_rows(n).assign(qc='pass')
    page = read(show(tmp_path, rows, people_section(rows, make_people(rows), '')))
    assert_sound(page)
    assert 'There is no model' in page.text


def test_nobody_usable_is_no_failure(tmp_path, read, assert_sound):
    rows = make_rows(3).assign(qc='fail')
    sections = (
        outlier_section(rows),
        scanner_section(rows),
        people_section(rows, make_people(rows), ''),
        change_section(*compare_sessions(rows, lambda _, labels: dict.fromkeys(labels))),
    )
    page = read(show(tmp_path, rows, *sections))
    assert_sound(page)
    assert 'No result stands out' in page.text
    assert 'not comparable 1' in page.text


def test_changes_are_counted_and_those_beyond_come_first(tmp_path, read, assert_sound):
    rows = make_rows().assign(qc='pass')
    changes, yardstick = compare_sessions(rows, lambda _, labels: dict.fromkeys(labels))
    section = change_section(changes, yardstick)
    numbers = section.context['numbers']
    assert numbers == {
        'increase': (changes['change'] == 'increase').sum(),
        'decrease': (changes['change'] == 'decrease').sum(),
        'within': (changes['change'] == 'within').sum(),
    }
    assert min(numbers.values()) > 0
    order = [row['change'] == 'within' for row in section.context['rows']]
    assert order == sorted(order)
    page = read(show(tmp_path, rows, section))
    assert_sound(page)
    assert 'this group has 0' in page.text
    assert '2 people (12 pairs of images)' in page.text


def test_an_own_yardstick_is_shown_with_its_interval(tmp_path, read, assert_sound):
    rows = make_rows().assign(qc='pass')
    changes, _ = compare_sessions(rows, lambda _, labels: dict.fromkeys(labels))
    page = read(show(tmp_path, rows, change_section(changes, rescan_threshold([2, -2] * 6))))
    assert_sound(page)
    assert 'two scans differ by at most 3.9 (repeatability coefficient' in page.text
    assert '12 people with a rescan' in page.text


@pytest.mark.parametrize('text', HOSTILE)
def test_hostile_text_stays_text_everywhere(tmp_path, text, read, assert_sound):
    rows = make_rows().assign(qc='pass')
    other = rows['participant_id'] > 'sub-030'
    rows['scanner'] = rows['scanner'].mask(other, text)
    rows['qc'] = rows['qc'].mask(rows.index == 3, 'review')
    rows['qc_reasons'] = rows['qc_reasons'].astype(object).mask(rows.index == 3, text)
    rows.loc[4, 'count_max'] = 500.0
    rows['t2w'] = rows['t2w'].mask(rows.index == 4, f'{text}/T2w')
    people = make_people(rows)
    people['group'] = people['group'].mask(people['group'] == 'patient', text)
    path = show(
        tmp_path,
        rows,
        outlier_section(rows),
        scanner_section(rows),
        people_section(rows, people, f'a warning of {text}'),
        change_section(*compare_sessions(rows, lambda _, labels: dict.fromkeys(labels))),
    )
    page = read(path)
    assert_sound(page)
    shown = ' '.join(text.split()).replace('\u202e', '‹U+202E›')
    # In the table of scanners, of groups, of the model, of quality, of outliers, in the warning.
    assert page.text.count(shown) >= 6
    # Charts hold drawn letters, not the text.
    for picture in page.all('img'):
        assert picture['src'].startswith('data:image/svg+xml,%3Csvg ')
        assert not re.search(r'%3Cscript|onerror|%3Cforeign', picture['src'], re.IGNORECASE)
