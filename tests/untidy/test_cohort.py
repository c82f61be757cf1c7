"""Scans of a cohort that was converted by hand, in one run of both levels, as users run it."""

import json
import os
import shutil
from itertools import chain

import nibabel as nb
import numpy as np
import pytest

from tests.builders.example import EXAMPLE, copy_t2w, make_raw, read, run
from tests.builders.method import turn
from tests.builders.untidy_images import example_t2w, hippocampal_slab, save

pytestmark = pytest.mark.slow

SESSIONS = {'baseline': '1', '6months': '2'}

GRADED = {
    'good': ('pass', ''),
    'dup': ('pass', ''),
    'annex': (
        'review',
        'sub-annex_T2w.json is a broken link; sub-annex_T1w.nii.gz is a broken link',
    ),
    'copies': ('review', 'sub-copies_T1w.nii.gz cannot be used: it is 4D'),
    'spm': ('pass', ''),
    'echo_echo-2': ('pass', ''),
    'offset': ('pass', ''),
    'wrapped': ('pass', ''),
    'multi_acq-tse': ('pass', ''),
}
"""``qc`` and the start of its reasons; all of these show the same head, of grade 3."""

GRADED_ALONE = [name for name in GRADED if '_' not in name]
"""Participants with a single T2w."""

SENTENCES = {
    'upper': 'sub-upper_T2W.nii.gz has wrong capital letters; rename it to sub-upper_T2w.nii.gz',
    'pdt2': 'sub-pdt2_PDT2.nii.gz also holds proton density; save its T2w as sub-pdt2_T2w.nii.gz',
    'unit': 'its sform has voxels of 1 × 1 × 1 mm, its pixdim 0.573 × 0.573 × 5 mm',
}
"""Parts of the sentences about participants without a result."""

LEFT_OUT = (
    'sub-dup_T2w__dup-01.nii.gz was left out; it is a duplicate',
    'sub-echo_echo-1_T2w.nii.gz was left out: its echo time, 12 ms, is not that of a T2w',
    'sub-multi_acq-hippo_T2w.nii.gz was left out: its slices of 2 mm are coronal',
    'sub-multi_acq-tilted_T2w.nii.gz was left out: its slices of 2 mm are coronal',
)


def add_headers(anat):
    """Save T2w whose sform was moved by SPM, or has voxels of another size than the header."""
    for label, sform in (
        ('spm', turn((12, 0, 0), (4, -18, 22)) @ example_t2w()[1]),
        ('unit', np.diag([-1.0, -1, 1, 1])),
    ):
        path = anat[label] / f'sub-{label}_T2w.nii.gz'
        image = nb.load(EXAMPLE / 'sub-02/anat/sub-02_T2w.nii.gz')
        copy = nb.Nifti1Image(np.asarray(image.dataobj), None, image.header)
        copy.header.set_sform(sform, 2)
        nb.save(copy, path)


def add_scans(anat):
    """Save two echoes, several T2w of a session, a 4D T1w, and T2w of other intensities."""
    data, affine = example_t2w()
    for number, (time, power) in enumerate(((0.012, 0.35), (0.1, 1)), start=1):
        stem = anat['echo'] / f'sub-echo_echo-{number}_T2w'
        save(stem.with_suffix('.nii.gz'), 1000 * (data / 113) ** power, affine)
        stem.with_suffix('.json').write_text(json.dumps({'EchoTime': time}))
    copy_t2w(anat['multi']).rename(anat['multi'] / 'sub-multi_acq-tse_T2w.nii.gz')
    for name, tilt in (('hippo', 0), ('tilted', 25)):
        slab = hippocampal_slab(tilt)
        save(anat['multi'] / f'sub-multi_acq-{name}_T2w.nii.gz', slab[0] * 10, slab[1])
    t1w = nb.load(EXAMPLE / 'sub-01/ses-1/anat/sub-01_ses-1_T1w.nii.gz')
    copies = np.stack([np.asarray(t1w.dataobj)] * 3, axis=-1)
    save(anat['copies'] / 'sub-copies_T1w.nii.gz', copies, t1w.affine)
    save(anat['offset'] / 'sub-offset_T2w.nii.gz', data * 8 - 1024, affine)
    wrapped = np.round(data / data.max() * 60000).astype(np.uint16).view(np.int16)
    save(anat['wrapped'] / 'sub-wrapped_T2w.nii.gz', wrapped, affine)
    save(anat['pdt2'] / 'sub-pdt2_PDT2.nii.gz', np.stack([data, data], axis=-1), affine)


