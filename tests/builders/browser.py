"""What tests ask of an open page: its console, its requests, its accessibility.

``axe.min.js.gz`` is axe-core (npm package ``axe-core``), under the Mozilla Public License 2.0 in
``axe.LICENSE``; ``axe.LICENSE-3RD-PARTY.txt`` is of what it holds.
"""

import gzip
import json
from pathlib import Path

AXE = Path(__file__).parents[1] / 'browser' / 'axe.min.js.gz'


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
