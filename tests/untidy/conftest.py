"""Results of the example, for comparison."""

import pytest

from tests.builders.example import example_results


@pytest.fixture(scope='session')
def example(tmp_path_factory):
    """Return the output folder of a run on the example."""
    return example_results(tmp_path_factory)
