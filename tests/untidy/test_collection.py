"""Names and places that nearly fit, leftovers, dual echoes, and files that may not be read."""

import json
import stat

import nibabel as nb
import numpy as np
import pytest

from pvs_workflow.inputs import collect_scans
from tests.builders.untidy_collection import open_folder, unprivileged, untidy_dataset

MAX_WORDS = 25

NEAR_MISSES = {
    'heudiconv duplicate': (
        ['anat/sub-x_T2w__dup-01.nii.gz'],
        'sub-x_T2w__dup-01.nii.gz is a duplicate that heudiconv named; if it is the right one, '
        'rename it to sub-x_T2w.nii.gz',
    ),
    'heudiconv echoes': (
        ['anat/sub-x_T2w_heudiconv740_Eq_1.nii.gz'],
        'sub-x_T2w_heudiconv740_Eq_1.nii.gz is not a BIDS name; rename it to sub-x_T2w.nii.gz',
    ),
    'numbers': (
        ['anat/sub-x_T2w2.nii.gz', 'anat/sub-x_T2w1.nii.gz'],
        'sub-x_T2w1.nii.gz is numbered; rename it to sub-x_run-1_T2w.nii.gz',
    ),
    'number after a hyphen': (
        ['anat/sub-x_T2w-02.nii.gz'],
        'sub-x_T2w-02.nii.gz is numbered; rename it to sub-x_run-2_T2w.nii.gz',
    ),
    'capital W': (
        ['anat/sub-x_T2W.nii.gz'],
        'sub-x_T2W.nii.gz has wrong capital letters; rename it to sub-x_T2w.nii.gz',
    ),
    'small t': (
        ['anat/sub-x_acq-a_t2w.nii'],
        'sub-x_acq-a_t2w.nii has wrong capital letters; rename it to sub-x_acq-a_T2w.nii.gz',
    ),
    'capital extension': (
        ['anat/sub-x_T2w.NII.GZ'],
        'sub-x_T2w.NII.GZ has wrong capital letters; rename it to sub-x_T2w.nii.gz',
    ),
    'unfinished download': (
        ['anat/sub-x_T2w.nii.gz.part'],
        'sub-x_T2w.nii.gz.part is an unfinished copy; copy it again',
    ),
    'browser download': (
        ['anat/sub-x_T2w.nii.gz.crdownload'],
        'sub-x_T2w.nii.gz.crdownload is an unfinished copy; copy it again',
    ),
    'copy of Windows': (
        ['anat/sub-x_T2w - Copy.nii.gz'],
        'sub-x_T2w - Copy.nii.gz is not a BIDS name; rename it to sub-x_T2w.nii.gz',
    ),
    'backup': (
        ['anat/sub-x_T2w.nii.gz.bak'],
        'sub-x_T2w.nii.gz.bak is not a BIDS name; rename it to sub-x_T2w.nii.gz',
    ),
    'folder of the participant': (
        ['sub-x_T2w.nii.gz'],
        'sub-x/sub-x_T2w.nii.gz is not in sub-x/anat; move it there',
    ),
    'folder of diffusion': (
        ['dwi/sub-x_T2w.nii.gz'],
        'sub-x/dwi/sub-x_T2w.nii.gz is not in sub-x/anat; move it there',
    ),
    'folder with capitals': (
        ['Anat/sub-x_T2w.nii.gz'],
        'sub-x/Anat/sub-x_T2w.nii.gz is not in sub-x/anat; move it there',
    ),
    'label without its zero': (
        ['anat/sub-0x_T2w.nii.gz'],
        'sub-0x_T2w.nii.gz has the name of another place; rename it to sub-x_T2w.nii.gz',
    ),
    'name of the series': (
        ['anat/t2_tse_tra_p2.nii.gz'],
        't2_tse_tra_p2.nii.gz is not a BIDS name; if it is the T2w, name it sub-x_T2w.nii.gz',
    ),
    'T2': (
        ['anat/sub-x_T2.nii.gz'],
        'sub-x_T2.nii.gz is not a BIDS name; if it is the T2w, name it sub-x_T2w.nii.gz',
    ),
    'T2 star': (
        ['anat/sub-x_T2star.nii.gz'],
        'sub-x_T2star.nii.gz is not a T2-weighted scan; give sub-x_T2w.nii.gz',
    ),
    'both echoes': (
        ['anat/sub-x_PDT2.nii.gz'],
        'sub-x_PDT2.nii.gz also holds proton density; save its T2w as sub-x_T2w.nii.gz',
    ),
    'both echoes, numbered': (
        ['anat/sub-x_PDT2_2.nii.gz'],
        'sub-x_PDT2_2.nii.gz also holds proton density; save its T2w as sub-x_T2w.nii.gz',
    ),
    'Analyze': (
        ['anat/sub-x_T2w.hdr', 'anat/sub-x_T2w.img'],
        'sub-x_T2w.hdr is not .nii or .nii.gz; convert it to sub-x_T2w.nii.gz',
    ),
    'FreeSurfer': (
        ['anat/sub-x_T2w.mgz'],
        'sub-x_T2w.mgz is not .nii or .nii.gz; convert it to sub-x_T2w.nii.gz',
    ),
    'bzip2': (
        ['anat/sub-x_T2w.nii.bz2'],
        'sub-x_T2w.nii.bz2 is not .nii or .nii.gz; convert it to sub-x_T2w.nii.gz',
    ),
    'DICOM': (
        ['anat/T2_TSE/0001.dcm'],
        'sub-x/anat/T2_TSE is a folder; convert its images to sub-x_T2w.nii.gz',
    ),
    'DICOM next to anat': (
        ['DICOM/0001'],
        'sub-x/DICOM is a folder; convert its images to sub-x_T2w.nii.gz',
    ),
    'DICOM files': (
        ['anat/0001.dcm'],
        'sub-x/anat/0001.dcm is DICOM; convert it to sub-x_T2w.nii.gz',
    ),
    'unpacked folder': (
        ['anat/sub-x_T2w.nii.gz/sub-x_T2w.nii'],
        'sub-x_T2w.nii.gz is a folder instead of a file; fetch or replace it',
    ),
}


