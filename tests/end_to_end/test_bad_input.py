"""Bad scans next to a good one: one message each, and complete results for the good one."""

import gzip

import nibabel as nb
import numpy as np
import pytest

from tests.builders.example import EXAMPLE, TRUTH, copy_t2w, make_raw, read, run, tables

pytestmark = pytest.mark.slow
SOURCE = EXAMPLE / 'sub-02/anat/sub-02_T2w.nii.gz'


def save(anat, data, affine=None, header=None):
    image = nb.Nifti1Image(data, nb.load(SOURCE).affine if affine is None else affine, header)
    nb.save(image, anat / f'{anat.parent.name}_T2w.nii.gz')


def four(anat, data):
    save(anat, np.stack([data, data], axis=-1))


def truncated(anat, data):
    path = copy_t2w(anat)
    path.write_bytes(path.read_bytes()[:60_000])


def not_nifti(anat, data):
    (anat / f'{anat.parent.name}_T2w.nii.gz').write_bytes(gzip.compress(b'no image at all' * 99))


def constant(anat, data):
    save(anat, np.full_like(data, 7))


def nan(anat, data):
    broken = data.astype(np.float32)
    broken[3, 4, 5] = np.nan
    save(anat, broken)


def singular(anat, data):
    affine = nb.load(SOURCE).affine.copy()
    affine[:3, 1] = affine[:3, 0]
    image = nb.Nifti1Image(data, None)
    image.header['sform_code'] = 1
    for row, name in enumerate(('srow_x', 'srow_y', 'srow_z')):
        image.header[name] = affine[row]
    image.header['qform_code'] = 0
    nb.save(image, anat / f'{anat.parent.name}_T2w.nii.gz')


def no_orientation(anat, data):
    image = nb.Nifti1Image(data, nb.load(SOURCE).affine)
    image.set_sform(None, 0)
    image.set_qform(None, 0)
    nb.save(image, anat / f'{anat.parent.name}_T2w.nii.gz')


BAD = {
    'fourd': (four, 'voxels); give a 3D image'),
    'truncated': (truncated, 'damaged'),
    'notnifti': (not_nifti, 'not a readable NIfTI image'),
    'constant': (constant, 'it is empty (every voxel has the value 7)'),
    'nan': (nan, 'NaN or infinite values in 1 of'),
    'singular': (singular, 'its affine is singular'),
    'nowhere': (no_orientation, 'does not say where left and right are'),
}


@pytest.fixture(scope='module')
def mixed(tmp_path_factory):
    folder = tmp_path_factory.mktemp('bad')
    data = np.asarray(nb.load(SOURCE).dataobj)
    anats = make_raw(folder / 'bids', 'good', 'crown', *BAD)
    copy_t2w(anats[0])
    crown(anats[1])
    for anat, (make, _) in zip(anats[2:], BAD.values(), strict=True):
        make(anat, data)
    out = folder / 'out'
    process = run(folder / 'bids', out, 'participant', '--nprocs', 2, '--skip-bids-validation')
    return out, process


def crown(anat):
    """Keep only the slices well above the true basal ganglia."""
    image = nb.load(SOURCE)
    truth = nb.load(TRUTH / 'sub-02/anat/sub-02_space-T2w_desc-basalganglia_dseg.nii.gz')
    axis = next(i for i, code in enumerate(nb.aff2axcodes(image.affine)) if code in 'SI')
    assert nb.aff2axcodes(image.affine)[axis] == 'S'
    top = np.argwhere(np.asarray(truth.dataobj) > 0)[:, axis].max()
    keep = [slice(None)] * 3
    keep[axis] = slice(int(top) + 3, None)
    nb.save(image.slicer[tuple(keep)], anat / f'{anat.parent.name}_T2w.nii.gz')


@pytest.mark.parametrize('name', BAD)
def test_each_bad_scan_gets_one_clear_message(mixed, name):
    out, process = mixed
    messages = [
        line
        for line in process.stderr.splitlines()
        if f'sub-{name}' in line and BAD[name][1] in line
    ]
    assert len(messages) == 1, process.stderr
    assert 'Traceback' not in process.stderr
    assert BAD[name][1] in (out / f'sub-{name}.html').read_text()
    assert not list(out.glob(f'sub-{name}/anat/*_grade.tsv'))


def test_the_exit_code_reports_the_failures(mixed):
    assert mixed[1].returncode == 1


def test_the_good_scan_is_complete(mixed, example):
    out, _ = mixed
    ours = {
        n.replace('good', '02'): read_without_names(out / 'sub-good/anat' / n)
        for n in tables(out)
        if 'good' in n
    }
    assert len(ours) == 3
    for name, table in ours.items():
        assert table.equals(read_without_names(example / 'sub-02/anat' / name))


def read_without_names(path):
    return read(path).drop(columns=['participant_id', 't2w'], errors='ignore')


def test_a_scan_without_basal_ganglia_fails_or_has_no_grade(mixed):
    out, process = mixed
    grades = list(out.glob('sub-crown/anat/*_grade.tsv'))
    if grades:
        assert read(grades[0])['qc'].item() == 'fail'
    else:
        assert any(
            'sub-crown' in line and 'basal ganglia' in line for line in process.stderr.splitlines()
        )
