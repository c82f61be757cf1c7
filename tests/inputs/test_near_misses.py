import pytest

from pvs_workflow.inputs.near_misses import find_misnamed, find_near_misses


def explain(*names, folders=(), parent='sub-01'):
    files, folders = ([f'{parent}/anat/{name}' for name in group] for group in (names, folders))
    return find_near_misses(files, folders, parent)


@pytest.mark.parametrize(
    'name',
    [
        'sub-01_T2w.nii.gz',
        'sub-01_T2w.json',
        'sub-01_T2w1.json',
        'sub-01_part-phase_T2w.nii.gz',
        'sub-01_acq-t2_FLAIR.nii.gz',
        'sub-01_acq-sagspacet2flair_T1w.nii.gz',
        'sub-01_t2_flair.nii.gz',
        'sub-01_T2w.tsv',
        'Thumbs.db',
        'desktop.ini',
        'Icon\r',
        'notes about T2.txt',
        'dicominfo.tsv',
    ],
)
def test_other_files_are_no_near_misses(name):
    assert explain(name) == []


def test_the_most_likely_file_comes_first():
    near = explain(
        'sub-01_T2star.nii.gz', 'sub-01_PDT2.nii.gz', 'sub-01_T2w2.nii.gz', 'sub-01_T2w1.nii.gz'
    )
    assert [one.file.rpartition('_')[2] for one in near] == [
        'T2w1.nii.gz',
        'T2w2.nii.gz',
        'PDT2.nii.gz',
        'T2star.nii.gz',
    ]
    assert [one.strength for one in near] == [2, 2, 1, 1]


def test_entities_are_kept_in_the_proposed_name():
    (near,) = explain('sub-01_ses-2_acq-tse_T2W.nii.gz', parent='sub-01/ses-2')
    assert near.cure == 'rename it to sub-01_ses-2_acq-tse_T2w.nii.gz'
    (near,) = explain('sub-1_T2W.nii.gz')
    assert near.cure == 'rename it to sub-01_T2w.nii.gz'


def test_only_t1w_and_flair_in_another_place_are_misnamed():
    files = ['sub-01/anat/sub-02_T1w.nii', 'sub-01/anat/sub-01_FLAIR.nii', 'sub-01/anat/a.nii']
    assert find_misnamed(files) == files[:1]
