"""Real scans: every session passes, and the ROI agrees with an independent one."""

import nibabel as nb
import numpy as np
import pytest

from tests.builders.example import read
from tests.places import REAL

SILVER = REAL.with_name(f'{REAL.name}_silver')
SESSIONS = ['sub-01_ses-1', 'sub-01_ses-2', 'sub-03_ses-1', 'sub-03_ses-2', 'sub-04_ses-1']

pytestmark = [
    pytest.mark.slow,
    pytest.mark.real,
    pytest.mark.skipif(not REAL.is_dir(), reason=f'no real scans in {REAL} (set PVS_REAL_DATA)'),
]


@pytest.fixture(scope='module')
def results(real):
    return real[0]


def anat(out, session):
    participant, number = session.split('_')
    return out / participant / number / 'anat'


def test_every_session_has_a_row_and_passes(results):
    grades = read(results / 'group_potter.tsv')
    assert (grades['participant_id'] + '_' + grades['session_id']).tolist() == SESSIONS
    assert (grades['qc'] == 'pass').all(), grades[['participant_id', 'qc_reasons']]


@pytest.mark.parametrize('session', SESSIONS)
def test_the_roi_agrees_with_the_nuclei(results, session):
    folder = anat(results, session)
    path = folder / f'{session}_space-T2w_desc-structures_dseg.nii.gz'
    ours = nb.load(path)
    labels = np.asarray(ours.dataobj)
    for left, right in ((11, 50), (12, 51), (13, 52)):
        x = [
            nb.affines.apply_affine(ours.affine, np.argwhere(labels == value))[:, 0].mean()
            for value in (left, right)
        ]
        assert 20 < x[1] - x[0] < 65  # mm, right minus left
    silver = list((SILVER / session.replace('_', '/')).rglob('*.nii.gz'))
    if not silver:
        assert session == 'sub-03_ses-1'
        return
    theirs = np.asarray(nb.load(silver[0]).dataobj)
    nuclei = [11, 12, 13, 50, 51, 52]
    a, b = np.isin(labels, nuclei), np.isin(theirs, nuclei)
    # Full-resolution SyN reaches 0.78 and 0.77 where it was measured.
    assert 2 * np.count_nonzero(a & b) / (a.sum() + b.sum()) > 0.74


def test_both_sessions_of_a_person_select_the_same_anatomy(results):
    for participant in ('sub-01', 'sub-03'):
        areas = [
            read(
                anat(results, f'{participant}_ses-{n}')
                / f'{participant}_ses-{n}_desc-epvs_counts.tsv'
            )['roi_area'].mean()
            for n in (1, 2)
        ]
        assert abs(areas[0] - areas[1]) < 0.12 * np.mean(areas)


def test_a_missing_t1w_is_taken_from_the_other_session(results):
    import json

    sidecar = anat(results, 'sub-03_ses-1') / 'sub-03_ses-1_desc-potter_grade.json'
    sources = json.loads(sidecar.read_text())['Sources']
    assert any('ses-2' in source and source.endswith('T1w.nii.gz') for source in sources)
