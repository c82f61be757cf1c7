from pathlib import Path

from pvs_workflow.group.warnings import (
    absent_warning,
    copies_warning,
    list_names,
    order_warning,
)
from pvs_workflow.inputs.sessions import SessionOrder

IMAGES = [f'sub-0{number}/anat/sub-0{number}_T2w.nii.gz' for number in range(1, 6)]


def test_one_sentence_counts_and_names_the_first_cases():
    assert absent_warning(IMAGES, Path('raw')) == [
        'results of T2w that are no longer in raw: 5 (sub-01_T2w.nii.gz, sub-02_T2w.nii.gz, '
        'sub-03_T2w.nii.gz and 2 more); delete those that were withdrawn or renamed'
    ]
    (sentence,) = copies_warning([Path('out/sub-01/anat/sub-01_desc-potter_grade (1).tsv')])
    assert 'sub-01/…/sub-01_desc-potter_grade (1).tsv' in sentence


def test_participants_without_an_order_of_sessions_are_counted():
    known = SessionOrder(dict.fromkeys(['ses-1', 'ses-2']), 'labels')
    unknown = SessionOrder(dict.fromkeys(['ses-A', 'ses-B']), '')
    assert order_warning({'sub-01': known}) == []
    assert order_warning({'sub-01': known, 'sub-02': unknown, 'sub-03': unknown}) == [
        'participants whose sessions have no known order, so that changes are n/a: 2 (sub-02: '
        'ses-A, ses-B); add acq_time to sessions.tsv'
    ]


def test_without_cases_there_is_no_warning():
    assert absent_warning([], Path('raw')) == copies_warning([]) == order_warning({}) == []
    assert list_names([]) == ''


def test_names_are_printable():
    assert list_names(['sub-a\n', 'sub-\udcff']) == r'sub-a, sub-\udcff'
