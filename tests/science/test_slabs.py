import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from pvs_workflow.science.slabs import (
    average_slabs,
    central_slice,
    slab_affine,
    slab_labels,
    slices_per_slab,
)


@pytest.mark.parametrize(
    ('spacing', 'n'), [(0.8, 6), (1.0, 5), (2.0, 2), (2.4, 2), (2.5, 1), (4, 1), (6, 1)]
)
def test_only_thin_slices_are_averaged(spacing, n):
    assert slices_per_slab(np.diag([0.8, 0.8, spacing, 1])) == n


def test_oblique_slices_of_2_5_mm_are_not_thin():
    """Rounding in a header can lower the spacing slightly."""
    rng = np.random.default_rng(0)
    for _ in range(50):
        affine = np.eye(4)
        affine[:3, :3] = Rotation.from_rotvec(rng.normal(0, 0.1, 3)).as_matrix() * [0.5, 0.5, 2.5]
        assert slices_per_slab(np.round(affine, 6)) == 1


def test_slabs_are_means_from_inferior_to_superior():
    data = np.arange(2 * 3 * 11, dtype=float).reshape(2, 3, 11)
    slabs = average_slabs(data, 5)
    assert slabs.shape == (2, 3, 2)
    assert np.allclose(slabs[..., 1], data[..., 5:10].mean(axis=-1))


def test_a_slab_is_at_the_position_of_its_slices():
    affine = np.diag([1, 1, 1.0, 1])
    affine[:3, 3] = [3, 4, 5]
    middle = slab_affine(affine, 5) @ [0, 0, 2, 1]
    slices = [affine @ [0, 0, z, 1] for z in range(10, 15)]
    assert np.allclose(middle, np.mean(slices, axis=0))
    assert np.allclose(middle, affine @ [0, 0, central_slice(2, 5), 1])


def test_a_label_needs_half_of_the_slices():
    labels = np.zeros((1, 3, 4), np.uint8)
    labels[0, 0, :2] = 2
    labels[0, 1, :1] = 2
    labels[0, 2, :3] = 1
    assert slab_labels(labels, 4)[0, :, 0].tolist() == [2, 0, 1]
