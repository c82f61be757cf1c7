import numpy as np
import pytest

from pvs_workflow.science.quality import roi_areas, roi_volumes, volume_reasons


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
