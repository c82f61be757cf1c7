import shutil
import sqlite3
from pathlib import PurePosixPath

import pytest

from pvs_workflow.errors import OutputError, PVSError
from pvs_workflow.inputs import collect_scans
from pvs_workflow.inputs.layout import FILE, LayoutIndex
from pvs_workflow.inputs.query import QUERIES


def test_a_saved_index_covers_the_whole_dataset(make_dataset, tmp_path):
    folder = make_dataset('sub-01_T2w.nii.gz', 'sub-02_T2w.nii.gz')
    database = tmp_path / 'deep' / 'database'
    first = collect_scans(folder, participants=['01'], database_dir=database)
    assert [path.name for path in database.iterdir()] == ['layout_index.sqlite']
    second = collect_scans(folder, participants=['02'], database_dir=database)
    assert [scan.participant for scan in first.scans + second.scans] == ['01', '02']
    assert collect_scans(folder, database_dir=database) == collect_scans(folder)


def test_an_index_of_another_dataset_is_refused(make_dataset, tmp_path):
    folder = make_dataset('sub-01_T2w.nii.gz')
    collect_scans(folder, database_dir=tmp_path / 'database')
    shutil.copytree(folder, tmp_path / 'other')
    with pytest.raises(PVSError, match='another dataset'):
        collect_scans(tmp_path / 'other', database_dir=tmp_path / 'database')
    (tmp_path / 'broken').mkdir()
    (tmp_path / 'broken' / 'layout_index.sqlite').write_text('not a database at all')
    with pytest.raises(PVSError, match='has no usable pybids index'):
        collect_scans(tmp_path / 'other', database_dir=tmp_path / 'broken')


def test_a_saved_index_is_not_updated(make_dataset, tmp_path):
    """Files added later are not in the index; files deleted since are reported."""
    folder = make_dataset('sub-01_T2w.nii.gz', 'sub-01_acq-b_T2w.nii.gz')
    collect_scans(folder, database_dir=tmp_path / 'database')
    (folder / 'sub-01/anat/sub-01_T2w.nii.gz').rename(
        folder / 'sub-01/anat/sub-01_acq-new_T2w.nii.gz'
    )
    selection = collect_scans(folder, database_dir=tmp_path / 'database')
    assert [scan.prefix for scan in selection.scans] == ['sub-01_acq-b']
    ((label, reason),) = selection.missing
    assert (label, 'sub-01_T2w.nii.gz is missing' in reason) == ('01', True)


VALUES = {
    'acquisition': ('tse', 'TSE', ['tse', '01'], None, '*', ['tse', None]),
    'run': (1, '01', '02', [1, 2, 10], None, '*'),
    'session': ('1', None, '*'),
    'part': (None, 'mag'),
    'reconstruction': ('norm', '*'),
}
MATCHES = {
    "acquisition 'tse'": ['acq-tse_run-01', 'acq-tse_run-2', 'ses-1_acq-tse'],
    "acquisition 'TSE'": [],
    "acquisition ['tse', '01']": [
        'acq-01_part-mag',
        'acq-tse_run-01',
        'acq-tse_run-2',
        'ses-1_acq-tse',
    ],
    'acquisition None': ['', 'ses-1_rec-norm'],
    "acquisition '*'": ['acq-01_part-mag', 'acq-tse_run-01', 'acq-tse_run-2', 'ses-1_acq-tse'],
    "acquisition ['tse', None]": [
        '',
        'acq-tse_run-01',
        'acq-tse_run-2',
        'ses-1_acq-tse',
        'ses-1_rec-norm',
    ],
    'run 1': ['acq-tse_run-01'],
    "run '01'": ['acq-tse_run-01'],
    "run '02'": ['acq-tse_run-2'],
    'run [1, 2, 10]': ['acq-tse_run-01', 'acq-tse_run-2'],
    'run None': ['', 'acq-01_part-mag', 'ses-1_acq-tse', 'ses-1_rec-norm'],
    "run '*'": ['acq-tse_run-01', 'acq-tse_run-2'],
    "session '1'": ['ses-1_acq-tse', 'ses-1_rec-norm'],
    'session None': ['', 'acq-01_part-mag', 'acq-tse_run-01', 'acq-tse_run-2'],
    "session '*'": ['ses-1_acq-tse', 'ses-1_rec-norm'],
    'part None': ['', 'acq-tse_run-01', 'acq-tse_run-2', 'ses-1_acq-tse', 'ses-1_rec-norm'],
    "part 'mag'": ['acq-01_part-mag'],
    "reconstruction 'norm'": ['ses-1_rec-norm'],
    "reconstruction '*'": ['ses-1_rec-norm'],
}


