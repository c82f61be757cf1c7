import numpy as np
import pytest
from nibabel.affines import apply_affine

from pvs_workflow.derivatives.instances import instance_table
from pvs_workflow.derivatives.tables import describe_columns, read_table, write_table
from pvs_workflow.science.instances import (
    Instances,
    drop_unplaced,
    find_instances,
)
from pvs_workflow.science.sampling import place_back
from pvs_workflow.science.slices import View

COLUMNS = [
    *('hemisphere', 'slice', 'slice_rank', 'label'),
    *('x', 'y', 'z', 'area', 'volume', 'length', 'strength'),
]
VIEWS = [
    View(side, 3 + rank, rank + 1, (x, 60.5))
    for side, x in (('L', 39.5), ('R', 120.5))
    for rank in range(3)
]
SLICES = [3, 4, 5] * 2


def grid(size=(0.5725, 0.573), thickness=5.0, shape=(160, 120, 9)):
    affine = np.diag([*size, thickness, 1.0])
    affine[:3, 3] = -45, -30, 12
    return affine, shape


def masks(n=6, seed=0):
    """Squares of 3 × 3 pixels: as many as the image's index, in random places of a raster."""
    rng = np.random.default_rng(seed)
    out = np.zeros((n, 80, 96), bool)
    places = [(u, v) for u in range(8, 72, 8) for v in range(8, 88, 8)]
    for index in range(n):
        for place in rng.permutation(len(places))[:index]:
            u, v = places[place]
            out[index, u : u + 3, v : v + 3] = True
    return out


def found_in(mask, counts):
    image = np.full(mask.shape, 0.4, np.float32)
    return find_instances(image, mask.astype(np.float32), np.ones(mask.shape, bool), counts)


def placed(found, affine, shape, views=VIEWS):
    _, volume = place_back(np.zeros(found.labels.shape), found.labels, views, shape, affine)
    return drop_unplaced(found, volume)


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


@pytest.mark.parametrize(('thickness', 'slab'), [(5.0, 1), (3.0, 1), (1.0, 5)])
def test_table_is_what_the_label_image_holds(thickness, slab):
    affine, shape = grid(thickness=thickness, shape=(160, 120, 9 * slab))
    found, volume = placed(found_in(masks(), [9] * 6), affine, shape)
    table = instance_table(found, volume, affine, VIEWS, SLICES)
    assert list(table.columns) == COLUMNS
    assert table['label'].tolist() == np.unique(volume[volume > 0]).tolist()
    voxel = 0.5725 * 0.573 * thickness
    for row in table.itertuples():
        voxels = np.argwhere(volume == row.label)
        assert np.allclose((row.x, row.y, row.z), apply_affine(affine, voxels.mean(0)), atol=1e-3)
        assert row.volume == pytest.approx(len(voxels) * voxel, abs=1e-3)
        assert row.area == pytest.approx(len(voxels) / slab * 0.5725 * 0.573, abs=1e-4)
        assert np.unique(voxels[:, 2] // slab) == row.slice == 2 + row.slice_rank
        assert row.hemisphere == 'LR'[int(voxels[:, 0].mean() > 80)]
        assert row.strength == pytest.approx(found.strengths[row.label - 1], abs=1e-4)


def test_volume_of_thin_slices_is_that_of_the_slab():
    tables = []
    for thickness, slab in ((5.0, 1), (1.0, 5)):
        affine, shape = grid(thickness=thickness, shape=(160, 120, 9 * slab))
        affine[2, 3] -= (5 - thickness) / 2
        found, volume = placed(found_in(masks(), [9] * 6), affine, shape)
        tables.append(instance_table(found, volume, affine, VIEWS, SLICES))
    assert np.allclose(tables[0][COLUMNS[4:]], tables[1][COLUMNS[4:]], atol=2e-4)


@pytest.mark.parametrize(
    ('pixels', 'length'),
    [
        ([(5, 5)], 0.6),
        ([(5, 5), (6, 5), (7, 5), (8, 5)], 2.0),
        ([(5, 5), (5, 6), (5, 7), (5, 8)], 2.4),
        ([(5 + n, 5 + n) for n in range(20)], 19.5 * np.hypot(0.5, 0.6)),
    ],
)
def test_length_is_the_largest_extent_in_the_plane(pixels, length):
    affine, shape = grid(size=(0.5, 0.6))
    volume = np.zeros(shape, np.int32)
    labels = np.zeros((1, 80, 96), np.int32)
    labels[0, 5, 5] = 1
    for u, v in pixels:
        volume[u, v, 3] = 1
    found = Instances(labels, np.array([0.5]))
    row = instance_table(found, volume, affine, VIEWS[:1], SLICES[:1]).iloc[0]
    assert row['length'] == pytest.approx(length, abs=0.2)
    assert row['area'] == pytest.approx(len(pixels) * 0.3)


def test_rows_are_sorted_by_hemisphere_slice_and_label():
    affine, shape = grid()
    found, volume = placed(found_in(masks(), [9] * 6), affine, shape)
    table = instance_table(found, volume, affine, VIEWS, [5, 4, 3] * 2)
    keys = list(zip(table['hemisphere'], table['slice'], table['label'], strict=True))
    assert keys == sorted(keys)
    assert len(table) == 15


def test_what_has_no_voxel_is_forgotten():
    found = Instances(np.array([[[1, 0, 2], [3, 3, 0]]]), np.array([0.9, 0.8, 0.7]))
    kept, volume = drop_unplaced(found, np.array([[[1, 3, 0]]]))
    assert volume.tolist() == [[[1, 2, 0]]]
    assert kept.labels.tolist() == [[[1, 0, 0], [2, 2, 0]]]
    assert kept.strengths.tolist() == [0.9, 0.7]
    assert kept.numbers == [2]


def test_nothing_found_is_a_header_only_table(tmp_path):
    affine, shape = grid()
    found, volume = placed(found_in(np.zeros((6, 80, 96), bool), [4.0] * 6), affine, shape)
    assert found.numbers == [0] * 6
    table = instance_table(found, volume, affine, VIEWS, SLICES)
    path, sidecar = write_table(table, tmp_path / 'x.tsv', 'epvs_instances')
    assert path.read_text() == '\t'.join(COLUMNS) + '\n'
    assert sidecar.is_file()
    assert list(read_table(path, 'epvs_instances')) == COLUMNS == list(table.columns)


def test_writing_what_was_read_changes_no_byte(tmp_path):
    affine, shape = grid()
    found, volume = placed(found_in(masks(), [9] * 6), affine, shape)
    first, second = tmp_path / 'a.tsv', tmp_path / 'b.tsv'
    write_table(instance_table(found, volume, affine, VIEWS, SLICES), first, 'epvs_instances')
    write_table(read_table(first, 'epvs_instances'), second, 'epvs_instances')
    assert first.read_bytes() == second.read_bytes()
    cells = [cell for line in first.read_text().split('\n')[1:-1] for cell in line.split('\t')]
    assert all(len(cell.partition('.')[2]) <= 4 for cell in cells)
    assert list(describe_columns('epvs_instances')) == COLUMNS


def test_inputs_stay_as_they_are():
    affine, shape = grid()
    found, volume = placed(found_in(masks(), [9] * 6), affine, shape)
    before = found.labels.copy(), found.strengths.copy(), volume.copy(), affine.copy()
    instance_table(found, volume, affine, VIEWS, SLICES)
    drop_unplaced(found, volume)
    after = found.labels, found.strengths, volume, affine
    assert all(np.array_equal(a, b) for a, b in zip(before, after, strict=True))
