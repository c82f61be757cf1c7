import itertools
import random
import time
from pathlib import Path

import pytest

from pvs_workflow.errors import NoInputError, NoMatchError
from pvs_workflow.inputs import collect_scans


def image_names(scan):
    """Return the file names of a scan's images, None for a missing contrast."""
    return tuple(path and path.name for path in (scan.t2w, scan.t1w, scan.flair))


def test_every_t2w_is_a_scan_with_all_its_entities(make_dataset):
    folder = make_dataset(
        'sub-01_ses-1_acq-hi_run-01_T2w.nii.gz',
        'sub-01_ses-1_acq-hi_run-2_T2w.nii.gz',
        'sub-01_ses-1_acq-lo_T2w.nii',
        'sub-02_T2w.nii.gz',
    )
    scans = collect_scans(folder).scans
    assert [scan.prefix for scan in scans] == [
        'sub-01_ses-1_acq-hi_run-01',
        'sub-01_ses-1_acq-hi_run-2',
        'sub-01_ses-1_acq-lo',
        'sub-02',
    ]
    assert [scan.folder for scan in scans] == ['sub-01/ses-1/anat'] * 3 + ['sub-02/anat']
    assert scans[0].entities == (('sub', '01'), ('ses', '1'), ('acq', 'hi'), ('run', '01'))
    names = [scan.name for scan in scans]
    assert len(set(names)) == 4
    assert all(name.replace('_', '').isalnum() and name.isascii() for name in names)


def test_t1w_and_flair_go_with_the_t2w(make_dataset):
    folder = make_dataset('sub-01_T2w.nii.gz', 'sub-01_T1w.nii.gz', 'sub-01_FLAIR.nii.gz')
    (scan,) = collect_scans(folder).scans
    assert image_names(scan) == ('sub-01_T2w.nii.gz', 'sub-01_T1w.nii.gz', 'sub-01_FLAIR.nii.gz')
    assert scan.sources(folder) == tuple(
        f'bids:raw:sub-01/anat/sub-01_{suffix}.nii.gz' for suffix in ('T2w', 'T1w', 'FLAIR')
    )


def test_other_contrasts_are_optional(make_dataset):
    (scan,) = collect_scans(make_dataset('sub-01_T2w.nii.gz')).scans
    assert image_names(scan) == ('sub-01_T2w.nii.gz', None, None)
    assert scan.notes == ('no T1w', 'no FLAIR')


@pytest.mark.parametrize(
    ('t2w_session', 't1w_sessions', 'expected'),
    [
        ('2', ['1', '2', '3'], '2'),
        ('2', ['1', '3'], '1'),  # equally near: the earlier
        ('3', ['1', '4'], '4'),
        ('10', ['2', '9'], '9'),  # labels are sorted as numbers
        ('1', ['9', '10'], '9'),
    ],
)
def test_the_nearest_session_is_chosen(make_dataset, t2w_session, t1w_sessions, expected):
    flairs = [f'sub-01_ses-{n}_FLAIR.nii.gz' for n in range(1, 11)]
    t1ws = [f'sub-01_ses-{session}_T1w.nii.gz' for session in t1w_sessions]
    (scan,) = collect_scans(
        make_dataset(f'sub-01_ses-{t2w_session}_T2w.nii.gz', *t1ws, *flairs)
    ).scans
    assert scan.t1w.name == f'sub-01_ses-{expected}_T1w.nii.gz'
    assert scan.flair.name == f'sub-01_ses-{t2w_session}_FLAIR.nii.gz'
    assert any(scan.t1w.name in note for note in scan.notes)


def test_sessions_without_images_count_as_sessions(make_dataset):
    folder = make_dataset(
        'sub-01_ses-3_T2w.nii.gz', 'sub-01_ses-1_T1w.nii.gz', 'sub-01_ses-4_T1w.nii.gz'
    )
    (folder / 'sub-01' / 'ses-2' / 'func').mkdir(parents=True)
    (scan,) = collect_scans(folder).scans
    assert scan.t1w.name == 'sub-01_ses-4_T1w.nii.gz'


