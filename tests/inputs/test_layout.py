import shutil
import sqlite3

import pytest

from pvs_workflow.errors import PVSError
from pvs_workflow.inputs import collect_scans
from pvs_workflow.inputs.folders import FolderIndex, list_participant
from pvs_workflow.inputs.layout import FILE, LayoutIndex
from pvs_workflow.inputs.query import QUERIES, open_index


def test_kept_index_is_of_the_whole_dataset(make_dataset, tmp_path):
    folder = make_dataset('sub-01_T2w.nii.gz', 'sub-02_T2w.nii.gz')
    database = tmp_path / 'deep' / 'database'
    first = collect_scans(folder, participants=['01'], database_dir=database)
    assert [path.name for path in database.iterdir()] == ['layout_index.sqlite']
    second = collect_scans(folder, participants=['02'], database_dir=database)
    assert [scan.participant for scan in first.scans + second.scans] == ['01', '02']
    assert collect_scans(folder, database_dir=database) == collect_scans(folder)


def test_kept_index_of_another_dataset_is_refused(make_dataset, tmp_path):
    folder = make_dataset('sub-01_T2w.nii.gz')
    collect_scans(folder, database_dir=tmp_path / 'database')
    shutil.copytree(folder, tmp_path / 'other')
    with pytest.raises(PVSError, match='another dataset'):
        collect_scans(tmp_path / 'other', database_dir=tmp_path / 'database')
    (tmp_path / 'broken').mkdir()
    (tmp_path / 'broken' / 'layout_index.sqlite').write_text('not a database at all')
    with pytest.raises(PVSError, match='expected a pybids index'):
        collect_scans(tmp_path / 'other', database_dir=tmp_path / 'broken')


def test_files_of_a_kept_index_are_what_it_was_made_of(make_dataset, tmp_path):
    """What was added later is not in it; what is gone is told."""
    folder = make_dataset('sub-01_T2w.nii.gz', 'sub-01_acq-b_T2w.nii.gz')
    collect_scans(folder, database_dir=tmp_path / 'database')
    (folder / 'sub-01/anat/sub-01_T2w.nii.gz').rename(
        folder / 'sub-01/anat/sub-01_acq-new_T2w.nii.gz'
    )
    selection = collect_scans(folder, database_dir=tmp_path / 'database')
    assert [scan.prefix for scan in selection.scans] == ['sub-01_acq-b']
    ((label, reason),) = selection.missing
    assert (label, 'sub-01_T2w.nii.gz is missing' in reason) == ('01', True)


def test_an_index_of_some_participants_and_a_kept_one_find_what_listing_finds(
    make_dataset, tmp_path
):
    folder = make_dataset(
        'sub-01_T2w.nii.gz', 'sub-01_ses-1_acq-tse_T2w.nii.gz', 'sub-A+b_T1w.nii.gz'
    )
    listings = {label: list_participant(folder, label) for label in ('01', 'A+b')}
    listed = open_index(folder, listings, {})
    assert isinstance(listed, FolderIndex)
    for index in (LayoutIndex(folder, ['01', 'A+b']), open_index(folder, listings, {}, tmp_path)):
        assert isinstance(index, LayoutIndex)
        for query in QUERIES.values():
            assert sorted(index.find(query)) == sorted(listed.find(query))
    assert LayoutIndex(folder, ['A+b']).find(QUERIES['t2w']) == []


def test_pybids_own_ways_to_ask_still_work(make_dataset):
    folder = make_dataset(
        'sub-01_acq-tse_run-01_T2w.nii.gz', 'sub-01_acq-tse_run-2_T2w.nii.gz', 'sub-01_T2w.nii.gz'
    )
    filters = {'t2w': {'regex_search': True, 'acquisition': 't.e', 'run': '2'}}
    (scan,) = collect_scans(folder, participants=['01'], filters=filters).scans
    assert scan.prefix == 'sub-01_acq-tse_run-2'


def test_unknown_entities_are_refused_by_pybids(make_dataset):
    with pytest.raises(PVSError, match="'acquisiton' is not a recognized entity"):
        collect_scans(make_dataset('sub-01_T2w.nii.gz'), filters={'flair': {'acquisiton': 'tse'}})


def test_a_damaged_index_is_named(make_dataset, tmp_path):
    folder = make_dataset('sub-01_T2w.nii.gz')
    collect_scans(folder, database_dir=tmp_path)
    with sqlite3.connect(tmp_path / FILE) as database:
        database.execute('DROP TABLE files')
    with pytest.raises(PVSError, match='expected a pybids index'):
        collect_scans(folder, database_dir=tmp_path)


def test_files_outside_the_dataset_are_not_taken_from_an_index(make_dataset, tmp_path):
    folder = make_dataset('sub-01_T2w.nii.gz', 'sub-01_acq-b_T2w.nii.gz')
    collect_scans(folder, database_dir=tmp_path)
    with sqlite3.connect(tmp_path / FILE) as database:
        database.execute("UPDATE files SET path = '/etc/passwd' WHERE path LIKE '%acq-b%'")
    scans = collect_scans(folder, database_dir=tmp_path).scans
    assert [scan.prefix for scan in scans] == ['sub-01']
