"""Written labels, tables and counts are consistent."""

import json

import nibabel as nb
import numpy as np
import pandas as pd
import pytest
from nibabel.orientations import axcodes2ornt, io_orientation, ornt_transform

from pvs_workflow.interfaces.derivatives import SaveImage, SaveTables, SaveTransform
from pvs_workflow.method.align import Aligned
from pvs_workflow.method.assess import Quality
from pvs_workflow.method.conform import conform
from pvs_workflow.method.cut import SixImages
from pvs_workflow.method.find import find
from pvs_workflow.method.saved import Unusable
from pvs_workflow.registration.transforms import LinearTransform
from pvs_workflow.science.slices import View
from tests.builders.method import image_counts, spots

COUNTS = np.array([0.2, 1.4, 9.0, 3.0, 2.0, 4.6])
N_SPOTS = [2, 2, 3, 1, 0, 6]
IDENTITY = {
    'participant': '01',
    'session': None,
    't2w': 'sub-01/anat/sub-01_T2w.nii.gz',
    'model': 'cascade 1',
    'model_sha256': '0' * 64,
}


def write(folder, codes, n_spots=N_SPOTS):
    """Store a T2w, save results of its steps, and run both interfaces.

    Returns the stored label image, the instances and the counts.
    """
    affine = np.diag([0.573, 0.573, 5.0, 1.0])
    affine[:3, 3] = -45, -30, 12
    voxels = np.random.default_rng(2).integers(0, 900, (160, 120, 8))
    image = nb.Nifti1Image(voxels.astype(np.int16), affine)
    turn = ornt_transform(io_orientation(affine), axcodes2ornt(codes))
    stored = folder / 'sub-01_T2w.nii.gz'
    nb.save(image.as_reoriented(turn), stored)
    t2w = conform(stored, is_t2w=True)
    views = tuple(
        View(side, 2 + rank, rank + 1, (x, 60.5))
        for side, x in (('L', 39.5), ('R', 120.5))
        for rank in range(3)
    )
    grey = np.full((6, 80, 96), 0.4, np.float32)
    slices = tuple(t2w.storage.slice_index(view.slice_index) for view in views)
    six = SixImages(grey, np.ones(grey.shape, bool), grey, views, slices)
    counted = image_counts(COUNTS, spots(n_spots))
    found = find(t2w, six, counted)
    results = {'six': six, 'counted': counted, 'found': found}
    results['quality'] = Quality(('pass',) * 6, 'pass', ())
    files = {name: str(result.save(folder / name)) for name, result in results.items()}
    stem = str(folder / 'sub-01')
    outputs = (
        SaveTables(**files, identity=IDENTITY, stem=stem, sources=['bids:raw:a'])
        .run(cwd=folder)
        .outputs
    )
    assert outputs.epvs_instances == f'{stem}_space-T2w_desc-epvs_instances.tsv'
    image = SaveImage(
        result=files['found'],
        field='instances',
        t2w_file=stored,
        stem=f'{stem}_dseg',
        sidecar={'Sources': ['bids:raw:a']},
        lookup='roi',
    )
    labels = nb.load(image.run(cwd=folder).outputs.out_file)
    tables = (outputs.epvs_instances, outputs.epvs_counts)
    return labels, *(pd.read_csv(path, sep='\t') for path in tables)


@pytest.mark.parametrize('codes', ['RAS', 'LPS', 'LAI', 'SRA'])
def test_labels_tables_and_counts_agree(tmp_path, codes):
    image, instances, counts = write(tmp_path, codes)
    data = np.asarray(image.dataobj)
    # The slice axis is the one with code S or I.
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
    expected = np.minimum(np.floor(COUNTS + 0.5), N_SPOTS)
    assert counts['instances'].tolist() == expected.tolist()


def test_a_table_without_epvs_has_only_a_header(tmp_path):
    image, instances, counts = write(tmp_path, 'RAS', n_spots=[0] * 6)
    assert not np.asarray(image.dataobj).any()
    assert instances.empty
    assert counts['instances'].sum() == 0


def test_labels_have_a_lookup_table(tmp_path):
    write(tmp_path, 'LAS')
    lookup = (tmp_path / 'sub-01_dseg.tsv').read_text()
    assert lookup.startswith('index\tname\n1\tleft')
    assert json.loads((tmp_path / 'sub-01_dseg.json').read_text()) == {'Sources': ['bids:raw:a']}


def test_a_transform_is_written_in_the_format_of_itk(tmp_path):
    transform = LinearTransform((1.0, 0, 0, 0, 1.0, 0, 0, 0, 1.0, 2.5, 0, 0), (0.0, 0.0, 0.0))
    image = nb.Nifti1Image(np.zeros((2, 2, 2), np.float32), np.eye(4))
    result = Aligned(transform, image, 1.2).save(tmp_path / 'aligned')
    target = tmp_path / 'sub-01_xfm.txt'
    SaveTransform(result=str(result), target=str(target)).run(cwd=tmp_path)
    assert LinearTransform.load(target) == transform


def test_files_of_an_earlier_run_are_removed_if_a_contrast_is_unusable(tmp_path):
    unusable = str(Unusable('it is 4D').save(tmp_path / 'unusable'))
    stem = tmp_path / 'sub-01_space-T2w_desc-preproc_T1w'
    names = {'sub-01_xfm.txt', f'{stem.name}.nii.gz', f'{stem.name}.json', 'sub-01_other.json'}
    for name in names:
        (tmp_path / name).touch()
    SaveTransform(result=unusable, target=str(tmp_path / 'sub-01_xfm.txt')).run(cwd=tmp_path)
    save = SaveImage(result=unusable, t2w_file='T2w.nii', stem=str(stem), sidecar={})
    save.run(cwd=tmp_path)
    save.run(cwd=tmp_path)
    assert {path.name for path in tmp_path.glob('sub-*')} == {'sub-01_other.json'}
