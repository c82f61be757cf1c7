import numpy as np
import pytest

from pvs_workflow.science.quality import (
    fluid_contrast,
    roi_areas,
    roi_volumes,
    slice_tilt,
    visible_share,
    volume_reasons,
)


def test_areas_are_in_square_millimetres_and_volumes_in_cubic_centimetres():
    rois = np.zeros((6, 80 * 96), bool)
    rois[:, :2000] = True
    areas = roi_areas(rois.reshape(6, 80, 96))
    assert np.allclose(areas, 2000 * 45.8 / 80 * 55.0 / 96)
    roi = np.zeros((10, 10, 10), np.uint8)
    roi[:5] = 1
    roi[5:7] = 2
    assert roi_volumes(roi, np.diag([2, 2, 5, 1])) == pytest.approx({'L': 10.0, 'R': 4.0})


@pytest.mark.parametrize(
    ('left', 'right', 'reasons'),
    [
        (17.0, 18.0, []),
        (4.0, 4.2, ['implausible ROI volume on the left', 'implausible ROI volume on the right']),
        (12.0, 19.0, ['left and right ROI differ in volume']),
    ],
)
def test_implausible_volumes_are_named(left, right, reasons):
    assert volume_reasons({'L': left, 'R': right}) == reasons


def test_points_up_to_the_outer_faces_of_voxels_are_visible():
    points = np.array([[-1.0, 5, 5], [-0.9, 5, 5], [19.0, 5, 5], [19.1, 5, 5], [5, 5, -3]])
    assert visible_share(points, np.diag([0.5, 0.5, 0.2, 1]), (10, 10, 10)) == 0.6


@pytest.mark.parametrize('angle', [0, 20, 70, 90])
def test_the_tilt_of_slices_is_that_of_their_plane(angle):
    cosine, sine = np.cos(np.radians(angle)), np.sin(np.radians(angle))
    affine = np.eye(4)
    affine[1:3, 1:3] = [[0.5 * cosine, -4 * sine], [0.5 * sine, 4 * cosine]]
    assert slice_tilt(affine) == pytest.approx(angle, abs=1e-5)
    sheared = affine @ np.array([[1, 0, 0.1, 0], [0, 1, 0.2, 0], [0, 0, 1, 0], [0, 0, 0, 1.0]])
    assert slice_tilt(sheared) == pytest.approx(angle, abs=1e-5)


def test_the_ratio_compares_fluid_with_deep_grey_matter():
    structures = np.repeat([0, 4, 43, 10, 12, 51, 11], 30).reshape(7, 5, 6)
    t2w = np.repeat([500.0, 240, 240, 80, 80, 80, 9], 30).reshape(7, 5, 6)
    assert fluid_contrast(t2w, structures) == 3
    assert fluid_contrast(7 * t2w, structures) == 3


@pytest.mark.parametrize('values', [(4, 4), (10, 12), (0, 0)])
def test_the_ratio_of_too_few_voxels_is_unknown(values):
    structures = np.repeat(values, 30).reshape(2, 5, 6)
    assert np.isnan(fluid_contrast(np.ones(structures.shape), structures))
