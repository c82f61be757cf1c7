"""A T1w or FLAIR that cannot be used never costs the grade of the T2w."""

import gzip
import os

import nibabel as nb
import numpy as np
import pytest

from pvs_workflow.inputs import collect_scans
from pvs_workflow.interfaces.steps import Align, CompareNuclei, ConformContrast
from pvs_workflow.method.align import align
from pvs_workflow.method.optional import attempt
from pvs_workflow.method.saved import Unusable
from tests.builders.example import EXAMPLE, copy_t2w, make_raw, read, run, tables
from tests.builders.method import example_scan, small_head
from tests.builders.untidy_collection import open_folder, unprivileged, untidy_dataset
from tests.hostile.images import cases

T1W = EXAMPLE / 'sub-01/ses-1/anat/sub-01_ses-1_T1w.nii.gz'


def link(path):
    path.symlink_to('../../.git/annex/objects/key/key')


def annex_pointer(path):
    path.write_text('/annex/objects/MD5E-s1--0.nii.gz\n')


@pytest.mark.parametrize('suffix', ['T1w', 'FLAIR'])
@pytest.mark.parametrize(
    ('make', 'fault'),
    [
        (link, 'a broken link'),
        (lambda path: path.mkdir(), 'a folder instead of a file'),
        (os.mkfifo, 'a pipe or device instead of a file'),
        (annex_pointer, 'a pointer of git-annex to a file that was not fetched'),
    ],
    ids=['link', 'folder', 'pipe', 'pointer'],
)
def test_a_contrast_that_was_not_fetched_is_a_problem_of_the_scan(tmp_path, suffix, make, fault):
    bids = untidy_dataset(tmp_path, remove_t2w=False)
    make(bids / f'sub-x/anat/sub-x_{suffix}.nii.gz')
    selection = collect_scans(bids)
    scan = selection.scans[1]
    assert (scan.prefix, scan.t1w, scan.flair, selection.missing) == ('sub-x', None, None, ())
    assert scan.problems == (f'sub-x_{suffix}.nii.gz is {fault}',)


def test_a_contrast_without_permission_is_a_problem_of_the_scan():
    with open_folder() as folder:
        bids = untidy_dataset(folder, 'anat/sub-x_T1w.nii.gz', remove_t2w=False)
        (bids / 'sub-x/anat/sub-x_T1w.nii.gz').chmod(0)
        with unprivileged():
            scan = collect_scans(bids).scans[1]
    assert scan.t1w is None
    assert scan.problems == ('sub-x_T1w.nii.gz is unreadable: Permission denied',)


def noise(shape, dtype=np.float32):
    return np.random.default_rng(1).integers(1, 900, shape).astype(dtype)


def save(path, data, affine=None):
    nb.save(nb.Nifti1Image(data, np.diag([1, 1, 2, 1]) if affine is None else affine), path)


def truncated(path):
    save(path, noise((20, 20, 20)))
    path.write_bytes(path.read_bytes()[:4000])


def nowhere(path):
    image = nb.Nifti1Image(noise((9, 9, 9)), np.eye(4))
    image.set_sform(None, 0)
    image.set_qform(None, 0)
    nb.save(image, path)


UNUSABLE = {
    'four echoes': (lambda path: save(path, noise((9, 9, 9, 4))), 'it is 4D'),
    'reference frame': (lambda path: save(path, noise((9, 9, 9, 2))), 'it is 4D'),
    'one slice': (lambda path: save(path, noise((90, 90, 1))), 'an unusable shape'),
    'empty': (lambda path: save(path, np.zeros((9, 9, 9), np.int16)), 'it is empty'),
    'infinite': (lambda path: save(path, np.full((9, 9, 9), np.inf, np.float32)), 'infinite'),
    'complex': (lambda path: save(path, noise((9, 9, 9), np.complex64)), 'complex64'),
    'no bytes': (lambda path: path.write_bytes(b''), 'not a readable NIfTI image'),
    'text': (lambda path: path.write_bytes(gzip.compress(b'404 Not Found')), 'not a readable'),
    'truncated': (truncated, 'it is damaged'),
    'nowhere': (nowhere, 'where left and right are'),
    'vanished': (lambda path: None, 'No such file'),
}


