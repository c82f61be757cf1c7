import pytest

from pvs_workflow.inputs.names import MAX_NAME, is_in_place, name_entities


@pytest.mark.parametrize(
    'file',
    [
        'sub-01/anat/sub-01_T2w.nii.gz',
        'sub-01/anat/sub-01_acq-a_run-2_FLAIR.nii',
        'sub-A+b/ses-x/anat/sub-A+b_ses-x_T1w.nii.gz',
    ],
)
def test_images_with_a_name_that_fits_their_folder_are_accepted(file):
    assert is_in_place(file)


@pytest.mark.parametrize(
    'file',
    [
        'sub-01/anat/sub-02_T2w.nii.gz',
        'sub-01/anat/sub-01_ses-1_T2w.nii.gz',
        'sub-01/ses-1/anat/sub-01_T2w.nii.gz',
        'sub-01_old/anat/sub-01_T2w.nii.gz',
        'sub-01/anat/sub-01_run-1_run-2_T2w.nii.gz',
        'sub-01/anat/sub-01_acq-a.b_T2w.nii.gz',
        f'sub-01/anat/sub-01_acq-{"a" * MAX_NAME}_T2w.nii.gz',
        '../sub-01/anat/sub-01_T2w.nii.gz',
    ],
)
def test_images_in_another_folder_are_refused(file):
    assert not is_in_place(file)


def test_entities_keep_their_values_as_written():
    assert name_entities('sub-01_run-010_T2w') == {'sub': '01', 'run': '010'}
    assert name_entities('T2w') == {}
