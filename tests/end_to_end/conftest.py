"""Results of the example and of the real scans, for all tests of the installed command."""

import pytest

from tests.builders.example import example_results, real_results


@pytest.fixture(scope='session')
def example(tmp_path_factory):
    """Return the output folder of a run on the example."""
    return example_results(tmp_path_factory)


@pytest.fixture(scope='session')
def real(tmp_path_factory):
    """Return the output folder of a run on the real scans, and the resources used."""
    return real_results(tmp_path_factory)
