import json

import nibabel as nb
import numpy as np
import pandas as pd
import pytest

from pvs_workflow.lab.simulation.acquisition import Protocol
from pvs_workflow.lab.simulation.dataset import (
    TRUTH,
    anat_path,
    start_dataset,
    write_session,
    write_volume,
)
from pvs_workflow.lab.simulation.grids import rigid
from pvs_workflow.lab.simulation.session import ImageCount, Session, SimulatedScan

SHAPE = (12, 10, 6)
AFFINE = rigid((2, -3, 5), (-20, -30, 10)) @ np.diag([0.6, 0.6, 5.0, 1.0])
MOVEMENT = rigid((1, 0, 0), (0.5, 0.0, -1.0))
PROTOCOL = Protocol(0.6, 5.0, snr=20.0)


@pytest.fixture
def session():
    rng = np.random.default_rng(4)
    scans = {
        name: SimulatedScan(
            rng.integers(0, 900, SHAPE).astype(np.uint16), pose @ AFFINE, pose, PROTOCOL
        )
        for name, pose in (('T2w', np.eye(4)), ('T1w', MOVEMENT))
    }
    roi = np.zeros(SHAPE, np.uint8)
    roi[1:5], roi[7:11] = 1, 2
    epvs = np.zeros(SHAPE, np.int32)
    epvs[2, 3, 2], epvs[8, 3, 2] = 1, 2
    counts = (ImageCount('L', 2, 1, 14), ImageCount('R', 2, 1, 3))
    return Session(scans, np.where(roi == 1, 12, roi * 0).astype(np.uint8), roi, epvs, counts)


def test_file_names_follow_bids():
    assert anat_path('01', None, 'data', 'T1w.json').name == 'sub-01_T1w.json'
    path = anat_path('01', 'b', 'data', 'T2w.nii.gz')
    assert path.as_posix() == 'data/sub-01/ses-b/anat/sub-01_ses-b_T2w.nii.gz'


def test_a_volume_is_stored_in_lps_order_without_moving_voxels(tmp_path, session):
    scan = session.scans['T2w']
    storage = write_volume(tmp_path / 'a.nii.gz', scan.data, scan.affine)
    image = nb.load(tmp_path / 'a.nii.gz')
    assert nb.aff2axcodes(image.affine) == ('L', 'P', 'S')
    canonical = nb.as_closest_canonical(image)
    np.testing.assert_array_equal(np.asarray(canonical.dataobj), scan.data)
    np.testing.assert_allclose(canonical.affine, scan.affine, atol=1e-5)
    assert storage.slice_index(2) == 2


def test_the_same_volume_gives_the_same_file(tmp_path, session):
    scan = session.scans['T2w']
    for name in 'ab':
        write_volume(tmp_path / f'{name}.nii.gz', scan.data, scan.affine)
    assert (tmp_path / 'a.nii.gz').read_bytes() == (tmp_path / 'b.nii.gz').read_bytes()


@pytest.mark.parametrize('origin', ['template', 'backgrounds'])
def test_a_dataset_has_descriptions_and_notices(tmp_path, origin):
    start_dataset(tmp_path, ['01', '02'], 7, 'paper', origin=origin)
    for folder in (tmp_path, tmp_path / TRUTH):
        assert json.loads((folder / 'dataset_description.json').read_text())['BIDSVersion']
        table = pd.read_csv(folder / 'participants.tsv', sep='\t')
        assert table['participant_id'].tolist() == ['sub-01', 'sub-02']
    assert (tmp_path / 'COPYING_ICBM152').exists() == (origin == 'template')


def test_the_table_of_participants_lists_their_sources(tmp_path):
    start_dataset(tmp_path, ['01', '02'], 7, 'varied', anatomies=['template', 'map_3'])
    table = pd.read_csv(tmp_path / 'participants.tsv', sep='\t')
    assert table['anatomy'].tolist() == ['template', 'map_3']
    assert 'anatomy' in json.loads((tmp_path / 'participants.json').read_text())
    assert 'anatomy' not in (tmp_path / TRUTH / 'participants.tsv').read_text()


def test_a_session_is_written_with_its_truth(tmp_path, session):
    write_session(tmp_path, '01', 'a', session)
    folder = tmp_path / 'sub-01' / 'ses-a' / 'anat'
    assert sorted(path.name for path in folder.iterdir()) == [
        f'sub-01_ses-a_{name}.{end}' for name in ('T1w', 'T2w') for end in ('json', 'nii.gz')
    ]
    truth = tmp_path / TRUTH / 'sub-01' / 'ses-a' / 'anat' / 'sub-01_ses-a'
    counts = pd.read_csv(f'{truth}_desc-epvs_counts.tsv', sep='\t')
    assert counts['count'].tolist() == [14, 3]
    grade = pd.read_csv(f'{truth}_desc-potter_grade.tsv', sep='\t').iloc[0]
    assert grade['session_id'] == 'ses-a'
    assert (grade['potter'], grade['potter_left'], grade['potter_right']) == (2, 2, 1)
    epvs = nb.as_closest_canonical(nb.load(f'{truth}_space-T2w_desc-epvs_dseg.nii.gz'))
    np.testing.assert_array_equal(np.asarray(epvs.dataobj), session.epvs)


def test_the_transform_maps_the_t2w_to_the_other_scan(tmp_path, session):
    write_session(tmp_path, '01', None, session)
    truth = tmp_path / TRUTH / 'sub-01' / 'anat'
    (path,) = truth.glob('*_xfm.json')
    assert path.name == 'sub-01_from-T2w_to-T1w_mode-points_xfm.json'
    np.testing.assert_allclose(json.loads(path.read_text())['Matrix'], MOVEMENT, atol=1e-6)
