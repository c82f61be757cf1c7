"""Pages of a run on the example data, in a browser."""

import pytest

from tests.builders.browser import console_messages, requests

pytestmark = pytest.mark.slow


@pytest.mark.parametrize('name', ['sub-01.html', 'sub-02.html', 'group_potter.html'])
def test_pages_of_a_run_have_no_errors_and_are_accessible(open_page, violations, example, name):
    for width in (400, 1280):
        driver = open_page(example / name, width=width)
        assert console_messages(driver) == []
        assert requests(driver) == [(example / name).as_uri()]
        pictures = driver.execute_script(
            'return [...document.images].map(image => image.naturalWidth)'
        )
        assert pictures
        assert min(pictures) > 50
        assert driver.execute_script('return document.documentElement.scrollWidth') <= width
        assert violations(driver) == []
