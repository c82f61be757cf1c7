"""Tables of the group page in a browser: sorting and searching, with mouse and keyboard."""

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
    """Write the page of a group with different counts; one quality reason is markup."""
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


def header_cell(driver, name, table=TABLE):
    cells = driver.find_elements(By.CSS_SELECTOR, f'{table} thead th')
    return next(cell for cell in cells if cell.get_attribute('textContent').strip() == name)


def column(driver, name, table=TABLE):
    """Return the text of the cells of a column, from top to bottom."""
    names = [
        cell.get_attribute('textContent').strip()
        for cell in driver.find_elements(By.CSS_SELECTOR, f'{table} thead th')
    ]
    number = names.index(name) + 1
    cells = driver.find_elements(By.CSS_SELECTOR, f'{table} tbody tr > :nth-child({number})')
    return [cell.get_attribute('textContent').strip() for cell in cells]


def wait_for(driver, check, value):
    """Wait until a check returns a value, because the table is updated asynchronously."""
    Wait(driver, 20).until(lambda _: check() == value, message=f'{check()!r} is not {value!r}')


def sort(driver, name, order, table=TABLE):
    """Click on a heading and wait for its sort order."""
    cell = header_cell(driver, name, table)
    cell.click()
    wait_for(driver, lambda: cell.get_attribute('aria-sort'), order)


def show_all(driver):
    driver.find_element(By.CSS_SELECTOR, '#grades .dt-length option[value="-1"]').click()
    wait_for(driver, lambda: len(column(driver, 'potter')), PEOPLE + 2)


def info(driver):
    return driver.find_element(By.CSS_SELECTOR, '#grades .dt-info').text


def test_the_page_has_no_errors_and_loads_no_resources(driver, violations):
    assert driver.get_log('browser') == []
    assert driver.execute_script("return performance.getEntriesByType('resource').length") == 0
    assert driver.title.startswith('Group')
    assert violations(driver) == []


def test_numbers_sort_as_numbers_and_labels_as_labels(driver, group_page):
    table = pd.read_csv(group_page.with_name('group_potter.tsv'), sep='\t')
    show_all(driver)
    sort(driver, 'count_max', 'ascending')
    counts = [float(text) for text in column(driver, 'count_max')]
    assert counts == pytest.approx(sorted(table['count_max']), abs=0.006)
    sort(driver, 'count_max', 'descending')
    assert [float(text) for text in column(driver, 'count_max')] == counts[::-1]
    sort(driver, 'participant_id', 'ascending')
    labels = column(driver, 'participant_id')
    assert labels[:3] == ['sub-1', 'sub-2', 'sub-3']
    assert labels[-3:] == ['sub-120', 'sub-500', 'sub-500']


def test_missing_values_are_last_in_both_sort_orders(driver):
    show_all(driver)
    for order in ('ascending', 'descending'):
        sort(driver, 'session_id', order)
        sessions = column(driver, 'session_id')
        assert set(sessions[:2]) == {'ses-1', 'ses-2'}
        assert set(sessions[2:]) == {'n/a'}


def test_search_filters_rows_and_reports_their_number(driver):
    field = driver.find_element(By.CSS_SELECTOR, '#grades input[type=search]')
    label = driver.find_element(By.CSS_SELECTOR, f'label[for="{field.get_attribute("id")}"]')
    assert label.text == 'Search in all grades'
    field.send_keys('sub-11')
    wait_for(driver, lambda: 'of 11 entries' in info(driver), True)
    assert set(column(driver, 'participant_id')) == {'sub-11', *(f'sub-11{n}' for n in range(10))}
    field.send_keys('xyz')
    wait_for(driver, lambda: 'of 0 entries' in info(driver), True)


def test_choices_filter_by_grade_and_quality(driver):
    quality = driver.find_element(By.CSS_SELECTOR, '#grades select[aria-label$="Quality"]')
    quality.find_element(By.CSS_SELECTOR, 'option[value=review]').click()
    wait_for(driver, lambda: column(driver, 'participant_id'), ['sub-7'])
    quality.find_element(By.CSS_SELECTOR, 'option').click()
    show_all(driver)
    grades = driver.find_element(By.CSS_SELECTOR, '#grades select[aria-label$="Grade"]')
    grades.find_element(By.CSS_SELECTOR, 'option[value="3"]').click()
    wait_for(driver, lambda: set(column(driver, 'potter')), {'3'})
    assert 'filtered from 122' in info(driver)


def test_hostile_text_stays_text_after_sorting_and_search(driver):
    driver.find_element(By.CSS_SELECTOR, '#grades input[type=search]').send_keys('onerror')
    wait_for(driver, lambda: column(driver, 'qc_reasons'), [HOSTILE])
    sort(driver, 'qc_reasons', 'ascending')
    assert column(driver, 'qc_reasons') == [HOSTILE]
    assert not driver.find_elements(By.CSS_SELECTOR, 'td img')
    assert driver.title.startswith('Group')


def test_the_keyboard_can_sort_and_turn_pages(driver):
    assert len(column(driver, 'participant_id')) == 50
    button = header_cell(driver, 'count_max').find_element(By.CSS_SELECTOR, '[role=button]')
    driver.execute_script('arguments[0].focus()', button)
    assert driver.switch_to.active_element == button
    style = driver.execute_script('return getComputedStyle(arguments[0]).outlineStyle', button)
    assert style == 'solid'
    button.send_keys(Keys.ENTER)
    cell = header_cell(driver, 'count_max')
    wait_for(driver, lambda: cell.get_attribute('aria-sort'), 'ascending')
    first_page = column(driver, 'count_max')
    next_page = driver.find_element(By.CSS_SELECTOR, '#grades .dt-paging button.next')
    next_page.send_keys(Keys.ENTER)
    wait_for(driver, lambda: 'Showing 51 to 100' in info(driver), True)
    assert float(column(driver, 'count_max')[0]) >= float(first_page[-1])


def test_the_printed_table_has_every_row(driver):
    driver.execute_script("window.dispatchEvent(new Event('beforeprint'))")
    assert len(column(driver, 'participant_id')) == PEOPLE + 2
    driver.execute_script("window.dispatchEvent(new Event('afterprint'))")
    assert len(column(driver, 'participant_id')) == 50


def test_tables_are_sorted_independently(driver):
    changes = '#change table'
    sort(driver, 'Change', 'ascending', changes)
    assert column(driver, 'Change', changes) == ['3.0']
    assert header_cell(driver, 'count_max').get_attribute('aria-sort') is None


@pytest.mark.parametrize('width', [400, 1280])
def test_the_page_is_not_wider_than_the_window(open_page, group_page, width, violations):
    driver = open_page(group_page, width=width)
    excess = driver.execute_script('return document.documentElement.scrollWidth - innerWidth')
    assert excess <= 0
    assert violations(driver) == []
