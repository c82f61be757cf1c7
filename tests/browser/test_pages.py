"""Participant and group pages in a browser: no errors, complete, offline, narrow, accessible."""

import pandas as pd
import pytest

from pvs_workflow.derivatives.tables import read_table
from pvs_workflow.group import collect_group
from pvs_workflow.report.group_page import write_group_page
from pvs_workflow.report.page import write_subject_page
from pvs_workflow.report.provenance import RunRecord, save_run
from pvs_workflow.report.rendering import visible_text
from tests.builders.browser import console_messages, emulate, requests

pytestmark = pytest.mark.slow

HOSTILE = '<script>document.title="harm"</script><img src=x onerror="document.title=\'harm\'">'
ODD = '‮gnp.exe 𝔘𝔫𝔦 éé 👩‍👧 \u200b﷽'
LONG = 'x' * 300


@pytest.fixture
def subject_page(tmp_path, save_results):
    for session in 'ab':
        stem = save_results(tmp_path, session=session, qc='review', reasons=('it is dark',))
        save_run(tmp_path, '01', RunRecord({'seed': 1, 'run': session}, {stem: 'it failed'}))
    return write_subject_page(tmp_path, '01')


@pytest.fixture
def group_page(tmp_path, save_results):
    for label, qc in (('01', 'pass'), ('02', 'review'), ('03', 'fail')):
        reasons = () if qc == 'pass' else ('it is dark',)
        save_results(tmp_path, participant=label, pictures=False, qc=qc, reasons=reasons)
        write_subject_page(tmp_path, label)
    collect_group(tmp_path)
    return tmp_path / 'group_potter.html'


@pytest.fixture(params=['subject', 'group'])
def page(request):
    return request.getfixturevalue(f'{request.param}_page')


def test_the_page_has_no_errors_and_sends_no_requests(open_page, page):
    driver = open_page(page)
    driver.execute_script('window.scrollTo(0, document.body.scrollHeight)')
    assert console_messages(driver) == []
    assert requests(driver) == [page.as_uri()]


def test_the_page_blocks_requests_of_injected_elements(open_page, page):
    """The browser must enforce the content security policy."""
    driver = open_page(page)
    blocked = driver.execute_async_script(
        'const done = arguments[arguments.length - 1], blocked = [];'
        "document.addEventListener('securitypolicyviolation', event => {"
        '  blocked.push(event.effectiveDirective); if (blocked.length == 3) done(blocked.sort());'
        '});'
        "const image = document.createElement('img'); image.src = 'http://127.0.0.1:9/x.png';"
        'document.body.append(image);'
        "const sheet = document.createElement('link'); sheet.rel = 'stylesheet';"
        "sheet.href = 'http://127.0.0.1:9/x.css'; document.head.append(sheet);"
        "const script = document.createElement('script'); script.textContent = 'harm = 1';"
        'document.body.append(script);'
    )
    assert blocked == ['img-src', 'script-src-elem', 'style-src-elem']
    assert driver.execute_script('return typeof harm') == 'undefined'
    assert len(console_messages(driver)) >= 3


def test_all_pictures_load_and_have_alternative_texts(open_page, page):
    driver = open_page(page)
    sizes = driver.execute_script(
        'return [...document.images].map(image => [image.naturalWidth, image.alt.length])'
    )
    assert sizes
    assert all(width > 50 and length > 10 for width, length in sizes)


@pytest.mark.parametrize('width', [400, 1280])
def test_the_page_is_not_wider_than_the_window(open_page, page, width):
    driver = open_page(page, width=width)
    assert driver.execute_script('return window.innerWidth') == width
    content_width = driver.execute_script('return document.documentElement.scrollWidth')
    assert content_width <= width


@pytest.mark.parametrize('scheme', ['light', 'dark'])
@pytest.mark.parametrize('width', [400, 1280])
def test_the_page_has_no_serious_accessibility_violation(
    open_page, page, violations, scheme, width
):
    driver = open_page(page, width=width)
    emulate(driver, scheme=scheme)
    assert violations(driver) == []


