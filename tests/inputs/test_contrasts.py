import pytest

from pvs_workflow.inputs.contrasts import choose_contrast, make_scan
from pvs_workflow.inputs.query import find_images
from tests.builders.datasets import make_image

SESSIONS = (None, '1', '2', '3')


def images(folder, *names):
    """Return T1w, of which those whose name begins with ``!`` are broken links."""
    listed = []
    for name in names:
        session = name.lstrip('!').split('_')[1].removeprefix('ses-')
        file = f'sub-01/ses-{session}/anat/{name.lstrip("!")}'
        path = folder / file
        path.parent.mkdir(parents=True, exist_ok=True)
        if name.startswith('!'):
            path.symlink_to('nowhere')
        else:
            make_image(path)
        listed.append(file)
    return find_images(folder, listed, 't1w')


@pytest.mark.parametrize(
    ('names', 'chosen', 'problem'),
    [
        (['sub-01_ses-2_T1w.nii'], 'sub-01_ses-2_T1w.nii', ''),
        (
            ['!sub-01_ses-2_T1w.nii', 'sub-01_ses-3_T1w.nii'],
            'sub-01_ses-3_T1w.nii',
            'sub-01_ses-2_T1w.nii is a broken link',
        ),
        (
            ['!sub-01_ses-2_run-1_T1w.nii', 'sub-01_ses-2_run-2_T1w.nii'],
            'sub-01_ses-2_run-2_T1w.nii',
            'sub-01_ses-2_run-1_T1w.nii is a broken link',
        ),
        # An image that would not be chosen does not matter.
        (['sub-01_ses-2_T1w.nii', '!sub-01_ses-3_T1w.nii'], 'sub-01_ses-2_T1w.nii', ''),
        # Only the nearest is named.
        (
            ['!sub-01_ses-1_T1w.nii', '!sub-01_ses-3_T1w.nii'],
            None,
            'sub-01_ses-1_T1w.nii is a broken link',
        ),
        ([], None, ''),
    ],
)
def test_the_nearest_readable_image_is_chosen(tmp_path, names, chosen, problem):
    image, text = choose_contrast(images(tmp_path, *names), '2', SESSIONS)
    assert (image and image.path.name, text) == (chosen, problem)


def test_a_scan_has_the_problems_of_its_contrasts(tmp_path):
    t2w = images(tmp_path, 'sub-01_ses-2_T1w.nii')[0]
    contrasts = {'t1w': images(tmp_path, '!sub-01_ses-1_T1w.nii'), 'flair': []}
    scan = make_scan(t2w, contrasts, SESSIONS, ['a note'], ['a problem'])
    assert (scan.t1w, scan.flair) == (None, None)
    assert scan.notes == ('a note', 'no T1w', 'no FLAIR')
    assert scan.problems == ('a problem', 'sub-01_ses-1_T1w.nii is a broken link')