def test_the_lowest_run_then_the_first_name_is_chosen(make_dataset):
    names = [
        'sub-01_run-10_T1w.nii.gz',
        'sub-01_run-2_T1w.nii.gz',
        'sub-01_acq-b_FLAIR.nii.gz',
        'sub-01_acq-a_FLAIR.nii.gz',
    ]
    (scan,) = collect_scans(make_dataset('sub-01_T2w.nii.gz', *names)).scans
    assert image_names(scan)[1:] == ('sub-01_run-2_T1w.nii.gz', 'sub-01_acq-a_FLAIR.nii.gz')


def test_choice_does_not_depend_on_labels(make_dataset, tmp_path):
    """Labels that keep the order of sessions give the same choice."""
    choices = set()
    for number, (participant, sessions) in enumerate(
        itertools.product(['01', 'zz9', 'A'], [('1', '2', '3'), ('b', 'm', 'x'), ('2', '9', '10')])
    ):
        first, second, third = sessions
        folder = make_dataset(
            f'sub-{participant}_ses-{first}_T2w.nii.gz',
            f'sub-{participant}_ses-{third}_T2w.nii.gz',
            f'sub-{participant}_ses-{second}_T1w.nii.gz',
            f'sub-{participant}_ses-{third}_run-1_FLAIR.nii.gz',
        )
        scans = collect_scans(folder).scans
        choices.add(
            tuple(
                sessions.index(path.parent.parent.name[4:])
                for scan in scans
                for path in (scan.t2w, scan.t1w, scan.flair)
            )
        )
        folder.rename(tmp_path / f'done{number}')
    assert choices == {(0, 1, 2, 2, 1, 2)}


def test_order_of_files_on_disk_does_not_matter(make_dataset, tmp_path):
    names = [
        f'sub-{label}_ses-{session}_run-{run}_{suffix}.nii.gz'
        for label in ('1', '2')
        for session in ('1', '2')
        for run in (1, 2)
        for suffix in ('T2w', 'T1w')
    ]
    results = set()
    for number in range(3):
        random.Random(number).shuffle(names)
        folder = make_dataset(*names)
        results.add(tuple(map(image_names, collect_scans(folder).scans)))
        folder.rename(tmp_path / f'done{number}')
    assert len(results) == 1


@pytest.mark.parametrize('label', ['02', 'sub-02'])
def test_participant_labels_need_no_prefix(make_dataset, label):
    folder = make_dataset(*(f'sub-0{n}_T2w.nii.gz' for n in range(1, 4)))
    selection = collect_scans(folder, participants=[label, label])
    assert [scan.participant for scan in selection.scans] == ['02']
    assert selection.missing == ()


def test_labels_with_a_common_prefix_are_not_confused(make_dataset):
    folder = make_dataset('sub-1_T2w.nii.gz', 'sub-10_T2w.nii.gz', 'sub-10_T1w.nii.gz')
    (scan,) = collect_scans(folder, participants=['1']).scans
    assert image_names(scan) == ('sub-1_T2w.nii.gz', None, None)


@pytest.mark.parametrize('label', ['2', 'ses-2'])
def test_session_labels_restrict_only_the_t2w(make_dataset, label):
    folder = make_dataset(
        'sub-01_ses-1_T2w.nii.gz', 'sub-01_ses-2_T2w.nii.gz', 'sub-01_ses-1_T1w.nii.gz'
    )
    (scan,) = collect_scans(folder, sessions=[label]).scans
    assert image_names(scan) == ('sub-01_ses-2_T2w.nii.gz', 'sub-01_ses-1_T1w.nii.gz', None)
    assert scan in collect_scans(folder).scans


def test_plain_and_compressed_are_one_image(make_dataset):
    folder = make_dataset('sub-01_T2w.nii', 'sub-01_T2w.nii.gz')
    (scan,) = collect_scans(folder).scans
    assert scan.t2w.name == 'sub-01_T2w.nii.gz'
    assert 'sub-01_T2w.nii left out' in scan.notes


def test_other_participants_remain_if_some_are_missing(make_dataset):
    folder = make_dataset('sub-01_T2w.nii.gz', 'sub-02_T1w.nii.gz')
    selection = collect_scans(folder, participants=['01', '02', '03'])
    assert [scan.participant for scan in selection.scans] == ['01']
    assert [label for label, _ in selection.missing] == ['03', '02']
    reasons = dict(selection.missing)
    assert 'not in the dataset' in reasons['03']
    assert 'no T2w' in reasons['02']


