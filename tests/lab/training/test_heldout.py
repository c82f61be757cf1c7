from dataclasses import replace

import numpy as np
import pytest

from pvs_workflow.lab.simulation.grids import Grid
from pvs_workflow.lab.training.heldout import person_images, unchanged


def coarser(person, t2w, seeds):
    """Return the person, with a protocol of twice the pixel size and little noise."""
    protocol, grid = t2w
    shape = (grid.shape[0] // 2, grid.shape[1] // 2, grid.shape[2])
    affine = grid.affine @ np.diag([2, 2, 1, 1])
    return person, (replace(protocol, pixel=2 * protocol.pixel, snr=60.0), Grid(shape, affine))


@pytest.mark.slow
def test_the_same_person_is_scanned_twice():
    plain, coarse = person_images(1, 5, 'paper', (), (unchanged, coarser))
    (again,) = person_images(1, 5, 'paper')
    assert len(plain) == len(coarse) == 6
    assert all(np.array_equal(a.plane, b.plane) for a, b in zip(plain, again, strict=True))
    assert {sample.participant for sample in plain} == {'0001'}
    assert coarse[0].plane.size < plain[0].plane.size
