import numpy as np
import pytest

from pvs_workflow.science.instances import Instances, drop_unplaced
from tests.builders.instances import instances_of, masks


def test_instances_are_numbered_across_images():
    instances = instances_of(masks(), [9.0] * 6)
    assert instances.numbers == [0, 1, 2, 3, 4, 5]
    assert np.array_equal(np.unique(instances.labels), np.arange(16))
    assert instances.image_indices().tolist() == [1] + [2] * 2 + [3] * 3 + [4] * 4 + [5] * 5


@pytest.mark.parametrize('counts', [[0.4, 0.5, 1.6, 2.4, 10, 3.49], [0] * 6, [50.0] * 6])
def test_the_number_of_instances_is_limited_by_count_and_evidence(counts):
    instances = instances_of(masks(), counts)
    rounded = np.floor(np.array(counts) + 0.5).astype(int)
    assert instances.numbers == np.minimum(rounded, range(6)).tolist()
    assert instances.strengths.size == sum(instances.numbers)


def test_instances_do_not_depend_on_the_other_images():
    mask, counts = masks(), np.array([1, 1, 1, 2, 3, 4.0])
    expected = instances_of(mask, counts)
    order = np.random.default_rng(1).permutation(6)
    shuffled = instances_of(mask[order], counts[order])
    for index, other in zip(order, shuffled.labels, strict=True):
        assert np.array_equal(other > 0, expected.labels[index] > 0)
        first, second = (
            labels.max() - np.unique(labels).size for labels in (other, expected.labels[index])
        )
        shift = np.where(other > 0, other - first, 0)
        assert np.array_equal(
            shift, np.where(other > 0, expected.labels[index].astype(int) - second, 0)
        )


def test_instances_without_a_voxel_are_dropped():
    instances = Instances(np.array([[[1, 0, 2], [3, 3, 0]]]), np.array([0.9, 0.8, 0.7]))
    placed, volume = drop_unplaced(instances, np.array([[[1, 3, 0]]]))
    assert volume.tolist() == [[[1, 2, 0]]]
    assert placed.labels.tolist() == [[[1, 0, 0], [2, 2, 0]]]
    assert placed.strengths.tolist() == [0.9, 0.7]
    assert placed.numbers == [2]


def test_inputs_are_not_modified():
    labels, volume = np.array([[[1, 0, 2]]]), np.array([[[1, 0, 0]]])
    instances = Instances(labels.copy(), np.array([0.9, 0.8]))
    before = volume.copy()
    drop_unplaced(instances, volume)
    assert np.array_equal(instances.labels, labels)
    assert np.array_equal(volume, before)
