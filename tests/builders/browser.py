"""Console messages, requests and accessibility of an open page.

``axe.min.js.gz`` is axe-core (npm package ``axe-core``), under the Mozilla Public License 2.0 in
``axe.LICENSE``; ``axe.LICENSE-3RD-PARTY.txt`` has the licences of its dependencies.
"""

import gzip
import json
from pathlib import Path

AXE = Path(__file__).parents[1] / 'browser' / 'axe.min.js.gz'


def emulate(driver, media: str = 'screen', scheme: str = 'light') -> None:
    """Set the media type and colour scheme of the page."""
    scheme = {'name': 'prefers-color-scheme', 'value': scheme}
    driver.execute_cdp_cmd('Emulation.setEmulatedMedia', {'media': media, 'features': [scheme]})


def console_messages(driver) -> list[str]:
    """Return the errors and warnings in the console since the page was opened."""
    levels = ('SEVERE', 'WARNING')
    return [entry['message'] for entry in driver.get_log('browser') if entry['level'] in levels]


def requests(driver) -> list[str]:
    """Return the URLs requested since the page was opened, without data URLs."""
    events = [json.loads(entry['message'])['message'] for entry in driver.get_log('performance')]
    urls = [
        event['params']['request']['url']
        for event in events
        if event['method'] == 'Network.requestWillBeSent'
    ]
    return [url for url in urls if not url.startswith('data:')]


def violations(driver) -> list[dict]:
    """Return the serious and critical violations reported by axe-core for the open page.

    Returns
    -------
    list of dict
        ``id`` of the rule, ``help`` and the ``elements``.

    """
    driver.execute_script(gzip.decompress(AXE.read_bytes()).decode('utf-8'))
    rules = driver.execute_async_script(
        'const done = arguments[arguments.length - 1];'
        "axe.run(document, {resultTypes: ['violations']})"
        '.then(result => done(result.violations), error => done(String(error)));'
    )
    assert isinstance(rules, list), rules
    return [
        {
            'id': rule['id'],
            'help': rule['help'],
            'elements': [node['html'][:200] for node in rule['nodes']],
        }
        for rule in rules
        if rule['impact'] in ('serious', 'critical')
    ]
