"""Queries over listed folders find what pybids finds."""

import itertools
import os
import subprocess
import sys
import time

import pytest

from pvs_workflow.inputs import collect_scans
from pvs_workflow.inputs.folders import FolderIndex, entities, is_simple, list_participant
from pvs_workflow.inputs.layout import LayoutIndex
from pvs_workflow.inputs.query import QUERIES, open_index

NAMES = (
    'sub-01/anat/sub-01_T2w.nii.gz',
    'sub-01/anat/sub-01_T2w.nii',
    'sub-01/anat/sub-01_T2w.json',
    'sub-01/anat/sub-01_T2w.NII.GZ',
    'sub-01/anat/sub-01_acq-tse_run-01_T2w.nii.gz',
    'sub-01/anat/sub-01_acq-tse_run-2_T2w.nii.gz',
    'sub-01/anat/sub-01_acq-01_part-mag_T2w.nii.gz',
    'sub-01/anat/sub-01_part-phase_T2w.nii.gz',
    'sub-01/anat/sub-01_run-x_T2w.nii.gz',
    'sub-01/anat/sub-01_run-10_echo-1_T2w.nii.gz',
    'sub-01/anat/sub-02_ses-9_T2w.nii.gz',
    'sub-01/anat/T2w.nii.gz',
    'sub-01/anat/.sub-01_T2w.nii.gz',
    'sub-01/anat/deeper/sub-01_acq-deep_T2w.nii.gz',
    'sub-01/func/sub-01_T2w.nii.gz',
    'sub-01/ses-1/anat/sub-01_ses-1_acq-tse_T2w.nii.gz',
    'sub-01/ses-1/anat/sub-01_ses-1_T1w.nii.gz',
    'sub-01/ses-1/dwi/sub-01_ses-1_dwi.nii.gz',
    'sub-01/other/anat/sub-01_T2w.nii.gz',
    'sub-A+b/ses-x1/anat/sub-A+b_ses-x1_rec-norm_T2w.nii.gz',
    'sub-A+b/ses-x1/anat/sub-A+b_ses-x1_FLAIR.nii.gz',
    'sub-A+b/ses-x1/anat/sub-A+b_ses-x1_T2w_old.nii.gz',
)
VALUES = {
    'acquisition': ('tse', 'TSE', '01', 1, ['tse', '01'], None, '*', ['tse', None], []),
    'run': (1, '1', '01', '02', [1, 2, 10], None, '*', [None, 2], 0),
    'session': ('1', 'x1', None, '*', ['1', 'x1']),
    'subject': ('01', '02', 'A+b', 1),
    'echo': (1, '1', None),
    'part': (None, 'mag', ['mag', None]),
    'suffix': ('T1w', 'T2w', 'old', ['T1w', 'FLAIR'], None, '*'),
    'extension': ('nii.gz', '.nii.gz', ['nii', '.json'], '.NII.GZ', None, '*', ''),
    'datatype': ('func', None, '*'),
    'reconstruction': ('norm', '*'),
}
SIMPLE = [{name: value} for name, values in VALUES.items() for value in values]
SIMPLE += [
    {a: x, b: y}
    for a, b in itertools.combinations(('acquisition', 'run', 'session', 'suffix'), 2)
    for x in VALUES[a][:7]
    for y in VALUES[b][:7]
]


@pytest.fixture(scope='module')
def dataset(tmp_path_factory):
    """Return a dataset of empty files with all kinds of names, and both ways to ask it."""
    folder = tmp_path_factory.mktemp('indexed')
    for name in NAMES:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    (folder / 'dataset_description.json').write_text('{"Name": "x", "BIDSVersion": "1.10.0"}')
    (folder / 'sub-01/anat/sub-01_acq-folder_T2w.nii.gz').mkdir()
    (folder / 'sub-01/anat/sub-01_acq-link_T2w.nii.gz').symlink_to('nowhere')
    (folder / 'sub-01/ses-2').symlink_to('ses-1')
    listings = {label: list_participant(folder, label) for label in ('01', 'A+b')}
    ours, theirs = (open_index(folder, listings, filters) for filters in ({}, UNUSUAL))
    assert isinstance(ours, FolderIndex)
    assert isinstance(theirs, LayoutIndex)
    return folder, ours, theirs


UNUSUAL = {'t2w': {'regex_search': True}}


@pytest.mark.parametrize('asked', SIMPLE, ids=str)
def test_the_same_is_found_as_by_pybids(dataset, asked):
    _, ours, theirs = dataset
    for query in (QUERIES['t2w'] | asked, asked):
        assert is_simple(query)
        assert sorted(ours.find(query)) == sorted(theirs.find(query)), query


def test_these_queries_tell_files_apart(dataset):
    """They would prove nothing if they found all files or none."""
    numbers = [len(list(dataset[1].find(QUERIES['t2w'] | asked))) for asked in SIMPLE]
    assert len(set(numbers)) > 6
    assert sum(number > 0 for number in numbers) > len(numbers) / 3


@pytest.mark.parametrize(
    'query',
    [
        {'regex_search': True, 'acquisition': 't.*'},
        {'acquisiton': 'tse'},
        {'acquisition': True},
        {'acquisition': 1.5},
        {'acquisition': {'a': 1}},
        {'acquisition': [['a']]},
        {'run': 'x'},
        {'run': ['*']},
        {'scope': 'raw'},
    ],
    ids=str,
)
def test_what_is_not_simple_is_left_to_pybids(dataset, query):
    folder, *_ = dataset
    assert not is_simple(query)
    listings = {'01': list_participant(folder, '01')}
    assert isinstance(open_index(folder, listings, {'t1w': {}, 't2w': query}), LayoutIndex)


def test_listing(dataset):
    folder, *_ = dataset
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


def test_patterns_are_those_of_pybids():
    from bids.layout.models import Config

    theirs = Config.load('bids').entities
    assert {name: (e.pattern.pattern, e.is_number) for name, e in entities().items()} == {
        name: (e.pattern, e._dtype == 'int') for name, e in theirs.items()
    }


def test_pybids_is_loaded_only_where_it_is_needed(make_dataset):
    folder = make_dataset('sub-01_T2w.nii.gz')
    code = (
        'import sys; from pvs_workflow.inputs import collect_scans\n'
        'collect_scans(sys.argv[1], filters={"t2w": {"acquisition": None}})\n'
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
