import numpy as np
import pytest

from pvs_workflow.science.instances import Instances, drop_unplaced
from tests.builders.instances import found_in, masks


def test_instances_are_numbered_through_all_images():
    found = found_in(masks(), [9.0] * 6)
    assert found.numbers == [0, 1, 2, 3, 4, 5]
    assert np.array_equal(np.unique(found.labels), np.arange(16))
    assert found.owners().tolist() == [1] + [2] * 2 + [3] * 3 + [4] * 4 + [5] * 5


@pytest.mark.parametrize('counts', [[0.4, 0.5, 1.6, 2.4, 10, 3.49], [0] * 6, [50.0] * 6])
def test_instances_are_as_many_as_the_count_if_the_evidence_has_so_many(counts):
    found = found_in(masks(), counts)
    rounded = np.floor(np.array(counts) + 0.5).astype(int)
    assert found.numbers == np.minimum(rounded, range(6)).tolist()
    assert found.strengths.size == sum(found.numbers)


def test_an_image_keeps_its_instances_in_any_company():
    mask, counts = masks(), np.array([1, 1, 1, 2, 3, 4.0])
    expected = found_in(mask, counts)
    order = np.random.default_rng(1).permutation(6)
    shuffled = found_in(mask[order], counts[order])
    for index, other in zip(order, shuffled.labels, strict=True):
        assert np.array_equal(other > 0, expected.labels[index] > 0)
        first, own = (
            labels.max() - np.unique(labels).size for labels in (other, expected.labels[index])
        )
        shift = np.where(other > 0, other - first, 0)
        assert np.array_equal(
            shift, np.where(other > 0, expected.labels[index].astype(int) - own, 0)
        )


def test_what_has_no_voxel_is_forgotten():
    found = Instances(np.array([[[1, 0, 2], [3, 3, 0]]]), np.array([0.9, 0.8, 0.7]))
    kept, volume = drop_unplaced(found, np.array([[[1, 3, 0]]]))
    assert volume.tolist() == [[[1, 2, 0]]]
    assert kept.labels.tolist() == [[[1, 0, 0], [2, 2, 0]]]
    assert kept.strengths.tolist() == [0.9, 0.7]
    assert kept.numbers == [2]


def test_inputs_stay_as_they_are():
    labels, volume = np.array([[[1, 0, 2]]]), np.array([[[1, 0, 0]]])
    found = Instances(labels.copy(), np.array([0.9, 0.8]))
    given = volume.copy()
    drop_unplaced(found, given)
    assert np.array_equal(found.labels, labels)
    assert np.array_equal(given, volume)
