import numpy as np
import pytest

from pvs_workflow.science.slices import IMAGE_SHAPE, View
from pvs_workflow.science.volumes import assemble

SHAPE = (170, 120, 12)
AFFINE = np.diag([0.573, 0.573, 2.0, 1.0])
VIEWS = [
    View(side, z, z + 1, (x, 60.0)) for side, x in (('L', 55.0), ('R', 115.0)) for z in range(3)
]


def numbered(shape=IMAGE_SHAPE):
    return [np.full(shape, float(number)) for number in range(1, 7)]


def test_each_image_lies_at_its_centre_in_its_slice():
    volume = assemble(numbered(), VIEWS, SHAPE, AFFINE)
    for number, view in enumerate(VIEWS, 1):
        assert volume[round(view.centre[0]), 60, view.slice_index] == number
    assert not volume[:, :, 3:].any()


def test_every_slice_of_a_slab_has_the_image_of_the_slab():
    volume = assemble(numbered(), VIEWS, SHAPE, AFFINE, n=3)
    single = assemble(numbered(), VIEWS, SHAPE, AFFINE)
    for z in range(9):
        np.testing.assert_array_equal(volume[:, :, z], single[:, :, z // 3])
    assert not volume[:, :, 9:].any()


def test_where_both_sides_reach_a_voxel_is_of_the_nearer_one():
    volume = assemble(numbered(), VIEWS, SHAPE, AFFINE)
    # 80 pixels of 0.573 mm reach 40 voxels far; the centres are 60 apart.
    assert set(volume[46:85, 60, 0]) == {1.0}
    assert set(volume[85:124, 60, 0]) == {4.0}


@pytest.mark.parametrize('order', [0, 1])
def test_outside_the_fields_of_view_there_is_nothing(order):
    volume = assemble(numbered(), VIEWS, SHAPE, AFFINE, order=order)
    assert not volume[:14].any()
    assert not volume[156:].any()
    assert not volume[:, :11].any()
    assert not volume[:, 109:].any()


def test_labels_keep_their_values():
    images = [np.random.default_rng(view.rank).integers(0, 9, IMAGE_SHAPE) for view in VIEWS]
    volume = assemble(images, VIEWS, SHAPE, np.diag([0.4, 0.4, 2.0, 1.0]), order=0)
    assert set(np.unique(volume)) == set(range(9))
