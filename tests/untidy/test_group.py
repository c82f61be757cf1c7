"""Folders of results as people have them: several T2w, stale results, files of other programs."""

import os
import shutil
import tempfile
from contextlib import contextmanager
from pathlib import Path

import pytest

from pvs_workflow.cli.reports import participants_with_results
from pvs_workflow.report.results import find_scans
from tests.builders.untidy_group import collect, save_count, save_raw

GRADE, COUNTS = (f'_desc-{name}.tsv' for name in ('potter_grade', 'epvs_counts'))


@pytest.fixture
def out(tmp_path):
    return tmp_path / 'out'


def selected(grades):
    return grades.loc[grades['selected'].astype(str).str.lower() == 'true', 't2w'].tolist()


def test_the_good_one_of_several_t2w_is_the_persons_result(out):
    """Two hippocampal slabs and a cord next to an axial T2w."""
    reasons = {'hippo': ('a',), 'hippo2': ('a', 'b')}
    good = save_count(out, 'multi', 25, acquisition='tse')
    save_count(out, 'multi', 3, acquisition='cspine', qc='fail')
    for name, names in reasons.items():
        save_count(out, 'multi', 15, acquisition=name, qc='review', reasons=names)
    other = save_count(out, 'good', 25)
    _, grades, _, page = collect(out)
    assert len(grades) == 5
    assert selected(grades) == [other, good]
    assert 'grade 0: 0, grade 1: 0, grade 2: 0, grade 3: 2, grade 4: 0' in page
    strata = page.partition('id="scanners"')[2].partition('</section>')[0]
    assert '15.0' not in strata


def test_change_compares_one_t2w_of_each_session(out):
    for session, count in (('1', 5), ('2', 8)):
        save_count(out, '01', count, session, acquisition='tse')
        save_count(out, '01', 30, session, acquisition='hippo', qc='review')
    _, _, changes, _ = collect(out)
    assert changes['count_max_change'].tolist() == [3]
    assert 'acq-tse' in changes['t2w_first'][0]


def test_a_repeated_run_replaces_a_failed_one(out):
    save_count(out, '01', 5, '1')
    save_count(out, '01', 40, '2', run='1', qc='fail')
    repeated = save_count(out, '01', 8, '2', run='2')
    _, grades, changes, _ = collect(out)
    assert changes['t2w_second'].tolist() == [repeated]
    assert changes['count_max_change'].tolist() == [3]
    assert repeated in selected(grades)


@pytest.mark.parametrize('what', ['participant', 'session', 'renamed T2w', 'moved to anat'])
def test_results_whose_t2w_is_gone_are_named(out, tmp_path, what):
    kept = save_count(out, '01', 5)
    gone = {
        'participant': lambda: save_count(out, '02', 30),
        'session': lambda: save_count(out, '02', 30, '1'),
        'renamed T2w': lambda: save_count(out, '01', 30, acquisition='old'),
        'moved to anat': lambda: save_count(out, '01', 30, '1'),
    }[what]()
    bids = save_raw(tmp_path / 'bids', kept)
    output, grades, _, page = collect(out, bids)
    (warning,) = output.warnings
    assert warning.startswith(f'results of T2w that are no longer in {bids}: 1 (')
    assert Path(gone).name in warning
    assert warning in page
    assert sorted(grades['t2w']) == sorted([kept, gone])
    assert (gone in selected(grades)) == (what != 'renamed T2w')
    assert output.problems == ()


def test_a_renamed_t2w_replaces_its_earlier_results(out, tmp_path):
    save_count(out, '01', 30)
    new = save_count(out, '01', 5, acquisition='tse', qc='review')
    bids = save_raw(tmp_path / 'bids', new)
    assert selected(collect(out, bids)[1]) == [new]


@pytest.mark.parametrize('dataset', ['none', 'absent', 'empty', 'derivatives', 'not fetched'])
def test_nothing_is_stale_without_the_raw_dataset(out, tmp_path, dataset):
    image = save_count(out, '01', 5)
    bids = tmp_path / 'bids'
    if dataset in ('empty', 'not fetched'):
        bids.mkdir()
    if dataset == 'not fetched':
        (bids / image).parent.mkdir(parents=True)
        (bids / image).symlink_to('../../.git/annex/objects/aa/bb/key')
    folder = {'none': None, 'derivatives': out}.get(dataset, bids)
    (out / 'dataset_description.json').write_text('{"DatasetType": "derivative"}')
    assert collect(out, folder)[0].warnings == ()


