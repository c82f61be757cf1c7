import os
import subprocess
import sys
import time

import pytest

from pvs_workflow.inputs import collect_scans
from pvs_workflow.inputs.folders import list_participant


def test_listing(make_dataset):
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
    assert list_participant(folder, 'nobody').files == ()


def test_odd_names_beside_an_image_do_not_hide_it(make_dataset):
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


def test_folders_above_the_dataset_do_not_matter(make_dataset, tmp_path):
    """pybids takes the first subject of the whole path."""
    above = tmp_path / 'sub-study' / 'anat' / 'ses-all'
    above.mkdir(parents=True)
    make_dataset('sub-01_T2w.nii.gz').rename(above / 'bids')
    (scan,) = collect_scans(above / 'bids').scans
    assert (scan.participant, scan.session, scan.prefix) == ('01', None, 'sub-01')


def test_pybids_is_loaded_only_where_it_is_needed(make_dataset):
    folder = make_dataset('sub-01_T2w.nii.gz')
    code = (
        'import sys; from pvs_workflow.inputs import collect_scans\n'
        'collect_scans(sys.argv[1])\n'
        'print(sorted({"bids", "sqlalchemy", "pandas", "numpy"} & set(sys.modules)))\n'
    )
    done = subprocess.run(
        [sys.executable, '-c', code, folder], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == '[]'


def test_a_folder_that_cannot_be_read_has_no_images(make_dataset, monkeypatch):
    folder = make_dataset('sub-01_T2w.nii.gz', 'sub-02_T2w.nii.gz')
    real = os.scandir

    def scandir(path):
        if 'sub-02' in str(path):
            raise PermissionError(13, 'Permission denied')
        return real(path)

    monkeypatch.setattr(os, 'scandir', scandir)
    selection = collect_scans(folder)
    assert [scan.participant for scan in selection.scans] == ['01']
    assert [label for label, _ in selection.missing] == ['02']


@pytest.mark.slow
def test_thousands_take_a_second(make_dataset):
    folder = make_dataset('sub-0001_T2w.nii.gz')
    for number in range(2, 3001):
        anat = folder / f'sub-{number:04}' / 'anat'
        anat.mkdir(parents=True)
        for suffix in ('T2w', 'T1w', 'FLAIR'):
            (anat / f'sub-{number:04}_{suffix}.nii.gz').touch()
    start = time.perf_counter()
    assert len(collect_scans(folder).scans) == 3000
    # pybids takes over 15 s.
    assert time.perf_counter() - start < 4
