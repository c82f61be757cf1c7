"""Random numbers for the tests of benchmarks."""

import sys
from pathlib import Path

import numpy as np
import pytest

# Benchmarks find the modules beside them; tests have to be told.
sys.path.append(str(Path(__file__).parents[2] / 'benchmarks'))


@pytest.fixture
def rng():
    return np.random.default_rng(5)
