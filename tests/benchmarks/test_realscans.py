from types import SimpleNamespace

import nibabel as nb
import numpy as np
import pytest

from benchmarks.realscans import (
    SessionCounts,
    read_sessions,
    scan_rescan,
    sessions_figure,
    training_people,
)
from pvs_workflow.errors import ImageError, NoInputError
from tests.builders.lab import make_phantom

PLACES = ('L1', 'L2', 'R1')


@pytest.fixture
def phantom():
    return make_phantom(np.random.default_rng(0))


def counted(participant, session, counts, grade):
    return SessionCounts(participant, session, PLACES, counts, counts, counts, grade, 0)


SESSIONS = [
    counted('01', '1', (1.0, 2.0, 3.0), 1),
    counted('01', '2', (2.0, 2.0, 1.0), 1),
    counted('02', '1', (9.0, 9.0, 9.0), 1),
    counted('02', '2', (9.0, 9.0, 12.0), 2),
    counted('03', '1', (0.0, 0.0, 0.0), 0),
]


def test_sessions_of_one_person_are_compared():
    out = scan_rescan(SESSIONS)
    assert [pair['participant'] for pair in out['pairs']] == ['01', '02']
    assert out['pairs'][0]['differences'] == [1.0, 0.0, -2.0]
    assert out['pairs'][0]['difference_max'] == -1.0
    assert (out['n_pairs'], out['same_grade']) == (2, 1)
    assert out['mean_absolute_difference'] == 1.0
    assert out['sd_within'] == pytest.approx(np.sqrt(14 / 12), abs=1e-4)


def test_single_sessions_give_no_pairs():
    out = scan_rescan(SESSIONS[::2])
    assert (out['n_pairs'], out['sd_within']) == (0, None)


def test_the_figure_has_a_column_per_session():
    axes = sessions_figure([vars(session) for session in SESSIONS]).axes[0]
    assert [text.get_text() for text in axes.get_xticklabels()][:2] == ['01\n1', '01\n2']
    assert len(axes.collections) == len(SESSIONS)


def write(folder, phantom, name='sub-01_ses-1', t2w=True):
    anat = folder.joinpath(*name.split('_'), 'anat')
    anat.mkdir(parents=True)
    image = nb.Nifti1Image(phantom.roi, phantom.affine)
    nb.save(image, anat / f'{name}_space-T2w_desc-basalganglia_dseg.nii.gz')
    if t2w:
        image = nb.Nifti1Image(phantom.t2w, phantom.affine)
        nb.save(image, anat / f'{name}_desc-preproc_T2w.nii.gz')


def test_every_session_has_six_images(tmp_path, phantom):
    write(tmp_path, phantom)
    write(tmp_path, phantom, 'sub-02')
    sessions = read_sessions(tmp_path)
    assert [(s.participant, s.session) for s in sessions] == [('01', '1'), ('02', '')]
    assert [len(session.samples) for session in sessions] == [6, 6]
    assert all(sample.count == 0 for session in sessions for sample in session.samples)


def test_a_folder_without_results_is_an_error(tmp_path):
    with pytest.raises(NoInputError, match='has no participant results'):
        read_sessions(tmp_path)


def test_a_missing_t2w_is_an_error(tmp_path, phantom):
    write(tmp_path, phantom, t2w=False)
    with pytest.raises(ImageError, match=r'cannot read .* or its T2w'):
        read_sessions(tmp_path)


def test_the_card_names_people_whose_scans_were_used():
    files = ['sub-01_ses-1_desc-preproc_T2w.nii.gz', 'sub-03_ses-1_desc-preproc_T2w.nii.gz']
    cascade = SimpleNamespace(card=SimpleNamespace(training={'data': {'backgrounds': files}}))
    assert training_people(cascade, ['01', '02', '03']) == ['01', '03']
    assert training_people(SimpleNamespace(card=SimpleNamespace(training={})), ['01']) == []
