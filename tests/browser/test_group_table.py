"""The tables of the group's page in a real browser: sorted, searched, by mouse and by keys."""

import pandas as pd
import pytest

from pvs_workflow.group import collect_group
from tests.builders.results import derivative_path, save_result

By = pytest.importorskip('selenium.webdriver.common.by').By
Keys = pytest.importorskip('selenium.webdriver.common.keys').Keys
Wait = pytest.importorskip('selenium.webdriver.support.wait').WebDriverWait

PEOPLE = 120
HOSTILE = '<img src=x onerror="document.title=1">'
TABLE = '#grades table'


@pytest.fixture(scope='module')
def group_page(tmp_path_factory):
    """Return the page of people whose counts differ, one model of them named like markup."""
    folder = tmp_path_factory.mktemp('group')
    for number in range(1, PEOPLE + 1):
        stem = save_result(folder, str(number), counts=[0.5 + number * 37 % PEOPLE / 3] * 6)
        if number == 7:
            path = derivative_path(stem, 'desc-potter_grade.tsv')
            text = path.read_text().replace('\tpass\tn/a\t', f'\treview\t{HOSTILE}\t')
            path.write_text(text)
    for session in '12':
        save_result(folder, '500', session, counts=[3 * int(session)] * 6)
    collect_group(folder)
    return folder / 'group_potter.html'


@pytest.fixture
def driver(open_page, group_page):
    return open_page(group_page)


def head(driver, name, table=TABLE):
    heads = driver.find_elements(By.CSS_SELECTOR, f'{table} thead th')
    return next(one for one in heads if one.get_attribute('textContent').strip() == name)


def column(driver, name, table=TABLE):
    """Return what a column shows, from top to bottom."""
    names = [
        one.get_attribute('textContent').strip()
        for one in driver.find_elements(By.CSS_SELECTOR, f'{table} thead th')
    ]
    place = names.index(name) + 1
    cells = driver.find_elements(By.CSS_SELECTOR, f'{table} tbody tr > :nth-child({place})')
    return [cell.get_attribute('textContent').strip() for cell in cells]


def become(driver, check, wanted):
    """Wait until something is so: the table answers a little later."""
    Wait(driver, 20).until(lambda _: check() == wanted, message=f'{check()!r} is not {wanted!r}')


def sort(driver, name, wanted, table=TABLE):
    """Click on a heading and wait for its order."""
    button = head(driver, name, table)
    button.click()
    become(driver, lambda: button.get_attribute('aria-sort'), wanted)


def show_all(driver):
    driver.find_element(By.CSS_SELECTOR, '#grades .dt-length option[value="-1"]').click()
    become(driver, lambda: len(column(driver, 'potter')), PEOPLE + 2)


def told(driver):
    return driver.find_element(By.CSS_SELECTOR, '#grades .dt-info').text


def test_nothing_is_wrong_and_nothing_fetched(driver, violations):
    assert driver.get_log('browser') == []
    assert driver.execute_script("return performance.getEntriesByType('resource').length") == 0
    assert driver.title.startswith('Group')
    assert violations(driver) == []


def test_numbers_sort_as_numbers_and_labels_as_labels(driver, group_page):
    truth = pd.read_csv(group_page.with_name('group_potter.tsv'), sep='\t')
    show_all(driver)
    sort(driver, 'count_max', 'ascending')
    shown = [float(text) for text in column(driver, 'count_max')]
    assert shown == pytest.approx(sorted(truth['count_max']), abs=0.006)
    sort(driver, 'count_max', 'descending')
    assert [float(text) for text in column(driver, 'count_max')] == shown[::-1]
    sort(driver, 'participant_id', 'ascending')
    labels = column(driver, 'participant_id')
    assert labels[:3] == ['sub-1', 'sub-2', 'sub-3']
    assert labels[-3:] == ['sub-120', 'sub-500', 'sub-500']