@pytest.mark.parametrize('case', UNUSABLE)
def test_an_unusable_contrast_is_passed_through_its_steps(tmp_path, case):
    make, text = UNUSABLE[case]
    make(tmp_path / 'sub-x_T1w.nii.gz')
    t2w = str(small_head()[0].save(tmp_path / 't2w'))

    def step(interface, **inputs):
        folder = tmp_path / interface.__name__
        folder.mkdir()
        return interface(**inputs).run(cwd=folder).outputs.result

    read = step(ConformContrast, source=str(tmp_path / 'sub-x_T1w.nii.gz'))
    aligned = step(Align, t2w=t2w, moving=read, seed=1)
    placed = {'affine': aligned, 'nuclei': aligned, 'seed': 1}
    fit = Unusable.load(step(CompareNuclei, moving=read, aligned=aligned, **placed))
    assert fit.reason.startswith('sub-x_T1w.nii.gz cannot be used: ')
    assert text in fit.reason


@pytest.mark.filterwarnings('ignore')  # as users run it
def test_no_bad_image_stops_the_graph(tmp_path):
    for number, case in enumerate(case for case in cases() if not case.is_slow):
        folder = tmp_path / str(number)
        folder.mkdir()
        ConformContrast(source=str(case.make(folder))).run(cwd=folder)


@pytest.mark.slow
def test_noise_far_from_the_t2w_cannot_be_registered():
    t2w, t1w = example_scan('T2w'), example_scan('T1w')
    affine = t1w.image.affine.copy()
    affine[:3, 3] += 5000
    scrambled = np.random.default_rng(0).normal(size=t1w.image.shape).astype(np.float32)
    moving = type(t1w)(t1w.name, nb.Nifti1Image(scrambled, affine), t1w.storage)
    result = attempt(align, {'t2w': t2w, 'moving': moving, 'seed': 7})
    reason = 'it cannot be registered to the T2w; check that both show the same head'
    assert result == Unusable(f'{t1w.name} cannot be used: {reason}')


@pytest.fixture(scope='module')
def results(tmp_path_factory):
    """Return the results of three participants whose T1w and FLAIR cannot be used."""
    folder = tmp_path_factory.mktemp('contrasts')
    echoes, annex = make_raw(folder / 'bids', 'echoes', 'annex')
    for anat in (echoes, annex):
        copy_t2w(anat)
    image = nb.load(T1W)
    data = np.asarray(image.dataobj)
    save(echoes / 'sub-echoes_T1w.nii.gz', np.stack([data, data / 2], -1), image.affine)
    for name in ('sub-annex_T1w.nii.gz', 'sub-annex_FLAIR.nii.gz', 'sub-annex_T2w.json'):
        link(annex / name)
    out = folder / 'out'
    # An earlier run may have used a T1w.
    for label in ('echoes', 'annex'):
        for path in (
            f'anat/sub-{label}_space-T2w_desc-preproc_T1w.nii.gz',
            f'anat/sub-{label}_from-T1w_to-T2w_mode-image_xfm.txt',
            f'figures/sub-{label}_desc-t1wreg_T2w.svg',
        ):
            path = out / f'sub-{label}' / path
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch()
    process = run(folder / 'bids', out, 'participant', '--nprocs', 2)
    return out, process


REASONS = {
    'echoes': 'sub-echoes_T1w.nii.gz cannot be used: it is 4D (193 × 218 × 150 × 2 voxels), '
    'give a 3D image',
    'annex': 'sub-annex_T2w.json is a broken link; sub-annex_T1w.nii.gz is a broken link; '
    'sub-annex_FLAIR.nii.gz is a broken link',
}


@pytest.mark.slow
@pytest.mark.parametrize('label', REASONS)
def test_the_t2w_is_graded_and_needs_review(results, example, label):
    out, process = results
    assert process.returncode == 0, process.stderr
    grade = read(out / f'sub-{label}/anat/sub-{label}_desc-potter_grade.tsv')
    expected = read(example / 'sub-02/anat/sub-02_desc-potter_grade.tsv')
    differing = ['participant_id', 't2w', 'qc', 'qc_reasons']
    assert grade.drop(columns=differing).equals(expected.drop(columns=differing))
    assert (grade['qc'].item(), grade['qc_reasons'].item()) == ('review', REASONS[label])
    counts = tables(out)[f'sub-{label}_desc-epvs_counts.tsv']
    assert counts == tables(example)['sub-02_desc-epvs_counts.tsv']


@pytest.mark.slow
@pytest.mark.parametrize('label', REASONS)
def test_nothing_shows_a_contrast_that_was_not_used(results, label):
    out, _ = results
    assert not [path for path in out.glob(f'sub-{label}/*/*') if 'T1w' in path.name]
    assert not (out / f'sub-{label}/figures/sub-{label}_desc-t1wreg_T2w.svg').exists()
    for path in (out / f'sub-{label}.html', out / 'logs/CITATION.md'):
        assert 'was registered rigidly to the T2w' not in path.read_text()
    assert REASONS[label].split(';')[0] in (out / f'sub-{label}.html').read_text()