LITTER = [
    f'sub-01/anat/._sub-01{GRADE}',
    f'sub-01/anat/._sub-01{COUNTS}',
    'sub-01/anat/.DS_Store',
    'sub-01/anat/Thumbs.db',
    'sub-01/anat/desktop.ini',
    'sub-01/anat/.nfs0000000000000001',
    f'sub-01/anat/.~lock.sub-01{GRADE}#',
    f'sub-01/anat/sub-01{GRADE}~',
    f'sub-01/anat/.sub-01{GRADE}.swp',
    'sub-01/figures/._sub-01_desc-summary_T2w.svg',
    '._sub-01',
    'sub-02/.DS_Store',
    '.DS_Store',
]


@pytest.mark.parametrize('name', LITTER)
def test_files_of_operating_systems_are_neither_reported_nor_counted(out, name):
    save_count(out, '01', 5)
    (out / name).parent.mkdir(parents=True, exist_ok=True)
    (out / name).write_bytes(b'\0\x05\x16\x07')
    output, grades, _, _ = collect(out)
    assert (output.problems, output.warnings) == ((), ())
    assert grades['participant_id'].tolist() == ['sub-01']
    assert [scan.stem for scan in find_scans(out, '01')] == ['sub-01']
    assert participants_with_results(out, ()) == (['01'], [])


def test_copies_of_cloud_drives_are_named_but_not_counted(out):
    save_count(out, '01', 5)
    anat = out / 'sub-01/anat'
    for number in (1, 2):
        shutil.copy(anat / f'sub-01{GRADE}', anat / f'sub-01_desc-potter_grade ({number}).tsv')
    shutil.copytree(out / 'sub-01', out / 'sub-01 (1)')
    output, grades, _, page = collect(out)
    assert output.problems == ()
    (warning,) = output.warnings
    assert warning.startswith('files that look like copies of results, ignored: 6 (')
    assert 'sub-01_desc-potter_grade (1).tsv' in warning
    assert 'look like copies' in page
    assert len(grades) == 1
    assert participants_with_results(out, ())[0] == ['01']


@pytest.fixture
def shared():
    """Return a folder that other users can enter."""
    folder = Path(tempfile.mkdtemp(prefix='pvs-untidy-'))
    folder.chmod(0o755)
    yield folder
    for path in (folder, *folder.rglob('*')):
        path.chmod(0o700)
    shutil.rmtree(folder)


@contextmanager
def without_permission(folder, path):
    """Take away the permissions of a path, for a user other than root who owns the folder."""
    user = os.geteuid()
    if user == 0:
        for owned in (folder, *folder.rglob('*')):
            os.chown(owned, 65534, -1)
        os.seteuid(65534)
    path.chmod(0)
    try:
        yield
    finally:
        path.chmod(0o700)
        os.seteuid(user)


@pytest.mark.parametrize('name', ['sub-02', 'sub-02/anat', f'sub-02/anat/sub-02{GRADE}'])
def test_a_participant_that_cannot_be_read_is_named_and_others_are_collected(shared, name):
    for participant in ('01', '02', '03'):
        save_count(shared, participant, 5)
    assert len(collect(shared)[1]) == 3
    with without_permission(shared, shared / name):
        output, grades, _, _ = collect(shared)
    assert grades['participant_id'].tolist() == ['sub-01', 'sub-03']
    (problem,) = output.problems
    assert problem.startswith(f'{shared / name} cannot be read')
    assert 'Permission denied' in problem


@pytest.mark.parametrize('name', ['bids', 'bids/sub-01', 'bids/sub-01/anat'])
def test_a_raw_dataset_that_cannot_be_read_changes_nothing(shared, name):
    image = save_count(shared / 'out', '01', 5)
    bids = save_raw(shared / 'bids', image)
    collect(shared / 'out', bids)
    with without_permission(shared, shared / name):
        output, grades, _, _ = collect(shared / 'out', bids)
    assert (output.problems, output.warnings) == ((), ())
    assert len(grades) == 1
