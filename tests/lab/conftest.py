"""Phantoms as images, samples and datasets, and invented results of a cross-validation."""

from itertools import product

import numpy as np
import pytest

from pvs_workflow.lab.evaluation.results import ImageResult
from pvs_workflow.lab.training.samples import volume_samples
from tests.builders.lab import make_phantom, save_phantom


@pytest.fixture
def phantom():
    return make_phantom(np.random.default_rng(0))


@pytest.fixture(scope='session')
def samples():
    """Return the 36 samples of six phantoms."""
    rng = np.random.default_rng(1)
    out = []
    for index in range(6):
        brain = make_phantom(rng)
        out += volume_samples(f'{index:02d}', brain.t2w, brain.roi, brain.epvs, brain.affine)
    return out


@pytest.fixture(scope='session')
def dataset(tmp_path_factory):
    """Write a BIDS dataset of four phantoms, one of them with a session."""
    root = tmp_path_factory.mktemp('phantoms') / 'cohort'
    rng = np.random.default_rng(2)
    for index in range(4):
        save_phantom(root, f'{index:02d}', make_phantom(rng), session='a' if index == 3 else None)
    (root / 'dataset_description.json').write_text('{"Name": "Phantoms", "BIDSVersion": "1.9.0"}')
    return root


@pytest.fixture
def write_phantom():
    """Return a function that writes a phantom as a BIDS participant."""
    return save_phantom


@pytest.fixture
def make_results():
    """Return a function that invents cross-validation results of one enhancement."""

    def make(method='none', people=6, error=2.0, seed=0):
        rng = np.random.default_rng(seed)
        out = []
        for person, side, rank in product(range(people), 'LR', (1, 2, 3)):
            true = int(rng.integers(0, 45))
            one, two = (max(0.0, true + rng.normal(0, error * factor)) for factor in (1, 2))
            cnr = float(rng.uniform(5, 15)) if true else None
            image = (f'{person:02d}', side, rank, person % 2 + 1)
            out.append(ImageResult(*image, method, true, one, two, cnr, cnr and cnr / 3))
        return out

    return make
