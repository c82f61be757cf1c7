import nibabel as nb
import numpy as np

from benchmarks.contrast import list_scans, shorten_echo, summarise


def test_a_shorter_echo_has_less_contrast_and_no_other_order():
    image = nb.Nifti1Image(np.array([0.0, 100, 200, 400]).reshape(1, 2, 2), np.eye(4))
    short = np.asarray(shorten_echo(image, 0.5).dataobj).ravel()
    assert np.allclose(short, [0, 500, 707.1, 1000], atol=0.1)


def test_each_t2w_is_listed_with_its_shorter_echoes(tmp_path):
    anat = tmp_path / 'bids/sub-01/anat'
    anat.mkdir(parents=True)
    image = nb.Nifti1Image(np.arange(1, 9, dtype=np.int16).reshape(2, 2, 2), np.eye(4))
    for name in ('T2w', 'FLAIR'):
        nb.save(image, anat / f'sub-01_{name}.nii.gz')
    scans = list(list_scans(tmp_path / 'bids', tmp_path))
    assert [kind for kind, _ in scans] == [
        *('T2w', 'proton density, 0.12 TE', 'proton density, 0.35 TE', 'FLAIR')
    ]
    assert all(path.is_file() for _, path in scans)


def test_kinds_are_summarised_with_what_is_flagged():
    contrasts = {'T2w': (2.4, 3.1), 'FLAIR': (0.4, 'sub-01_FLAIR.nii.gz cannot be used')}
    rows = [{'kind': k, 'contrast': value} for k, values in contrasts.items() for value in values]
    first, second = summarise(rows)
    assert (first['lowest'], first['highest'], first['flagged'], first['refused']) == (
        *(2.4, 3.1),
        *(0, 0),
    )
    assert (second['scans'], second['flagged'], second['refused']) == (2, 1, 1)
