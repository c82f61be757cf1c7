import numpy as np
import pytest

from pvs_workflow.lab.simulation.acquisition import Protocol
from pvs_workflow.lab.simulation.grids import Grid
from pvs_workflow.lab.simulation.rendering import Spot
from pvs_workflow.lab.simulation.scene import Scene

SHAPE = (30, 20, 3)
AFFINE = np.diag([0.6, 0.6, 5.0, 1.0])


@pytest.fixture
def scene():
    """Return tissue of signal 1, with the left putamen in the lower half of x."""
    structures = np.zeros(SHAPE, np.uint8)
    structures[:15], structures[15:] = 12, 51
    volume = np.zeros((5, 5))
    volume[1:4, 1:4] = 0.5
    volume[2, 2] = 1.0
    spots = [Spot(0, 1, (4, 6), volume), Spot(1, 2, (20, 6), 0.05 * volume)]
    protocol = Protocol(0.6, 5.0, snr=20.0, blur=(0.0, 0.0))
    return Scene(
        Grid(SHAPE, AFFINE),
        (3, 4, 2),
        np.ones(SHAPE, np.float32),
        structures,
        spots,
        2.5,
        protocol,
    )


def test_the_signal_is_weighted_by_partial_volumes(scene):
    signal = scene.signal()
    assert signal[6, 8, 1] == pytest.approx(2.5)
    assert signal[5, 7, 1] == pytest.approx(1.75)
    assert signal[6, 8, 0] == 1
    assert np.count_nonzero(signal != 1) == 18


def test_only_bright_spaces_are_labelled(scene):
    visible = scene.visible()
    assert set(np.unique(visible)) == {0, 1}
    assert np.argwhere(visible)[:, 2].tolist() == [1] * np.count_nonzero(visible)
    assert visible[6, 8, 1] == 1


def test_a_lower_perceived_contrast_hides_spaces(scene):
    assert not scene.visible(perception=lambda contrast: 0.1).any()


def test_the_region_in_the_scan_covers_the_slabs(scene):
    assert scene.region(1) == (slice(3, 33), slice(4, 24), slice(2, 5))
    assert scene.region(5)[2] == slice(10, 25)
