"""Scans of another contrast that are named T2w are never passed."""

import nibabel as nb
import numpy as np
import pytest
from nibabel.processing import resample_from_to

from pvs_workflow.science.quality import FLUID_CONTRAST, fluid_contrast
from tests.builders.method import EXAMPLE
from tests.builders.untidy_images import SOURCE, example_t2w, structures

VALUES, _ = example_t2w()


def flair():
    """Return the example's FLAIR on the grid of its T2w; the head did not move much."""
    image = nb.load(EXAMPLE / 'sub-02/anat/sub-02_FLAIR.nii.gz')
    return np.asarray(resample_from_to(image, nb.load(SOURCE), order=1).dataobj)


OTHERS = {
    'first echo of 12 ms': lambda: VALUES**0.12,
    'proton density, flat': lambda: 110 * (VALUES / 113) ** 0.35,
    'echo of 35 ms': lambda: VALUES**0.35,
    'echo of 50 ms': lambda: VALUES**0.5,
    'FLAIR': flair,
    'inverted T2w, as a T1w': lambda: np.where(VALUES > 8, 120 - VALUES, 0),
    'inner offset that was not subtracted': lambda: np.where(VALUES > 0, VALUES + 60, 0),
}
T2W = {
    'as scanned': lambda: VALUES,
    'noise': lambda: VALUES + np.random.default_rng(1).normal(0, 8, VALUES.shape),
    'longer echo': lambda: VALUES**1.4,
    'shading of 2 : 1': lambda: VALUES * np.linspace(0.7, 1.4, VALUES.shape[1])[:, None],
    'clipped above': lambda: np.minimum(VALUES, 95),
}


@pytest.mark.parametrize('name', OTHERS)
def test_other_contrasts_are_below_the_limit(name):
    assert fluid_contrast(OTHERS[name](), structures()) < FLUID_CONTRAST - 0.05


@pytest.mark.parametrize('name', T2W)
def test_t2w_are_above_the_limit(name):
    assert fluid_contrast(T2W[name](), structures()) > FLUID_CONTRAST + 0.2
