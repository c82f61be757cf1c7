"""Fixtures for all tests: BIDS datasets of tiny images."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.builders import datasets


@pytest.fixture
def make_dataset(tmp_path) -> Callable[..., Path]:
    """Return a function that makes a BIDS dataset of the named images."""

    def make(*names: str, **description) -> Path:
        return datasets.make_dataset(tmp_path / 'bids', names, **description)

    return make


@pytest.fixture
def make_image() -> Callable[..., Path]:
    """Return the function that saves an image of random numbers."""
    return datasets.make_image
