import numpy as np

from pvs_workflow.science.components import enhancement_target, epvs_evidence, label_instances
from pvs_workflow.science.sampling import find_instances

ROI = np.ones((80, 96), bool)


def test_evidence_of_a_perfect_enhancement_is_the_mask():
    rng = np.random.default_rng(3)
    image = rng.random((80, 96)).astype(np.float32)
    mask = rng.random((80, 96)) > 0.97
    assert np.allclose(epvs_evidence(image, enhancement_target(image, mask)), mask, atol=1e-6)


def test_corners_join_and_gaps_part():
    evidence = np.zeros((80, 96))
    evidence[10, 10] = evidence[11, 11] = 0.9
    evidence[20, 20] = evidence[22, 20] = 0.9
    labels = label_instances(evidence, ROI)
    assert labels.max() == 3
    assert labels[10, 10] == labels[11, 11] == 1
    assert labels[20, 20] != labels[22, 20]


def test_only_patches_that_lie_in_the_roi_count():
    evidence = np.zeros((80, 96))
    evidence[38:42, 10] = 1  # half in
    evidence[39:43, 30] = 1  # one pixel in
    evidence[10, 50] = 0.49  # too weak
    roi = ROI.copy()
    roi[40:] = False
    labels = label_instances(evidence, roi)
    assert labels.max() == 1
    assert (labels[38:42, 10] == 1).all()


def test_instances_are_numbered_through_all_images():
    images = np.zeros((3, 80, 96), np.float32)
    enhanced = np.zeros_like(images)
    enhanced[0, 5, 5] = enhanced[0, 9, 9] = enhanced[2, 7, 7] = 0.5
    labels = find_instances(images, enhanced, np.ones(images.shape, bool))
    assert [np.unique(image[image > 0]).tolist() for image in labels] == [[1, 2], [], [3]]
