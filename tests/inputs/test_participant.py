from pvs_workflow.inputs.listing import list_participant
from pvs_workflow.inputs.metadata import Sidecars
from pvs_workflow.inputs.participant import (
    ParticipantFiles,
    collect_participant,
    split_copies,
)
from pvs_workflow.inputs.query import find_images


def collect(bids, label='01', sessions=()):
    listing = list_participant(bids, label)
    images = {kind: find_images(bids, listing.files, kind) for kind in ('t2w', 't1w', 'flair')}
    files = ParticipantFiles(label, listing, images, images['t2w'])
    return collect_participant(files, sessions, Sidecars(bids))


def test_a_leftover_next_to_a_t2w_is_a_warning(make_dataset, make_image):
    bids = make_dataset('sub-01_T2w.nii.gz')
    make_image(bids / 'sub-01/anat/sub-01_T2w1.nii.gz')
    make_image(bids / 'sub-01/anat/sub-02_T1w.nii.gz')
    found = collect(bids)
    assert (len(found.scans), found.missing) == (1, [])
    assert found.warnings == [
        'sub-01/anat/sub-01_T2w1.nii.gz was left out; it is numbered',
        'sub-01/anat/sub-02_T1w.nii.gz was left out; its name does not fit its folder',
    ]


def test_each_session_is_considered_separately(make_dataset, make_image):
    bids = make_dataset('sub-01_ses-1_T2w.nii.gz', 'sub-01_ses-3_T1w.nii.gz')
    make_image(bids / 'sub-01/ses-2/anat/sub-01_ses-2_T2W.nii.gz')
    found = collect(bids)
    assert [scan.session for scan in found.scans] == ['1']
    (sentence,) = found.missing
    assert 'ses-2_T2W.nii.gz has wrong capital letters' in sentence
    assert collect(bids, sessions=['1']).missing == []


def test_a_participant_without_a_match_is_not_missing(make_dataset):
    found = collect(make_dataset('sub-01_ses-1_T2w.nii.gz'), sessions=['2'])
    assert (found.scans, found.missing, found.is_unmatched) == ([], [], True)


def test_a_copy_of_a_session_is_a_warning_and_another_session_is_missing(make_dataset, make_image):
    bids = make_dataset('sub-01_ses-1_T2w.nii.gz')
    make_image(bids / 'sub-01/ses-1.bak/anat/sub-01_ses-1_T2w.nii.gz')
    found = collect(bids)
    assert (len(found.warnings), found.missing) == (1, [])
    make_image(bids / 'sub-01/ses-pre_op/anat/sub-01_ses-pre_op_T2w.nii.gz')
    (sentence,) = collect(bids).missing
    assert "'pre_op' is not a label" in sentence


def test_copies_of_participants_are_no_other_participants(make_dataset, make_image):
    bids = make_dataset('sub-01_T2w.nii.gz')
    make_image(bids / 'sub-01.bak/anat/sub-01_T2w.nii.gz')
    make_image(bids / 'sub-02_a/anat/sub-02_a_T2w.nii.gz')
    missing = [('01.bak', 'a copy'), ('02_a', 'another'), ('03', 'not in the dataset')]
    really, copies = split_copies(bids, missing, {'sub-01_T2w.nii.gz'})
    assert (really, copies) == (missing[1:], ['a copy'])


def test_a_sidecar_that_cannot_be_read_is_a_problem(make_dataset):
    bids = make_dataset('sub-01_T2w.nii.gz')
    (bids / 'sub-01/anat/sub-01_T2w.json').symlink_to('nowhere')
    (scan,) = collect(bids).scans
    assert scan.problems == ('sub-01_T2w.json is a broken link',)
