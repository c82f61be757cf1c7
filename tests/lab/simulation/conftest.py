"""Fixtures: a simulated participant, a label map and a realistic scan."""

import numpy as np
import pytest

from pvs_workflow.lab.simulation.backgrounds import prepare_background
from pvs_workflow.lab.simulation.cohort import simulate_participant
from pvs_workflow.lab.simulation.template import load_template
from tests.builders.anatomies import scan, write_label_map


@pytest.fixture(scope='session')
def template():
    return load_template()


@pytest.fixture(scope='session')
def simulated(template):
    """Return a participant with the paper's T2w only."""
    return simulate_participant(3, 2, 'paper', ('T2w',))


@pytest.fixture(scope='session')
def label_map(tmp_path_factory):
    """Write a label map of the template's anatomy in another pose."""
    return write_label_map(tmp_path_factory.mktemp('maps') / 'person.nii.gz')


@pytest.fixture(scope='session')
def background():
    t2w, structures, affine = scan()
    return prepare_background('01', '', t2w * 3, structures, affine)


@pytest.fixture
def rng():
    return np.random.default_rng(20)
