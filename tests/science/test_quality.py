import numpy as np
import pytest

from pvs_workflow.science.quality import judge, roi_areas, roi_volumes

GOOD = {'L': 17.0, 'R': 18.0}


def rois(pixels=2000):
    out = np.zeros((6, 80 * 96), bool)
    out[:, :pixels] = True
    return out.reshape(6, 80, 96)


def test_a_good_scan_passes():
    quality = judge(rois(), GOOD, [14, 15, 16], 28, 0.9)
    assert quality.overall == 'pass'
    assert quality.images == ('pass',) * 6
    assert quality.reasons == ()


@pytest.mark.parametrize(
    ('change', 'level', 'reason'),
    [
        ({'volumes': {'L': 4.0, 'R': 4.2}}, 'review', 'implausible ROI volume on the left'),
        ({'volumes': {'L': 12.0, 'R': 19.0}}, 'review', 'left and right ROI differ in volume'),
        ({'chosen': [25, 26, 27]}, 'review', 'reach the edge of the field of view'),
        ({'chosen': [0, 1, 2]}, 'review', 'reach the edge of the field of view'),
        ({'correlation': 0.35}, 'review', 'the template fits poorly'),
        ({'correlation': 0.1}, 'fail', 'the template does not fit'),
        ({'rois': rois(300)}, 'review', 'little of the basal ganglia'),
        ({'agreements': [0.9, 0.75]}, 'review', 'T1w or FLAIR shows the basal ganglia elsewhere'),
        ({'handedness': [1.2, 0.9]}, 'review', 'fits the T2w better with left and right swapped'),
        ({'familiar': [True] * 5 + [False]}, 'review', 'an image unlike those the cascade was'),
    ],
)
def test_doubts_are_named(change, level, reason):
    arguments = {
        'rois': rois(),
        'volumes': GOOD,
        'chosen': [14, 15, 16],
        'n_slices': 28,
        'correlation': 0.9,
    } | change
    quality = judge(**arguments)
    assert quality.overall == level
    assert any(reason in text for text in quality.reasons)
    assert (level == 'fail') == (quality.images == ('fail',) * 6)


def test_areas_and_volumes_are_physical():
    assert np.allclose(roi_areas(rois(2000)), 2000 * 45.8 / 80 * 55.0 / 96)
    roi = np.zeros((10, 10, 10), np.uint8)
    roi[:5] = 1
    roi[5:7] = 2
    assert roi_volumes(roi, np.diag([2, 2, 5, 1])) == pytest.approx({'L': 10.0, 'R': 4.0})


def test_only_the_unfamiliar_image_is_for_review():
    familiar = [True, False, True, True, True, True]
    quality = judge(rois(), GOOD, [14, 15, 16], 28, 0.9, familiar)
    assert quality.images == ('pass', 'review', 'pass', 'pass', 'pass', 'pass')
    assert quality.overall == 'review'
    assert quality.reasons == ('an image unlike those the cascade was trained on',)
    assert judge(rois(), GOOD, [14, 15, 16], 28, 0.9, [True] * 6).overall == 'pass'
    failed = judge(rois(), GOOD, [14, 15, 16], 28, 0.1, familiar)
    assert failed.images == ('fail',) * 6
