import numpy as np

from pvs_workflow.method.find import find
from tests.builders.method import image_counts, six_images, small_head, spots


def find_spots(numbers, counts):
    t2w, located = small_head()
    six = six_images(np.asarray(located.roi.dataobj))
    return t2w, six, find(t2w, six, image_counts(counts, spots(numbers)))


def test_the_number_of_instances_is_limited_by_the_count_and_the_evidence():
    _, _, result = find_spots([2, 2, 3, 1, 0, 6], [0.2, 1.4, 9.0, 3.0, 2.0, 4.6])
    assert result.on_images.numbers == [0, 1, 3, 1, 0, 5]
    assert result.strengths.size == 10


def test_the_volume_has_the_same_labels_in_the_chosen_slices():
    t2w, six, result = find_spots([1, 2, 3, 0, 0, 2], [4.0] * 6)
    volume = np.asarray(result.instances.dataobj)
    assert volume.shape == t2w.image.shape
    assert np.unique(volume[volume > 0]).tolist() == list(range(1, 9))
    for index, view in enumerate(six.views):
        labels = np.unique(result.labels[index][result.labels[index] > 0])
        assert np.isin(labels, volume[:, :, view.slice_index]).all()
    assert np.asarray(result.enhanced.dataobj)[..., [0, -1]].max() == 0


def test_images_without_evidence_have_no_instances():
    _, _, result = find_spots([0] * 6, [9.0] * 6)
    assert result.strengths.size == 0
    assert not np.asarray(result.instances.dataobj).any()