def test_missing_values_sort_last_both_ways(driver):
    show_all(driver)
    for order in ('ascending', 'descending'):
        sort(driver, 'session_id', order)
        sessions = column(driver, 'session_id')
        assert set(sessions[:2]) == {'ses-1', 'ses-2'}
        assert set(sessions[2:]) == {'n/a'}


def test_search_finds_and_says_how_many(driver):
    field = driver.find_element(By.CSS_SELECTOR, '#grades input[type=search]')
    label = driver.find_element(By.CSS_SELECTOR, f'label[for="{field.get_attribute("id")}"]')
    assert label.text == 'Search in all grades'
    field.send_keys('sub-11')
    become(driver, lambda: 'of 11 entries' in told(driver), True)
    assert set(column(driver, 'participant_id')) == {'sub-11', *(f'sub-11{n}' for n in range(10))}
    field.send_keys('xyz')
    become(driver, lambda: 'of 0 entries' in told(driver), True)


def test_choices_filter_by_grade_and_quality(driver):
    chosen = driver.find_element(By.CSS_SELECTOR, '#grades select[aria-label$="Quality"]')
    chosen.find_element(By.CSS_SELECTOR, 'option[value=review]').click()
    become(driver, lambda: column(driver, 'participant_id'), ['sub-7'])
    chosen.find_element(By.CSS_SELECTOR, 'option').click()
    show_all(driver)
    grades = driver.find_element(By.CSS_SELECTOR, '#grades select[aria-label$="Grade"]')
    grades.find_element(By.CSS_SELECTOR, 'option[value="3"]').click()
    become(driver, lambda: set(column(driver, 'potter')), {'3'})
    assert 'filtered from 122' in told(driver)


def test_hostile_text_stays_text_after_sorting_and_search(driver):
    driver.find_element(By.CSS_SELECTOR, '#grades input[type=search]').send_keys('onerror')
    become(driver, lambda: column(driver, 'qc_reasons'), [HOSTILE])
    sort(driver, 'qc_reasons', 'ascending')
    assert column(driver, 'qc_reasons') == [HOSTILE]
    assert not driver.find_elements(By.CSS_SELECTOR, 'td img')
    assert driver.title.startswith('Group')


def test_keys_alone_sort_and_turn_pages(driver):
    assert len(column(driver, 'participant_id')) == 50
    button = head(driver, 'count_max').find_element(By.CSS_SELECTOR, '[role=button]')
    driver.execute_script('arguments[0].focus()', button)
    assert driver.switch_to.active_element == button
    style = driver.execute_script('return getComputedStyle(arguments[0]).outlineStyle', button)
    assert style == 'solid'
    button.send_keys(Keys.ENTER)
    become(driver, lambda: head(driver, 'count_max').get_attribute('aria-sort'), 'ascending')
    first = column(driver, 'count_max')
    turn = driver.find_element(By.CSS_SELECTOR, '#grades .dt-paging button.next')
    turn.send_keys(Keys.ENTER)
    become(driver, lambda: 'Showing 51 to 100' in told(driver), True)
    assert float(column(driver, 'count_max')[0]) >= float(first[-1])


def test_print_has_every_row(driver):
    driver.execute_script("window.dispatchEvent(new Event('beforeprint'))")
    assert len(column(driver, 'participant_id')) == PEOPLE + 2
    driver.execute_script("window.dispatchEvent(new Event('afterprint'))")
    assert len(column(driver, 'participant_id')) == 50


def test_other_tables_sort_by_themselves(driver):
    changes = '#change table'
    sort(driver, 'Change', 'ascending', changes)
    assert column(driver, 'Change', changes) == ['3.0']
    assert head(driver, 'count_max').get_attribute('aria-sort') is None


@pytest.mark.parametrize('width', [400, 1280])
def test_the_page_is_not_wider_than_the_window(open_page, group_page, width, violations):
    driver = open_page(group_page, width=width)
    wide = driver.execute_script('return document.documentElement.scrollWidth - innerWidth')
    assert wide <= 0
    assert violations(driver) == []
