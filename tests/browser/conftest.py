"""Fixtures for tests of pages in a real browser: headless Chromium, controlled by its driver."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.builders import browser as builders
from tests.builders.example import example_results
from tests.builders.report import draw_everything
from tests.builders.results import save_result

FLAGS = (
    '--headless',
    '--no-sandbox',  # required for root, as in containers
    '--disable-gpu',
    '--disable-dev-shm-usage',
    '--disable-quic',
    '--no-first-run',
    '--disable-background-networking',
    '--disable-component-update',
    '--disable-sync',
)


@pytest.fixture(scope='session')
def browser(tmp_path_factory):
    """Start one browser for all tests; skip them if it is not installed."""
    chromium, driver = shutil.which('chromium'), shutil.which('chromedriver')
    if not (chromium and driver):
        pytest.skip('chromium and chromium-driver are not installed: scripts/install_browser.sh')
    webdriver = pytest.importorskip('selenium.webdriver')
    options = webdriver.ChromeOptions()
    options.binary_location = chromium
    for flag in (*FLAGS, f'--user-data-dir={tmp_path_factory.mktemp("browser")}'):
        options.add_argument(flag)
    options.set_capability('goog:loggingPrefs', {'browser': 'ALL', 'performance': 'ALL'})
    service = webdriver.ChromeService(executable_path=driver)
    chrome = webdriver.Chrome(options=options, service=service)
    yield chrome
    chrome.quit()


@pytest.fixture
def open_page(browser) -> Callable:
    """Return a function that opens a page at a width in CSS pixels, with empty logs."""

    def open_at(path: Path, width: int = 1280, height: int = 900):
        browser.get('about:blank')
        builders.emulate(browser)
        browser.execute_cdp_cmd(
            'Emulation.setDeviceMetricsOverride',
            {'width': width, 'height': height, 'deviceScaleFactor': 1, 'mobile': False},
        )
        for name in ('browser', 'performance'):
            browser.get_log(name)
        browser.get(Path(path).absolute().as_uri())
        return browser

    return open_at


@pytest.fixture
def violations() -> Callable:
    """Return the function that finds serious and critical violations with axe-core."""
    return builders.violations


@pytest.fixture(scope='session')
def example(tmp_path_factory) -> Path:
    """Return the output folder of a run on the example."""
    return example_results(tmp_path_factory)


@pytest.fixture(scope='session')
def drawings(tmp_path_factory) -> Path:
    """Draw figures once for all tests, because they take seconds."""
    folder = tmp_path_factory.mktemp('drawings')
    draw_everything(folder)
    return folder


@pytest.fixture
def save_results(drawings) -> Callable[..., str]:
    """Return a function that writes the results of a T2w, by default with pictures."""

    def save(folder: Path, *, pictures: bool = True, **kwargs) -> str:
        return save_result(folder, pictures=drawings if pictures else None, **kwargs).name

    return save