@pytest.mark.parametrize('case', NEAR_MISSES)
def test_the_file_that_nearly_fits_is_named(tmp_path, case):
    files, sentence = NEAR_MISSES[case]
    bids = untidy_dataset(tmp_path, *files)
    selection = collect_scans(bids)
    assert [scan.participant for scan in selection.scans] == ['good']
    ((label, text),) = selection.missing
    assert label == 'x'
    assert text.endswith(sentence)
    assert len(text.split()) <= MAX_WORDS


LEFTOVERS = {
    'heudiconv': ['anat/sub-x_T2w__dup-01.nii.gz'],
    'numbers': ['anat/sub-x_T2w1.nii.gz'],
    'unfinished': ['anat/sub-x_T2w.nii.gz.part'],
    'another participant': ['anat/sub-y_T2w.nii.gz'],
    'misnamed T1w': ['anat/sub-x_T1w_1.nii.gz', 'anat/sub-y_T1w.nii.gz'],
}


@pytest.mark.parametrize('case', LEFTOVERS)
def test_a_leftover_next_to_a_t2w_is_only_a_warning(tmp_path, case):
    selection = collect_scans(untidy_dataset(tmp_path, *LEFTOVERS[case], remove_t2w=False))
    assert [scan.participant for scan in selection.scans] == ['good', 'x']
    assert selection.missing == ()
    (warning,) = selection.warnings
    assert warning.startswith('sub-x: sub-x/anat/')
    assert ' was left out; it' in warning


SILENT = [
    'anat/._sub-x_T2w.nii.gz',
    'anat/.DS_Store',
    'anat/Thumbs.db',
    'anat/desktop.ini',
    'anat/Icon\r',
    'anat/.nfs00000000012345',
    'anat/@eaDir/sub-x_T2w.nii.gz/SYNO.nii.gz',
    'anat/.~lock.sub-x_T2w.json#',
    'anat/sub-x_T2starw.nii.gz',
    'anat/sub-x_PDT2.nii.gz',
    'anat/sub-x_part-phase_T2w.nii.gz',
    'dwi/sub-x_T2w.nii.gz',
    '._anat/sub-x_T2w.nii.gz',
]


@pytest.mark.parametrize('name', SILENT)
def test_files_of_systems_and_other_contrasts_are_passed_over(tmp_path, name):
    selection = collect_scans(untidy_dataset(tmp_path, name, remove_t2w=False))
    assert [scan.t2w.name for scan in selection.scans] == [
        'sub-good_T2w.nii.gz',
        'sub-x_T2w.nii.gz',
    ]
    assert (selection.missing, selection.warnings) == ((), ())


@pytest.mark.parametrize('locked', ['sub-x', 'sub-x/anat', 'sub-x/anat/sub-x_T2w.nii.gz'])
@pytest.mark.parametrize('mode', [0o000, 0o444])
def test_permissions_cost_only_their_participant(locked, mode):
    with open_folder() as folder:
        path = untidy_dataset(folder, remove_t2w=False) / locked
        readable = path.is_file() and mode
        path.chmod(mode)
        with unprivileged():
            selection = collect_scans(folder / 'bids')
    assert [scan.participant for scan in selection.scans] == ['good', *(['x'] if readable else [])]
    if not readable:
        ((label, text),) = selection.missing
        assert label == 'x'
        assert 'Permission denied' in text
        assert len(text.split()) <= MAX_WORDS


