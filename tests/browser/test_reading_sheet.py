"""The reading sheet in a browser: filled in by keyboard, saved as a file for ``--ratings``."""

import time
import zlib

import pandas as pd
import pytest

from pvs_workflow.derivatives.tables import read_table
from pvs_workflow.group import collect_group, collect_sheet
from tests.builders import browser
from tests.builders.results import COUNTS, save_result

pytestmark = pytest.mark.slow


@pytest.fixture
def sheet(tmp_path, request):
    for participant, shift in (('01', 0), ('02', 9)):
        save_result(tmp_path, participant, counts=[c + shift for c in COUNTS], images=True)
    collect_group(tmp_path)
    # Each test needs another seed: the browser stores the ratings of a sheet.
    collect_sheet(tmp_path, zlib.crc32(request.node.name.encode()) // 2)
    return tmp_path / 'reading' / 'reading_sheet.html'


@pytest.mark.parametrize('width', [1280, 400])
def test_the_sheet_has_no_errors_and_is_offline_and_accessible(
    open_page, violations, sheet, width
):
    driver = open_page(sheet, width)
    assert browser.console_messages(driver) == []
    assert browser.requests(driver) == [sheet.as_uri()]
    sizes = driver.execute_script(
        'return [...document.images].map(i => [i.naturalWidth, i.clientWidth, i.clientHeight])'
    )
    assert len(sizes) == 12
    for pixels, image_width, image_height in sizes:
        assert pixels == 80
        assert image_width >= 300 or width < 400
        assert image_height / image_width == pytest.approx(55 / 45.8, rel=0.01)
    content_width = driver.execute_script('return document.documentElement.scrollWidth')
    assert content_width <= width
    assert violations(driver) == []


def fill(driver, code, **values):
    image = driver.find_element('css selector', f'[data-image="{code}"]')
    for name, value in values.items():
        image.find_element('name', name).send_keys(value)


def save(driver, folder, name='reading_ratings.tsv'):
    """Press the button and return the downloaded file."""
    driver.execute_cdp_cmd(
        'Browser.setDownloadBehavior', {'behavior': 'allow', 'downloadPath': str(folder)}
    )
    driver.find_element('id', 'save').click()
    deadline = time.monotonic() + 60
    while not (folder / name).is_file():
        assert time.monotonic() < deadline
        time.sleep(0.1)
    return folder / name


def test_the_saved_file_contains_the_ratings(open_page, sheet, tmp_path):
    out, folder = sheet.parents[1], tmp_path / 'downloads'
    folder.mkdir()
    driver = open_page(sheet)
    codes = read_table(out / 'reading_key.tsv', 'reading_key')['image_id']
    driver.find_element('id', 'rater').send_keys('Anna "A"')
    for index, code in enumerate(codes):
        fill(driver, code, **({'potter': '2'} if index == 3 else {'count': str(index)}))
    fill(driver, codes[0], comments='=1+1 dark "indeed"')
    assert '12 of 12 images rated' in driver.find_element('id', 'state').text
    path = save(driver, folder)
    assert driver.execute_script("return document.getElementById('state').textContent").endswith(
        'saved as reading_ratings.tsv'
    )
    ratings = pd.read_csv(path, sep='\t', keep_default_na=False)
    assert list(ratings['image_id']) == list(codes)
    assert list(ratings['count']) == ['0', '1', '2', 'n/a', *map(str, range(4, 12))]
    assert ratings['potter'][3] == '2'
    assert set(ratings['rater']) == {'Anna "A"'}
    assert 'dark "indeed"' in ratings['comments'][0]
    assert collect_group(out, ratings=[path]).problems == ()
    rows = read_table(out / 'group_agreement.tsv', 'group_agreement')
    assert set(rows['second']) == {'Anna "A"'}
    assert set(rows.loc[rows['level'] == 'image', 'n']) == {11, 12}


def test_ratings_survive_a_reload(open_page, sheet):
    driver = open_page(sheet)
    code = driver.find_element('css selector', '[data-image]').get_attribute('data-image')
    fill(driver, code, count='7', comments='<b>dark</b>')
    # Suppress the warning about unsaved ratings, which would block the test.
    driver.execute_script(
        "window.addEventListener('beforeunload', e => e.stopImmediatePropagation(), true)"
    )
    driver = open_page(sheet)
    image = driver.find_element('css selector', f'[data-image="{code}"]')
    assert image.find_element('name', 'count').get_attribute('value') == '7'
    assert image.find_element('name', 'comments').get_attribute('value') == '<b>dark</b>'
    assert '1 of 12 images rated' in driver.find_element('id', 'state').text


def test_an_invalid_count_is_not_saved(open_page, sheet, tmp_path):
    driver = open_page(sheet)
    code = driver.find_element('css selector', '[data-image]').get_attribute('data-image')
    fill(driver, code, count='-3')
    driver.find_element('id', 'save').click()
    assert 'not a whole number' in driver.find_element('id', 'state').text
    focus = driver.switch_to.active_element
    assert focus.get_attribute('name') == 'count'
    focus.clear()


def test_tab_stops_follow_the_order_of_the_page(open_page, sheet):
    from selenium.webdriver import ActionChains, Keys

    driver = open_page(sheet)
    stops = []
    for _ in range(3 + 3 * 12):
        ActionChains(driver).send_keys(Keys.TAB).perform()
        focus = driver.switch_to.active_element
        stops.append(focus.get_attribute('name') or focus.get_attribute('id') or focus.text)
    assert stops[1:3] == ['rater', 'save']
    assert stops[3:] == ['count', 'potter', 'comments'] * 12
