import itertools

import nibabel as nb
import numpy as np
import pytest
from nibabel.orientations import axcodes2ornt, io_orientation, ornt_transform

from pvs_workflow.errors import ImageError
from pvs_workflow.science.geometry import (
    are_opposed,
    check_affine,
    check_sizes,
    isotropic_grid,
    to_canonical,
    to_stored,
)

ALL_48 = [
    ''.join(
        'RLAPSI'[2 * 'RAS'.index(axis) + flip] for axis, flip in zip(order, flips, strict=True)
    )
    for order in itertools.permutations('RAS')
    for flips in itertools.product((0, 1), repeat=3)
]


def oblique(angle_degrees=8.0):
    angle = np.radians(angle_degrees)
    turn = np.array(
        [[1, 0, 0], [0, np.cos(angle), -np.sin(angle)], [0, np.sin(angle), np.cos(angle)]]
    )
    affine = np.eye(4)
    affine[:3, :3] = turn @ np.diag([0.573, 0.573, 5.0])
    affine[:3, 3] = [-61.37, -80.21, -33.4]
    return affine


@pytest.fixture
def volume():
    return np.random.default_rng(1).random((4, 5, 6), dtype=np.float32)


@pytest.mark.parametrize('codes', ALL_48)
def test_every_storage_order_gives_one_canonical_volume(volume, codes):
    image = nb.Nifti1Image(volume, oblique())
    stored = image.as_reoriented(ornt_transform(io_orientation(image.affine), axcodes2ornt(codes)))
    header = stored.affine.astype(np.float32)  # what a file keeps
    before = np.array(stored.dataobj)
    data, affine, storage = to_canonical(np.asarray(stored.dataobj), header)
    reference, reference_affine, _ = to_canonical(volume, image.affine.astype(np.float32))
    assert np.array_equal(data, reference)
    assert np.abs(affine - reference_affine).max() < 2e-5
    assert np.array_equal(to_stored(data, storage), before)
    assert np.array_equal(np.asarray(stored.dataobj), before)  # untouched

    index = 4
    axis = storage.orientation.index((2, 1) if (2, 1) in storage.orientation else (2, -1))
    along = np.take(before, storage.slice_index(index), axis=axis)
    assert sorted(along.ravel()) == sorted(volume[:, :, index].ravel())


def test_world_coordinates_are_kept(volume):
    affine = oblique()[:, [2, 0, 1, 3]] @ np.diag([1, -1, 1, 1])
    data, canonical, _ = to_canonical(volume, affine)
    for voxel in np.ndindex(volume.shape):
        world = affine @ [*voxel, 1]
        back = np.linalg.solve(canonical, world)[:3]
        assert np.allclose(back, np.round(back), atol=1e-2)
        assert data[tuple(np.round(back).astype(int))] == volume[voxel]


@pytest.mark.parametrize(
    ('affine', 'message'),
    [
        (np.diag([1, 1, 0, 1.0]), r'its affine is singular \(voxel axes of 1 × 1 × 0 mm\)'),
        (np.full((4, 4), np.nan), 'its affine has NaN or infinite entries'),
        (
            np.array([[1, 1, 0, 0], [1, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1.0]]),
            r'its affine is singular \(the directions of its axes have a determinant of 0\)',
        ),
        (
            np.array([[1, 0.2, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1.0]]),
            r'its affine is sheared \(axes at 78.7°\)',
        ),
    ],
)
def test_unusable_affines_are_refused(affine, message):
    with pytest.raises(ImageError, match=message):
        check_affine(affine)


def test_isotropic_grid_covers_the_volume_and_keeps_its_centre():
    shape, affine = (50, 60, 9), oblique()
    new_shape, new_affine = isotropic_grid(shape, affine, 2.0, 3.0)
    assert np.allclose(nb.affines.voxel_sizes(new_affine), 2)
    assert all(
        n * 2 >= m * size + 6
        for n, m, size in zip(new_shape, shape, nb.affines.voxel_sizes(affine), strict=True)
    )
    middles = [
        a @ np.append((np.array(n) - 1) / 2, 1)
        for n, a in ((shape, affine), (new_shape, new_affine))
    ]
    assert np.allclose(*middles)


@pytest.mark.parametrize(
    'sizes', [(0.573, 0.573, 5), (0.57, 0.57, 5), (0, 0, 0), (0.573, np.nan, -1)]
)
def test_an_sform_may_have_the_sizes_of_the_header_or_the_only_ones(sizes):
    check_sizes(oblique(), np.array(sizes, float))


@pytest.mark.parametrize('sizes', [(1, 1, 1), (0.573, 0.573, 4.5), (5, 0.573, 0.573)])
def test_an_sform_of_other_sizes_than_the_header_is_refused(sizes):
    with pytest.raises(ImageError, match=r'its sform has voxels of 0.573 × .* mm, its pixdim'):
        check_sizes(oblique(), np.array(sizes, float))


def test_forms_are_opposed_if_they_are_mirrored_or_turned_around():
    affine = oblique()
    assert not are_opposed(affine, oblique(40.0))
    assert not are_opposed(affine, oblique(-50.0))
    assert are_opposed(affine, np.diag([-1, 1, 1, 1]) @ affine)
    assert are_opposed(affine, np.diag([-1, -1, 1, 1]) @ affine)