def test_an_unreadable_session_costs_only_this_session():
    with open_folder() as folder:
        files = [f'ses-{n}/anat/sub-x_ses-{n}_T2w.nii.gz' for n in (1, 2)]
        path = untidy_dataset(folder, *files) / 'sub-x/ses-2/anat'
        path.chmod(0)
        with unprivileged():
            selection = collect_scans(folder / 'bids')
            chosen = collect_scans(folder / 'bids', sessions=['1'])
    assert [scan.prefix for scan in selection.scans] == ['sub-good', 'sub-x_ses-1']
    ((_, text),) = selection.missing
    assert text == f'sub-x: {path} cannot be read: Permission denied; ask its owner for access'
    assert chosen.missing == ()


def test_a_dataset_without_access_is_named():
    from pvs_workflow.errors import InvalidDatasetError

    with open_folder() as folder:
        bids = untidy_dataset(folder)
        bids.chmod(stat.S_IXUSR | stat.S_IXGRP | stat.S_IXOTH)
        with unprivileged(), pytest.raises(InvalidDatasetError, match='Permission denied'):
            collect_scans(bids)


def test_a_t2w_may_be_a_link_to_a_read_only_object(tmp_path):
    bids = untidy_dataset(tmp_path, remove_t2w=False)
    link = bids / 'sub-x/anat/sub-x_T2w.nii.gz'
    target = bids / '.git/annex/objects/a/key/key'
    target.parent.mkdir(parents=True)
    link.rename(target)
    link.symlink_to(target)
    target.chmod(0o444)
    target.parent.chmod(0o555)
    selection = collect_scans(bids)
    target.parent.chmod(0o755)
    assert [(scan.participant, scan.problems) for scan in selection.scans] == [
        ('good', ()),
        ('x', ()),
    ]


def dual_echo(folder, units=1.0, shared=False):
    """Make two echoes of a T2w, with sidecars for each or one for all."""
    names = [f'anat/sub-x_echo-{number}_T2w.nii.gz' for number in (1, 2)]
    bids = untidy_dataset(folder, *names)
    for name, time in zip(names, (0.012, 0.1), strict=True):
        path = bids / 'sub-x' / name.replace('.nii.gz', '.json')
        if shared:
            path = bids / path.name.removeprefix('sub-x_')
        path.write_text(json.dumps({'EchoTime': time * units}))
    return bids


@pytest.mark.parametrize('options', [{}, {'units': 1000}, {'shared': True}], ids=str)
def test_the_first_of_two_echoes_is_left_out(tmp_path, options):
    selection = collect_scans(dual_echo(tmp_path, **options))
    assert [scan.prefix for scan in selection.scans] == ['sub-good', 'sub-x_echo-2']
    assert selection.missing == ()
    (warning,) = selection.warnings
    assert 'sub-x_echo-1_T2w.nii.gz was left out: its echo time, 12 ms' in warning


def test_proton_density_alone_is_refused(tmp_path):
    bids = dual_echo(tmp_path)
    (bids / 'sub-x/anat/sub-x_echo-2_T2w.nii.gz').unlink()
    selection = collect_scans(bids)
    assert [scan.prefix for scan in selection.scans] == ['sub-good']
    ((_, text),) = selection.missing
    assert 'its echo time, 12 ms, is not that of a T2w; give a T2w or correct' in text
    assert len(text.split()) <= MAX_WORDS


def test_a_localizer_is_left_out_next_to_the_t2w(tmp_path):
    bids = untidy_dataset(tmp_path, remove_t2w=False)
    anat = bids / 'sub-x/anat'
    data = np.random.default_rng(1).integers(0, 900, (180, 200, 30)).astype(np.int16)
    nb.save(nb.Nifti1Image(data, np.diag([1, 1, 5, 1])), anat / 'sub-x_T2w.nii.gz')
    nb.save(nb.Nifti1Image(data, np.diag([1, 4, 4, 1])), anat / 'sub-x_acq-loc_T2w.nii.gz')
    selection = collect_scans(bids)
    assert [scan.prefix for scan in selection.scans] == ['sub-good', 'sub-x']
    assert selection.missing == ()
    assert 'sub-x_acq-loc_T2w.nii.gz was left out: ' in selection.warnings[0]