@pytest.fixture(scope='module')
def cohort(tmp_path_factory):
    """Return the output folder and the finished processes of both levels."""
    folder = tmp_path_factory.mktemp('cohort')
    bids = folder / 'bids'
    labels = [
        'good',
        'dup',
        'annex',
        'copies',
        'spm',
        'echo',
        'offset',
        'wrapped',
        'multi',
        'upper',
        'pdt2',
        'unit',
    ]
    anat = dict(zip(labels, make_raw(bids, *labels), strict=True))
    for label in ('good', 'dup', 'annex', 'copies'):
        copy_t2w(anat[label])
    copy_t2w(anat['upper']).rename(anat['upper'] / 'sub-upper_T2W.nii.gz')
    shutil.copy(anat['dup'] / 'sub-dup_T2w.nii.gz', anat['dup'] / 'sub-dup_T2w__dup-01.nii.gz')
    (anat['good'] / 'Thumbs.db').touch()
    add_headers(anat)
    add_scans(anat)
    # The T2w links to a read-only object, as git-annex stores it; the rest was not fetched.
    store = bids / '.git/annex/objects/key'
    store.parent.mkdir(parents=True)
    (anat['annex'] / 'sub-annex_T2w.nii.gz').rename(store)
    store.chmod(0o444)
    for name, target in (
        ('T2w.nii.gz', os.path.relpath(store, anat['annex'])),
        ('T2w.json', '../../.git/annex/objects/none'),
        ('T1w.nii.gz', '../../.git/annex/objects/none'),
    ):
        (anat['annex'] / f'sub-annex_{name}').symlink_to(target)
    for session, number in SESSIONS.items():
        target = bids / f'sub-01/ses-{session}/anat'
        target.mkdir(parents=True)
        source = EXAMPLE / f'sub-01/ses-{number}/anat/sub-01_ses-{number}_T2w.nii.gz'
        shutil.copyfile(source, target / f'sub-01_ses-{session}_T2w.nii.gz')
    rows = 'participant_id\tage\tsex\nsub-good\t93\tM\nsub-dup\t90+\tw\nsub-1\t71\tF\n'
    (bids / 'participants.tsv').write_text(rows)
    description = bids / 'dataset_description.json'
    description.write_bytes(b'\xef\xbb\xbf' + description.read_bytes())
    first = run(bids, folder / 'out', 'participant', '--nprocs', 2)
    return folder / 'out', first, run(bids, folder / 'out', 'group')


@pytest.fixture(scope='module')
def grades(cohort):
    """Return the group's grades, by the start of the T2w's name."""
    table = read(cohort[0] / 'group_potter.tsv')
    names = table['t2w'].str.extract(r'sub-([^/]+)_T2w\.nii\.gz$', expand=False)
    return table.set_index(names)


@pytest.mark.parametrize('name', GRADED)
def test_a_scan_that_can_be_read_is_graded(grades, name):
    (row,) = grades.loc[[name]].to_dict('records')
    qc, reasons = GRADED[name]
    assert (row['potter'], row['qc'], row['selected']) == (3, qc, True)
    assert reasons == '' if row['qc'] == 'pass' else row['qc_reasons'].startswith(reasons)
    assert row['count_max'] == pytest.approx(grades.loc['good', 'count_max'], abs=0.1)


def test_nothing_else_is_graded(cohort, grades):
    sessions = {f'01_ses-{session}' for session in SESSIONS}
    assert set(grades.index) == {*GRADED, *sessions}
    assert [process.returncode for process in cohort[1:]] == [1, 0]


@pytest.mark.parametrize('label', SENTENCES)
def test_a_participant_without_a_result_gets_one_sentence(cohort, label):
    lines = [line for line in cohort[1].stderr.splitlines() if line.startswith(f'sub-{label}: ')]
    assert len([line for line in lines if SENTENCES[label] in line]) == 1


def test_what_is_left_out_is_named_once(cohort):
    lines = list(chain.from_iterable(process.stderr.splitlines() for process in cohort[1:2]))
    for text in (*LEFT_OUT, 'the BIDS validator reports errors, which do not stop the run'):
        assert len([line for line in lines if text in line]) == 1, text


def test_rows_of_no_participant_are_named(cohort):
    for process in cohort[1:]:
        assert process.stderr.count('unmatched rows: sub-1 (like sub-01)') == 1


def test_sessions_are_compared_from_the_baseline_on(cohort, grades):
    (row,) = read(cohort[0] / 'group_change.tsv').to_dict('records')
    assert (row['session_first'], row['session_second']) == ('ses-baseline', 'ses-6months')
    counts = grades.loc[['01_ses-baseline', '01_ses-6months'], 'count_max']
    assert row['count_max_change'] == pytest.approx(counts.diff().iloc[-1], abs=1e-3)


def test_results_keep_both_forms_of_the_header(cohort):
    out = cohort[0] / 'sub-spm/anat/sub-spm_desc-preproc_T2w.nii.gz'
    source = nb.load(cohort[0].parent / 'bids/sub-spm/anat/sub-spm_T2w.nii.gz')
    for form in ('get_sform', 'get_qform'):
        expected, code = getattr(source, form)(coded=True)
        result, result_code = getattr(nb.load(out), form)(coded=True)
        assert result_code == code
        assert np.allclose(result, expected, atol=1e-3)
    assert not np.allclose(source.get_sform(), source.get_qform(), atol=1)
