import numpy as np
import pytest

from pvs_workflow.lab.simulation.template import (
    FINE,
    PUTAMEN_T2,
    WHITE_T1,
    Channel,
    fine_labels,
    label_centres,
    load_template,
    structure_centres,
)
from pvs_workflow.science.roi import STRUCTURES, structure_values

AFFINE = np.diag([2.0, 2.0, 2.0, 1.0])
AFFINE[:3, 3] = [-10, -20, -30]


def labels():
    out = np.zeros((20, 20, 20), np.uint8)
    out[4:10, 5:12, 6:14] = 12
    out[10:15, 5:12, 6:14] = 51
    return out


def position(affine, index):
    return affine[:3, :3] @ index + affine[:3, 3]


def test_a_channel_returns_its_voxels_and_0_outside(rng):
    channel = Channel(rng.random((5, 6, 7)).astype(np.float32), AFFINE)
    points = np.stack([position(AFFINE, np.array(i)) for i in ((1, 2, 3), (4, 5, 6))], axis=1)
    np.testing.assert_allclose(
        channel.sample(points), [channel.values[1, 2, 3], channel.values[4, 5, 6]], rtol=1e-6
    )
    assert channel.sample(np.full((3, 2), 500.0)).tolist() == [0, 0]


def test_a_channel_interpolates_linearly_or_takes_the_nearest_voxel():
    values = np.zeros((2, 2, 2), np.float32)
    values[1] = 1
    point = np.array([0.3, 0.0, 0.0]).reshape(3, 1)
    assert Channel(values, np.eye(4)).sample(point)[0] == pytest.approx(0.3)
    assert Channel(values, np.eye(4), order=0).sample(point)[0] == 0


def test_label_centres_are_means_of_the_voxels():
    centres = label_centres(labels(), AFFINE, [12, 51, 26])
    assert set(centres) == {12, 51}
    np.testing.assert_allclose(centres[12], position(AFFINE, np.array([6.5, 8.0, 9.5])))


def test_fine_labels_preserve_position_and_size():
    coarse = labels()
    fine = fine_labels(coarse, AFFINE)
    for value in (12, 51):
        voxels = np.argwhere(fine.values == value)
        size = len(voxels) / FINE**3
        assert size == pytest.approx(np.count_nonzero(coarse == value), rel=0.1)
        centre = position(fine.affine, voxels.mean(axis=0))
        expected = label_centres(coarse, AFFINE, [value])[value]
        assert np.abs(centre - expected).max() < 0.3
    inside = np.array([6, 8, 9])
    assert fine.sample(position(AFFINE, inside).reshape(3, 1))[0] == 12


def test_the_template_has_the_documented_units():
    template = load_template()
    centres = structure_centres()
    putamen = np.stack([centres[12], centres[51]], axis=1)
    assert template.t2.sample(putamen) / PUTAMEN_T2 == pytest.approx(1, abs=0.12)
    white = np.array([[-25.0, 25.0], [-20.0, -20.0], [28.0, 28.0]])
    assert template.t1.sample(white) / WHITE_T1 == pytest.approx(1, abs=0.12)
    assert template.brain.sample(putamen) == pytest.approx(1, abs=1e-3)


def test_the_basal_ganglia_lie_between_the_corners():
    template, centres = load_template(), structure_centres()
    for structure in STRUCTURES:
        if structure.in_roi and structure.index in centres:
            centre = centres[structure.index]
            assert (centre > template.corners[0]).all()
            assert (centre < template.corners[1]).all()
            assert (centre[0] < 0) == (structure.hemisphere == 'L')


def test_the_smoothed_ventricles_increase_inwards():
    template = load_template()
    (left,) = structure_values('L', 'caudate')
    caudate = structure_centres()[left].reshape(3, 1)
    inward = caudate + np.array([[6.0], [0.0], [4.0]])  # medial and upwards
    assert template.ventricles.sample(inward) > template.ventricles.sample(caudate)
