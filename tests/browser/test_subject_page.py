"""The participant's page in a browser: first screen, layers by keyboard, print."""

import time

import pytest

from pvs_workflow.report.page import write_subject_page
from tests.builders.browser import emulate

pytestmark = pytest.mark.slow

SCREEN_HEIGHT = 900  # CSS pixels


@pytest.fixture
def page(tmp_path, save_results):
    save_results(tmp_path, qc='review', reasons=('it is dark', 'it is small'))
    return write_subject_page(tmp_path, '01')


def opacities(driver, figure, number=0):
    """Return the opacity of each layer of a figure; 0 if hidden."""
    return driver.execute_script(
        'const stack = document.querySelectorAll(arguments[0] + " .stack")[arguments[1]];'
        'return [...stack.children].map(layer => { const style = getComputedStyle(layer);'
        'return style.visibility == "visible" ? Number(style.opacity) : 0 })',
        figure,
        number,
    )


def choose(driver, figure, label):
    labels = driver.find_elements('css selector', f'{figure} .layers > label')
    next(item for item in labels if item.get_property('textContent').startswith(label)).click()


@pytest.mark.parametrize('sessions', [1, 2])
def test_the_first_screen_has_the_main_results(open_page, tmp_path, save_results, sessions):
    for session in 'ab'[:sessions]:
        save_results(tmp_path, session=session, qc='review', reasons=('it is dark', 'too small'))
    driver = open_page(write_subject_page(tmp_path, '01'))
    selectors = ('.answer', '.verdict .interval', '.verdict .qc', '.verdict .box', '.verdict img')
    for selector in selectors:
        box = driver.find_element('css selector', selector).rect
        assert box['y'] > 0 and box['y'] + box['height'] <= SCREEN_HEIGHT, selector
    answer = driver.find_element('css selector', '.verdict').text
    for words in (
        'grade 3 (21–40)',
        'review',
        '21.6 (10.8–43.2)',
        '12.3 (6.2–24.7)',
        'it is dark',
    ):
        assert words in answer


def test_the_three_layers_are_side_by_side(open_page, page):
    driver = open_page(page)
    assert opacities(driver, '.figure-cascade') == [1, 1, 1]
    boxes = [
        picture.rect for picture in driver.find_elements('css selector', '.panel:first-child img')
    ]
    assert len({box['y'] for box in boxes}) == 1
    assert boxes[0]['x'] < boxes[1]['x'] < boxes[2]['x']
    assert all(box['width'] > 350 for box in boxes)


def test_stacked_layers_are_aligned_to_the_pixel(open_page, page):
    driver = open_page(page)
    for figure, label in (('.figure-cascade', 'Raw'), ('.figure-t1wreg', 'T2w')):
        choose(driver, figure, label)
        stack = driver.find_element('css selector', f'{figure} .stack')
        boxes = [picture.rect for picture in stack.find_elements('css selector', 'img')]
        assert len(boxes) in (2, 3)
        assert all(box == boxes[0] for box in boxes)


@pytest.mark.parametrize(
    ('label', 'expected'),
    [
        ('Raw', [1, 0, 0]),
        ('¼', [1, 0.25, 0]),
        ('½', [1, 0.5, 0]),
        ('¾', [1, 0.75, 0]),
        ('Enhanced', [0, 1, 0]),
        ('Outlined', [0, 0, 1]),
        ('Side by side', [1, 1, 1]),
    ],
)
def test_a_choice_applies_to_all_six_images(open_page, page, label, expected):
    driver = open_page(page)
    choose(driver, '.figure-cascade', label)
    assert [opacities(driver, '.figure-cascade', n) for n in range(6)] == [expected] * 6


def test_arrow_keys_blend_the_two_layers(open_page, page):
    from selenium.webdriver import ActionChains, Keys

    driver = open_page(page)
    figure = '.figure-t1wreg'
    driver.execute_script('document.querySelector(arguments[0] + " input").focus()', figure)
    states = [opacities(driver, figure)]
    for _ in range(4):
        ActionChains(driver).send_keys(Keys.ARROW_RIGHT).perform()
        states.append(opacities(driver, figure))
    assert states == [[1, 0], [1, 0.25], [1, 0.5], [1, 0.75], [0, 1]]
    ActionChains(driver).send_keys(Keys.ARROW_LEFT).perform()
    assert opacities(driver, figure) == [1, 0.75]
    # The focus is visible.
    focused = driver.find_element('css selector', f'{figure} input:checked + label')
    assert focused.value_of_css_property('outline-style') == 'solid'


@pytest.mark.parametrize('figure', ['.figure-cascade', '.figure-t1wreg'])
def test_flicker_alternates_the_layers(open_page, page, figure):
    driver = open_page(page)
    choose(driver, figure, 'Flicker')
    states, deadline = set(), time.monotonic() + 10
    while len(states) < 2 and time.monotonic() < deadline:
        # The second layer is above the first and hides it while visible.
        states.add(opacities(driver, figure)[1])
        time.sleep(0.1)
    assert states == {0, 1}


def test_screen_readers_find_only_the_visible_layer(open_page, page):
    driver = open_page(page)
    choose(driver, '.figure-cascade', 'Outlined')
    tree = driver.execute_cdp_cmd('Accessibility.getFullAXTree', {})['nodes']
    names = [
        node['name']['value'] for node in tree if node.get('role', {}).get('value') == 'image'
    ]
    of_images = [name for name in names if 'hemisphere, slice' in name]
    assert len(of_images) == 6
    assert all('outlined and numbered' in name for name in of_images)
    groups = [
        node['name']['value'] for node in tree if node.get('role', {}).get('value') == 'group'
    ]
    assert 'Raw images, enhanced images and outlined ePVS: show' in groups


def test_print_shows_all_layers_and_no_controls(open_page, page):
    driver = open_page(page)
    choose(driver, '.figure-cascade', 'Raw')
    choose(driver, '.figure-t1wreg', 'Flicker')
    emulate(driver, media='print')
    assert opacities(driver, '.figure-cascade') == [1, 1, 1]
    assert opacities(driver, '.figure-t1wreg') == [1, 1]
    boxes = [
        picture.rect
        for picture in driver.find_elements('css selector', '.figure-t1wreg .stack img')
    ]
    assert boxes[0]['y'] + boxes[0]['height'] <= boxes[1]['y']
    controls = driver.find_elements('css selector', 'nav, .layers > input, .layers > label, .skip')
    assert controls
    assert not any(control.is_displayed() for control in controls)
