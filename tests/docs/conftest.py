"""The website of the documentation: built once, or read from the folder ``PVS_DOCS``."""

import os
from pathlib import Path

import pytest

from tests.builders.docs import DOCS, ROOT, Page, sphinx


@pytest.fixture(scope='session')
def site(tmp_path_factory) -> Path:
    """Return the folder of the website."""
    if 'PVS_DOCS' in os.environ:
        return (ROOT / os.environ['PVS_DOCS']).resolve()
    out = tmp_path_factory.mktemp('docs')
    process = sphinx(DOCS, out)
    assert process.returncode == 0, process.stderr
    assert process.stderr == ''
    return (out / 'html').resolve()


@pytest.fixture(scope='session')
def pages(site) -> dict[Path, Page]:
    """Return all pages by path."""
    return {path: Page(path) for path in sorted(site.rglob('*.html'))}
