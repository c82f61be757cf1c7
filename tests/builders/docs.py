"""The documentation website and its pages."""

import os
import subprocess
import sys
from functools import cached_property
from pathlib import Path
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

from bs4 import BeautifulSoup

ROOT = Path(__file__).parents[2]
DOCS = ROOT / 'docs'
# All network requests fail.
OFFLINE = dict.fromkeys(('http_proxy', 'https_proxy', 'ftp_proxy'), 'http://127.0.0.1:9')


def sphinx(source: Path, out: Path, **environment) -> subprocess.CompletedProcess:
    """Build the pages with the options of ``make docs``."""
    options = ['-W', '--keep-going', '-n', '-q', '-E', '-j', '2', '-d', str(out / 'doctrees')]
    return subprocess.run(
        [sys.executable, '-m', 'sphinx', *options, str(source), str(out / 'html')],
        env=os.environ | OFFLINE | environment,
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )


class Link(NamedTuple):
    """A link inside the website."""

    page: Path
    anchor: str


class Page:
    """One page of the website."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.text = path.read_text('utf-8')

    @cached_property
    def soup(self) -> BeautifulSoup:
        return BeautifulSoup(self.text, 'html.parser')

    @cached_property
    def anchors(self) -> set[str]:
        return {tag['id'] for tag in self.soup.find_all(id=True)}

    @cached_property
    def links(self) -> list[Link]:
        links = []
        for tag in self.soup.find_all('a', href=True):
            parts = urlsplit(tag['href'])
            if not parts.scheme and not parts.netloc:
                target = (self.path.parent / unquote(parts.path)) if parts.path else self.path
                links.append(Link(target.resolve(), unquote(parts.fragment)))
        return links

    def code(self, anchor: str = '') -> set[str]:
        """Return the texts marked as code on the page, or in one section."""
        section = self.soup.find(id=anchor) if anchor else self.soup
        return {tag.get_text() for tag in section.find_all('code')}
