"""Pages in a real browser: Debian's chromium without a window, steered by its driver.

``axe.min.js.gz`` is axe-core (npm package ``axe-core``), under the Mozilla Public License 2.0 in
``axe.LICENSE``; ``axe.LICENSE-3RD-PARTY.txt`` is of what it holds.
"""

import gzip
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.report.conftest import drawings, save_results  # noqa: F401  (fixtures)

AXE = Path(__file__).with_name('axe.min.js.gz')
FLAGS = (
    '--headless',
    '--no-sandbox',  # root, as in containers
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
    """Start one browser for all tests; skip them where it is not installed."""
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
    started = webdriver.Chrome(options=options, service=service)
    yield started
    started.quit()


@pytest.fixture
def open_page(browser) -> Callable:
    """Open a page of a file at a width in CSS pixels; logs hold what it did since."""

    def open_it(path: Path, width: int = 1280, height: int = 900):
        browser.get('about:blank')
        emulate(browser)
        browser.execute_cdp_cmd(
            'Emulation.setDeviceMetricsOverride',
            {'width': width, 'height': height, 'deviceScaleFactor': 1, 'mobile': False},
        )
        for name in ('browser', 'performance'):
            browser.get_log(name)
        browser.get(Path(path).absolute().as_uri())
        return browser

    return open_it


def emulate(driver, media: str = 'screen', scheme: str = 'light') -> None:
    """Show the page as on a screen or in print, light or dark."""
    scheme = {'name': 'prefers-color-scheme', 'value': scheme}
    driver.execute_cdp_cmd('Emulation.setEmulatedMedia', {'media': media, 'features': [scheme]})


def complaints(driver) -> list[str]:
    """Return what the console has of errors and warnings since the page was opened."""
    levels = ('SEVERE', 'WARNING')
    return [entry['message'] for entry in driver.get_log('browser') if entry['level'] in levels]


def requests(driver) -> list[str]:
    """Return the addresses that were asked for since the page was opened, but for data in it."""
    events = [json.loads(entry['message'])['message'] for entry in driver.get_log('performance')]
    asked = [
        event['params']['request']['url']
        for event in events
        if event['method'] == 'Network.requestWillBeSent'
    ]
    return [url for url in asked if not url.startswith('data:')]


def violations(driver) -> list[dict]:
    """Return the serious and critical violations that axe-core finds on the open page.

    Returns
    -------
    list of dict
        ``id`` of the rule, ``help`` and the ``elements``.

    """
    driver.execute_script(gzip.decompress(AXE.read_bytes()).decode('utf-8'))
    found = driver.execute_async_script(
        'const done = arguments[arguments.length - 1];'
        "axe.run(document, {resultTypes: ['violations']})"
        '.then(result => done(result.violations), error => done(String(error)));'
    )
    assert isinstance(found, list), found
    return [
        {
            'id': rule['id'],
            'help': rule['help'],
            'elements': [node['html'][:200] for node in rule['nodes']],
        }
        for rule in found
        if rule['impact'] in ('serious', 'critical')
    ]


@pytest.fixture(name='violations')
def _violations() -> Callable:
    return violations