def test_without_labels_all_participants_are_requested(make_dataset):
    selection = collect_scans(make_dataset('sub-01_T2w.nii.gz', 'sub-02_T1w.nii.gz'))
    assert [label for label, _ in selection.missing] == ['02']


def test_a_participant_without_the_session_is_missing_only_if_requested(make_dataset):
    folder = make_dataset('sub-01_ses-1_T2w.nii.gz', 'sub-02_ses-2_T2w.nii.gz')
    selection = collect_scans(folder, sessions=['1'])
    assert (selection.missing, [label for label, _ in selection.skipped]) == ((), ['02'])
    selection = collect_scans(folder, participants=['01', '02'], sessions=['1'])
    assert ([label for label, _ in selection.missing], selection.skipped) == (['02'], ())


def test_a_broken_link_to_a_t2w_is_reported(make_dataset):
    folder = make_dataset('sub-01_T2w.nii.gz')
    link = folder / 'sub-02' / 'anat' / 'sub-02_T2w.nii.gz'
    link.parent.mkdir(parents=True)
    link.symlink_to(folder / 'nowhere.nii.gz')
    selection = collect_scans(folder)
    assert [scan.participant for scan in selection.scans] == ['01']
    assert selection.missing == (('02', f'sub-02: {link} is a broken link; fetch or replace it'),)


def test_a_folder_with_the_name_of_a_t2w_is_reported(make_dataset):
    folder = make_dataset('sub-01_T2w.nii.gz', 'sub-02_T1w.nii.gz')
    (folder / 'sub-02' / 'anat' / 'sub-02_T2w.nii.gz').mkdir()
    ((label, reason),) = collect_scans(folder).missing
    assert label == '02'
    assert 'sub-02_T2w.nii.gz is a folder instead of a file' in reason


def test_links_to_images_are_used(make_dataset):
    folder = make_dataset('sub-01_T2w.nii.gz')
    image = folder / 'sub-01' / 'anat' / 'sub-01_T2w.nii.gz'
    image.rename(folder.parent / 'elsewhere.nii.gz')
    image.symlink_to(folder.parent / 'elsewhere.nii.gz')
    assert collect_scans(folder).scans[0].t2w == image


@pytest.mark.parametrize(
    'arguments',
    [
        {'participants': ['7', '8']},
        {'sessions': ['7']},
        {'participants': ['01'], 'sessions': ['7']},
        {'filters': {'t2w': {'acquisition': 'none'}}},
    ],
)
def test_a_query_without_matches_has_its_exit_code(make_dataset, arguments):
    folder = make_dataset('sub-01_ses-1_T2w.nii.gz')
    with pytest.raises(NoMatchError) as error:
        collect_scans(folder, **arguments)
    assert error.value.exit_code == 18


@pytest.mark.parametrize('names', [(), ('sub-01_T1w.nii.gz',)])
def test_a_dataset_without_t2w_has_its_exit_code(make_dataset, names):
    with pytest.raises(NoInputError) as error:
        collect_scans(make_dataset(*names))
    assert error.value.exit_code == 66


def test_cost_does_not_grow_with_the_dataset(make_dataset):
    folder = make_dataset('sub-0001_T2w.nii.gz')
    collect_scans(folder)  # load modules

    def seconds():
        start = time.perf_counter()
        collect_scans(folder, participants=['0001'])
        return time.perf_counter() - start

    alone = min(seconds() for _ in range(3))
    for number in range(2, 1002):
        anat = folder / f'sub-{number:04}' / 'anat'
        anat.mkdir(parents=True)
        (anat / f'sub-{number:04}_T2w.nii.gz').touch()
    # pybids would take over 5 s to index all participants.
    assert min(seconds() for _ in range(3)) < 2 * alone + 0.5


def test_a_relative_path_becomes_absolute(make_dataset, monkeypatch):
    folder = make_dataset('sub-01_T2w.nii.gz')
    monkeypatch.chdir(folder.parent)
    (scan,) = collect_scans(Path('bids')).scans
    assert scan.t2w.is_absolute()
