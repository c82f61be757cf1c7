"""One simulated participant, shared by the tests."""

import numpy as np
import pytest

from pvs_workflow.simulation.cohort import simulate_participant
from pvs_workflow.simulation.template import load_template


@pytest.fixture(scope='session')
def template():
    return load_template()


@pytest.fixture(scope='session')
def simulated(template):
    """A participant with the paper's T2w only."""
    return simulate_participant(3, 2, 'paper', ('T2w',))


@pytest.fixture
def rng():
    return np.random.default_rng(20)
