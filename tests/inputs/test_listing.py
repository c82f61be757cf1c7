import os

import pytest

from pvs_workflow.inputs.listing import (
    list_elsewhere,
    list_folder,
    list_participant,
    session_folder,
    t2w_names,
)


def test_a_listing_has_sessions_files_and_folders(make_dataset):
    folder = make_dataset('sub-01_T2w.nii.gz', 'sub-01_ses-1_T1w.nii.gz')
    (folder / 'sub-01/anat/deeper').mkdir()
    (folder / 'sub-01/anat/sub-01_acq-folder_T2w.nii.gz').mkdir()
    (folder / 'sub-01/anat/sub-01_acq-link_T2w.nii.gz').symlink_to('nowhere')
    (folder / 'sub-01/anat/.sub-01_T2w.nii.gz').touch()
    (folder / 'sub-01/func').mkdir()
    (folder / 'sub-01/func/sub-01_T2w.nii.gz').touch()
    (folder / 'sub-01/ses-2').symlink_to('ses-1')
    listing = list_participant(folder, '01')
    assert listing.sessions == ('1', '2')
    assert listing.folders == (
        'sub-01/anat/deeper',
        'sub-01/anat/sub-01_acq-folder_T2w.nii.gz',
    )
    assert 'sub-01/ses-2/anat/sub-01_ses-1_T1w.nii.gz' in listing.files
    assert 'sub-01/anat/sub-01_acq-link_T2w.nii.gz' in listing.files
    assert not any('func' in file or '/.' in file for file in listing.files)
    assert list_participant(folder, 'unknown').files == ()


def test_odd_names_do_not_hide_images(make_dataset):
    folder = make_dataset('sub-01_T2w.nii.gz', 'sub-01_ses-1_T1w.nii.gz')
    (folder / 'sub-01/anat/loop').symlink_to('loop')
    (folder / 'sub-01/ses-1.bak/anat').mkdir(parents=True)
    (folder / 'sub-01/ses-1.bak/anat/sub-01_ses-1_T2w.nii.gz').touch()
    listing = list_participant(folder, '01')
    assert (listing.sessions, listing.odd_sessions) == (('1',), ('1.bak',))
    assert listing.files == (
        'sub-01/anat/loop',
        'sub-01/anat/sub-01_T2w.nii.gz',
        'sub-01/ses-1/anat/sub-01_ses-1_T1w.nii.gz',
    )


def test_hidden_names_and_folders_of_the_system_are_left_out(tmp_path):
    for name in ('._sub-01_T2w.nii.gz', '.DS_Store', '.nfs0000001', '@eaDir', '__MACOSX', 'a'):
        (tmp_path / name).mkdir()
    assert list_folder(str(tmp_path)) == [('a', True)]
    assert list_folder(str(tmp_path / 'nowhere')) == []


@pytest.mark.parametrize(
    ('folder', 'session'), [('sub-01', None), ('sub-01/anat', None), ('sub-01/ses-1/anat', '1')]
)
def test_folders_that_cannot_be_read_are_named(make_dataset, monkeypatch, folder, session):
    bids = make_dataset('sub-01_T2w.nii.gz', 'sub-01_ses-1_T2w.nii.gz')
    original = os.scandir

    def scandir(path):
        if str(path) == str(bids / folder):
            raise PermissionError(13, 'Permission denied')
        return original(path)

    monkeypatch.setattr(os, 'scandir', scandir)
    ((found, text),) = list_participant(bids, '01').unreadable
    assert found == session
    assert text == f'{bids / folder} cannot be read: Permission denied; ask its owner for access'


def test_files_outside_of_anat_are_listed(make_dataset):
    bids = make_dataset('sub-01_T2w.nii.gz', 'sub-01_ses-1_T2w.nii.gz')
    (bids / 'sub-01/dwi').mkdir()
    (bids / 'sub-01/dwi/sub-01_T2w.nii.gz').touch()
    (bids / 'sub-01/T2.nii').touch()
    assert list_elsewhere(bids, '01', None) == (
        ['sub-01/T2.nii', 'sub-01/dwi/sub-01_T2w.nii.gz'],
        ['sub-01/dwi'],
    )
    assert list_elsewhere(bids, '01', '1') == ([], [])


def test_names_of_t2w_are_found_in_all_sessions(make_dataset):
    bids = make_dataset('sub-01_T2w.nii.gz', 'sub-01_ses-1_T2w.nii.gz', 'sub-01_T1w.nii.gz')
    assert t2w_names(bids / 'sub-01') == {'sub-01_T2w.nii.gz', 'sub-01_ses-1_T2w.nii.gz'}
    assert t2w_names(bids / session_folder('01', '1')) == {'sub-01_ses-1_T2w.nii.gz'}
