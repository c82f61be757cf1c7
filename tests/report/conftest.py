"""Fixtures for reports, built by tests/builders/report.py."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.builders import report as builders
from tests.builders.phantom import Phantom, make_phantom
from tests.builders.results import save_result


@pytest.fixture
def phantom() -> Phantom:
    return make_phantom()


@pytest.fixture(scope='session')
def drawings(tmp_path_factory) -> Path:
    """Draw figures once for all tests, because they take seconds."""
    folder = tmp_path_factory.mktemp('drawings')
    builders.draw_everything(folder)
    return folder


@pytest.fixture
def save_results(drawings) -> Callable[..., str]:
    """Return a function that writes the results of a T2w, by default with pictures."""

    def save(folder: Path, *, pictures: bool = True, **kwargs) -> str:
        return save_result(folder, pictures=drawings if pictures else None, **kwargs).name

    return save


@pytest.fixture
def read() -> Callable[[Path], builders.Page]:
    return lambda path: builders.Page(path.read_text(encoding='utf-8'))


@pytest.fixture
def read_cells() -> Callable[[str], list[str]]:
    return lambda html: builders.Page(html).cells


@pytest.fixture
def assert_sound() -> Callable[[builders.Page], None]:
    return builders.assert_sound
