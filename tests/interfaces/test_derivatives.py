"""The evidence as it is written: labels, tables and counts tell one story."""

import nibabel as nb
import numpy as np
import pandas as pd
import pytest
from nibabel.orientations import axcodes2ornt, io_orientation, ornt_transform

from pvs_workflow.interfaces.cascade import FindEvidence
from pvs_workflow.interfaces.derivatives import SaveTables
from pvs_workflow.interfaces.io import read_canonical, save_image, save_views
from pvs_workflow.interfaces.storage import restore, save_stored
from pvs_workflow.science.components import enhancement_target
from pvs_workflow.science.slices import View

VIEWS = [
    View(side, 2 + rank, rank + 1, (x, 60.5))
    for side, x in (('L', 39.5), ('R', 120.5))
    for rank in range(3)
]
COUNTS = np.array([0.2, 1.4, 9.0, 3.0, 2.0, 4.6])
SHOWN = [2, 2, 3, 1, 0, 6]


@pytest.fixture
def scan(tmp_path):
    """Return a function that stores a T2w and what the cascade made of it."""

    def store(codes, shown=SHOWN):
        affine = np.diag([0.573, 0.573, 5.0, 1.0])
        affine[:3, 3] = -45, -30, 12
        voxels = np.random.default_rng(2).integers(0, 900, (160, 120, 8))
        image = nb.Nifti1Image(voxels.astype(np.int16), affine)
        turn = ornt_transform(io_orientation(affine), axcodes2ornt(codes))
        nb.save(image.as_reoriented(turn), tmp_path / 'sub-01_T2w.nii.gz')
        data, affine, _ = read_canonical(tmp_path / 'sub-01_T2w.nii.gz')
        save_image(data, affine, tmp_path / 't2w.nii.gz')
        images = np.full((6, 80, 96), 0.4, np.float32)
        mask = np.zeros(images.shape, bool)
        for index, n in enumerate(shown):
            for place in range(n):
                mask[index, 20 + 5 * place : 23 + 5 * place, 30:34] = True
        np.savez(tmp_path / 'images.npz', images=images, rois=np.ones_like(mask))
        np.savez(
            tmp_path / 'prediction.npz',
            enhanced=enhancement_target(images, mask),
            evidence=mask.astype(np.float32),
            counts=COUNTS,
            lows=COUNTS,
            highs=COUNTS,
            probabilities=np.full(5, 0.2),
        )
        save_views(VIEWS, tmp_path / 'views.json')
        return tmp_path

    return store


def write(folder):
    """Run both interfaces; return the label image as stored, instances and counts."""
    names = {name: folder / f'{name}.npz' for name in ('images', 'prediction')}
    names['views'] = folder / 'views.json'
    found = FindEvidence(t2w=folder / 't2w.nii.gz', **names).run(cwd=folder).outputs
    t2w = folder / 'sub-01_T2w.nii.gz'
    original = nb.load(t2w)
    labels = restore(nb.load(found.instances), original, original.shape)
    save_stored(labels, folder / 'dseg.nii.gz')
    tables = SaveTables(
        t2w_file=t2w,
        t2w_name='sub-01/anat/sub-01_T2w.nii.gz',
        participant='01',
        stem=str(folder / 'sub-01'),
        evidence=found.evidence,
        instances=found.instances,
        images_qc=['pass'] * 6,
        overall='pass',
        reasons=[],
        model_label='cascade 1',
        model_sha256='0' * 64,
        **names,
    )
    outputs = tables.run(cwd=folder).outputs
    assert outputs.instances == str(folder / 'sub-01_space-T2w_desc-epvs_instances.tsv')
    instances, counts = (
        pd.read_csv(path, sep='\t') for path in (outputs.instances, outputs.counts)
    )
    return nb.load(folder / 'dseg.nii.gz'), instances, counts


@pytest.mark.parametrize('codes', ['RAS', 'LPS', 'LAI', 'SRA'])
def test_labels_tables_and_counts_agree(scan, codes):
    image, instances, counts = write(scan(codes))
    data = np.asarray(image.dataobj)
    # Three slices lie along the axis that is named by S or I.
    axis = next(axis for axis, code in enumerate(nb.aff2axcodes(image.affine)) if code in 'SI')
    assert sorted(instances['label']) == np.unique(data[data > 0]).tolist()
    for row in instances.itertuples():
        voxels = np.argwhere(data == row.label)
        world = nb.affines.apply_affine(image.affine, voxels.mean(axis=0))
        assert np.allclose((row.x, row.y, row.z), world, atol=1e-3)
        assert set(voxels[:, axis]) == {row.slice}
        assert row.volume == pytest.approx(len(voxels) * 0.573**2 * 5, abs=1e-3)
        assert row.hemisphere == ('L' if row.x < 0 else 'R')
    by_image = instances.groupby(['hemisphere', 'slice']).size()
    for row in counts.itertuples():
        assert by_image.get((row.hemisphere, row.slice), 0) == row.instances
    counts = counts.sort_values(['hemisphere', 'slice_rank'])
    expected = np.minimum(np.floor(COUNTS + 0.5), SHOWN)
    assert counts['instances'].tolist() == expected.tolist()


def test_nothing_found_leaves_a_table_with_its_header(scan):
    image, instances, counts = write(scan('RAS', shown=[0] * 6))
    assert not np.asarray(image.dataobj).any()
    assert instances.empty
    assert counts['instances'].sum() == 0
