import numpy as np
import pytest
from nibabel.affines import apply_affine

from pvs_workflow.derivatives.columns import describe_columns
from pvs_workflow.derivatives.instances import instance_table
from pvs_workflow.derivatives.tables import read_table, write_table
from pvs_workflow.science.instances import Instances, drop_unplaced
from pvs_workflow.science.sampling import place_back
from pvs_workflow.science.slices import View
from tests.builders.instances import instances_of, masks

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


def place_instances(instances, affine, shape, views=VIEWS):
    """Return the instances that fit in a volume, and the volume of their labels."""
    _, volume = place_back(
        np.zeros(instances.labels.shape), instances.labels, views, shape, affine
    )
    return drop_unplaced(instances, volume)


@pytest.mark.parametrize(('thickness', 'slab'), [(5.0, 1), (3.0, 1), (1.0, 5)])
def test_the_table_describes_the_label_image(thickness, slab):
    affine, shape = grid(thickness=thickness, shape=(160, 120, 9 * slab))
    instances, volume = place_instances(instances_of(masks(), [9] * 6), affine, shape)
    table = instance_table(instances, volume, affine, VIEWS, SLICES)
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
        assert row.strength == pytest.approx(instances.strengths[row.label - 1], abs=1e-4)


def test_volumes_of_thin_slices_are_those_of_the_slab():
    tables = []
    for thickness, slab in ((5.0, 1), (1.0, 5)):
        affine, shape = grid(thickness=thickness, shape=(160, 120, 9 * slab))
        affine[2, 3] -= (5 - thickness) / 2
        instances, volume = place_instances(instances_of(masks(), [9] * 6), affine, shape)
        tables.append(instance_table(instances, volume, affine, VIEWS, SLICES))
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
    instances = Instances(labels, np.array([0.5]))
    row = instance_table(instances, volume, affine, VIEWS[:1], SLICES[:1]).iloc[0]
    assert row['length'] == pytest.approx(length, abs=0.2)
    assert row['area'] == pytest.approx(len(pixels) * 0.3)


def test_rows_are_sorted_by_hemisphere_slice_and_label():
    affine, shape = grid()
    instances, volume = place_instances(instances_of(masks(), [9] * 6), affine, shape)
    table = instance_table(instances, volume, affine, VIEWS, [5, 4, 3] * 2)
    keys = list(zip(table['hemisphere'], table['slice'], table['label'], strict=True))
    assert keys == sorted(keys)
    assert len(table) == 15


def test_without_instances_the_table_has_only_a_header(tmp_path):
    affine, shape = grid()
    instances, volume = place_instances(
        instances_of(np.zeros((6, 80, 96), bool), [4.0] * 6), affine, shape
    )
    assert instances.numbers == [0] * 6
    table = instance_table(instances, volume, affine, VIEWS, SLICES)
    path, sidecar = write_table(table, tmp_path / 'x.tsv', 'epvs_instances')
    assert path.read_text() == '\t'.join(COLUMNS) + '\n'
    assert sidecar.is_file()
    assert list(read_table(path, 'epvs_instances')) == COLUMNS == list(table.columns)


def test_reading_and_writing_keeps_all_bytes(tmp_path):
    affine, shape = grid()
    instances, volume = place_instances(instances_of(masks(), [9] * 6), affine, shape)
    first, second = tmp_path / 'a.tsv', tmp_path / 'b.tsv'
    write_table(instance_table(instances, volume, affine, VIEWS, SLICES), first, 'epvs_instances')
    write_table(read_table(first, 'epvs_instances'), second, 'epvs_instances')
    assert first.read_bytes() == second.read_bytes()
    cells = [cell for line in first.read_text().split('\n')[1:-1] for cell in line.split('\t')]
    assert all(len(cell.partition('.')[2]) <= 4 for cell in cells)
    assert list(describe_columns('epvs_instances')) == COLUMNS


def test_inputs_are_not_modified():
    affine, shape = grid()
    instances, volume = place_instances(instances_of(masks(), [9] * 6), affine, shape)
    before = instances.labels.copy(), instances.strengths.copy(), volume.copy(), affine.copy()
    instance_table(instances, volume, affine, VIEWS, SLICES)
    after = instances.labels, instances.strengths, volume, affine
    assert all(np.array_equal(a, b) for a, b in zip(before, after, strict=True))
