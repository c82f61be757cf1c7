"""Fixtures for all tests: datasets of tiny images, signals, a deterministic hypothesis profile."""

import signal
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from pvs_workflow.execution.stopping import EXIT_CODES
from tests.builders import datasets

settings.register_profile(
    'repeatable',
    derandomize=True,
    max_examples=60,
    deadline=None,  # a busy machine must not fail a test
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
settings.load_profile('repeatable')


@pytest.fixture
def make_dataset(tmp_path) -> Callable[..., Path]:
    """Return a function that creates a BIDS dataset with the named images."""

    def make(*names: str, **description) -> Path:
        return datasets.make_dataset(tmp_path / 'bids', names, **description)

    return make


@pytest.fixture
def make_image() -> Callable[..., Path]:
    """Return a function that saves an image of random numbers."""
    return datasets.make_image


@pytest.fixture(autouse=True)
def restore_signals():
    """Restore the signal handlers; processes that inherit ignored signals cannot be ended."""
    before = {signum: signal.getsignal(signum) for signum in EXIT_CODES}
    yield
    for signum, handler in before.items():
        signal.signal(signum, handler)