def test_the_accessibility_check_can_fail(open_page, page, violations):
    driver = open_page(page)
    driver.execute_script("document.images[0].removeAttribute('alt')")
    assert [violation['id'] for violation in violations(driver)] == ['image-alt']


def test_the_dark_colour_scheme_is_dark(open_page, page):
    driver = open_page(page)
    colour = 'return getComputedStyle(document.body).backgroundColor'
    assert driver.execute_script(colour) == 'rgb(255, 255, 255)'
    emulate(driver, scheme='dark')
    assert driver.execute_script(colour) == 'rgb(21, 24, 28)'
    emulate(driver, media='print', scheme='dark')
    assert driver.execute_script(colour) == 'rgb(255, 255, 255)'


def test_the_first_tab_stop_skips_to_the_results(open_page, page):
    driver = open_page(page)
    assert press_tab(driver, 1) == ['Skip to the results']
    assert driver.switch_to.active_element.rect['x'] >= 0
    driver.switch_to.active_element.send_keys('\ue007')  # Enter
    assert driver.switch_to.active_element.get_attribute('id') == 'main'


def test_tab_stops_follow_the_order_of_the_page(open_page, page):
    driver = open_page(page)
    links = driver.execute_script(
        "return [...document.querySelectorAll('nav a')].map(link => link.textContent)"
    )
    assert press_tab(driver, 1 + len(links))[1:] == links
    tops = []
    while press_tab(driver, 1) != ['Skip to the results'] and len(tops) < 40:
        active = driver.switch_to.active_element
        if active.tag_name == 'body':
            break
        tops.append(active.rect['y'])
    assert len(tops) > 2
    assert tops == sorted(tops)


def press_tab(driver, times):
    """Press the tab key several times; return the text of each focused element."""
    from selenium.webdriver import ActionChains, Keys

    texts = []
    for _ in range(times):
        ActionChains(driver).send_keys(Keys.TAB).perform()
        texts.append(driver.switch_to.active_element.get_property('textContent'))
    return texts


@pytest.mark.parametrize('text', [HOSTILE, ODD, LONG], ids=['markup', 'odd', 'long'])
@pytest.mark.parametrize('width', [400, 1280])
def test_hostile_text_is_shown_as_text(open_page, tmp_path, save_results, text, width):
    stem = save_results(tmp_path, qc='review', reasons=(text,))
    facts = {text: text, 'model': {'name': text}, 'command': text, 'versions': {'nipype': text}}
    save_run(tmp_path, '01', RunRecord(facts, {stem: text}, (text,)))
    grades = read_table(tmp_path / f'sub-01/anat/{stem}_desc-potter_grade.tsv', 'potter_grade')
    counts = read_table(tmp_path / f'sub-01/anat/{stem}_desc-epvs_counts.tsv', 'epvs_counts')
    for name in ('participant_id', 'session_id', 't2w', 'qc_reasons', 'model'):
        grades[name] = text
    grades['selected'] = 'true'
    counts = pd.concat({text: counts}, names=['participant_id']).reset_index(level=0)
    pages = [
        write_subject_page(tmp_path, '01'),
        write_group_page(tmp_path, grades, counts),
    ]
    for page in pages:
        driver = open_page(page, width=width)
        assert console_messages(driver) == []
        assert requests(driver) == [page.as_uri()]
        assert 'harm' not in driver.title
        body = driver.execute_script('return document.body.textContent')
        visible = visible_text(text)
        assert body.replace(text, visible).count(visible) >= 3
        assert driver.execute_script('return document.documentElement.scrollWidth') <= width
        harmful = driver.find_elements('css selector', 'img[src="x"], img[onerror]')
        harmful += [
            script
            for script in driver.find_elements('css selector', 'script')
            if 'harm' in script.get_property('textContent')
        ]
        assert harmful == []