@pytest.fixture(scope='module')
def dataset(tmp_path_factory):
    """Return a dataset of empty files with all kinds of names, two of them not to be found."""
    folder = tmp_path_factory.mktemp('indexed')
    entities = set().union(*MATCHES.values())
    names = ['_'.join(filter(None, ['sub-01', text, 'T2w.nii.gz'])) for text in entities]
    names += ['sub-01_T1w.nii.gz', 'sub-01_T2w.json', 'sub-01_run-x_T2w.NII.GZ']
    for name in names:
        anat = folder / ('sub-01/ses-1/anat' if 'ses-1' in name else 'sub-01/anat')
        anat.mkdir(parents=True, exist_ok=True)
        (anat / name).touch()
    (folder / 'sub-02/anat').mkdir(parents=True)
    (folder / 'sub-02/anat/sub-02_T2w.nii.gz').touch()
    (folder / 'sub-01/func').mkdir()
    (folder / 'sub-01/func/sub-01_T2w.nii.gz').touch()
    (folder / 'dataset_description.json').write_text('{"Name": "x", "BIDSVersion": "1.10.0"}')
    return folder


def find_t2w(index, query):
    """Return the entities in the names of the T2w that match a query."""
    files = [PurePosixPath(file).name for file in index.find(QUERIES['t2w'] | query)]
    names = [name.removeprefix('sub-01_').removesuffix('T2w.nii.gz') for name in files]
    return sorted(name.rstrip('_') for name in names)


def test_values_lists_null_and_star_mean_the_same_as_in_pybids(dataset, tmp_path):
    for index in (LayoutIndex(dataset, ['01']), LayoutIndex(dataset, (), tmp_path)):
        for name, values in VALUES.items():
            for value in values:
                expected = MATCHES[f'{name} {value!r}']
                assert find_t2w(index, {'subject': '01', name: value}) == expected, (name, value)


def test_only_the_requested_participants_are_indexed(dataset, tmp_path):
    assert find_t2w(LayoutIndex(dataset, ['02']), {}) == ['sub-02']
    assert len(find_t2w(LayoutIndex(dataset, ['01']), {})) == 6
    assert len(find_t2w(LayoutIndex(dataset, ['02'], tmp_path), {})) == 7


def test_options_of_pybids_can_be_passed_from_python(make_dataset):
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
    with pytest.raises(PVSError, match='has no usable pybids index'):
        collect_scans(folder, database_dir=tmp_path)


def test_files_outside_the_dataset_are_ignored_in_an_index(make_dataset, tmp_path):
    folder = make_dataset('sub-01_T2w.nii.gz', 'sub-01_acq-b_T2w.nii.gz')
    collect_scans(folder, database_dir=tmp_path)
    with sqlite3.connect(tmp_path / FILE) as database:
        database.execute("UPDATE files SET path = '/etc/passwd' WHERE path LIKE '%acq-b%'")
    scans = collect_scans(folder, database_dir=tmp_path).scans
    assert [scan.prefix for scan in scans] == ['sub-01']


def test_a_file_system_without_locks_is_named(make_dataset, tmp_path, monkeypatch):
    from bids.layout import BIDSLayout

    def refuse(self, *args, **options):
        raise sqlite3.OperationalError('database is locked')

    monkeypatch.setattr(BIDSLayout, 'save', refuse)
    bids = make_dataset('sub-01_T2w.nii.gz')
    with pytest.raises(OutputError, match='database is locked; choose a folder on another file'):
        collect_scans(bids, database_dir=tmp_path / 'database')
    assert list((tmp_path / 'database').iterdir()) == []
