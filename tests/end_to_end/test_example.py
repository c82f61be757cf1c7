"""The results of the example dataset: output contract, truth, reports and resuming."""

import json
import os
import re
import shutil
import signal
import subprocess
import time
from pathlib import Path

import nibabel as nb
import numpy as np
import pytest

from tests.builders.example import (
    EXAMPLE,
    TRUTH,
    arguments,
    dice,
    environment,
    read,
    run,
    tables,
)
from tests.places import VALIDATOR

pytestmark = pytest.mark.slow

SCANS = {
    'sub-01/ses-1/anat/sub-01_ses-1': True,
    'sub-01/ses-2/anat/sub-01_ses-2': True,
    'sub-02/anat/sub-02': False,
}
COUNT_COLUMNS = [
    'hemisphere',
    'slice',
    'slice_rank',
    'count',
    'count_low',
    'count_high',
    'potter',
    'instances',
    'roi_area',
    'qc',
]
GRADE_COLUMNS = [
    'participant_id',
    'session_id',
    't2w',
    'potter',
    'potter_left',
    'potter_right',
    'count_max',
    'count_left',
    'count_right',
    'p_potter0',
    'p_potter1',
    'p_potter2',
    'p_potter3',
    'p_potter4',
    'qc',
    'qc_reasons',
    'model',
    'model_sha256',
]


def test_the_tree_equals_the_recorded_one(example):
    files = sorted(
        path.relative_to(example).as_posix() for path in example.rglob('*') if path.is_file()
    )
    files = [re.sub(r'logs/.*', 'logs/...', name) for name in files]
    snapshot = Path(__file__).with_name('tree.txt')
    assert sorted(set(files)) == snapshot.read_text().split()


@pytest.mark.parametrize('stem', SCANS)
def test_volumes_are_on_the_grid_of_the_input(example, stem):
    t2w = nb.load(EXAMPLE / f'{stem}_T2w.nii.gz')
    paths = [p for p in example.glob(f'{stem}_*.nii.gz') if 'xfm' not in p.name]
    assert len(paths) == (7 if SCANS[stem] else 6)
    for path in paths:
        image = nb.load(path)
        assert image.shape == t2w.shape
        assert np.allclose(image.affine, t2w.affine, atol=1e-4)
    preprocessed = nb.load(example / f'{stem}_desc-preproc_T2w.nii.gz').get_fdata()
    assert np.corrcoef(preprocessed.ravel(), t2w.get_fdata().ravel())[0, 1] > 0.98


@pytest.mark.parametrize('stem', SCANS)
def test_tables_keep_the_contract(example, stem):
    counts = read(example / f'{stem}_desc-epvs_counts.tsv')
    grade = read(example / f'{stem}_desc-potter_grade.tsv').iloc[0]
    instances = read(example / f'{stem}_space-T2w_desc-epvs_instances.tsv')
    assert list(counts) == COUNT_COLUMNS
    assert list(grade.index) == GRADE_COLUMNS
    assert counts['hemisphere'].tolist() == list('LLLRRR')
    assert counts['slice_rank'].tolist() == [1, 2, 3] * 2
    assert (counts['count_low'] <= counts['count']).all()
    assert (counts['count'] <= counts['count_high']).all()
    assert grade['potter'] == counts['potter'].max()
    sides = counts.groupby('hemisphere')['count'].max()
    assert grade['count_left'] == sides['L'] and grade['count_right'] == sides['R']
    assert np.isclose(sum(grade[f'p_potter{g}'] for g in range(5)), 1)
    assert (EXAMPLE / grade['t2w']).is_file()

    labels = nb.load(example / f'{stem}_space-T2w_desc-epvs_dseg.nii.gz').get_fdata()
    roi = nb.load(example / f'{stem}_space-T2w_desc-basalganglia_dseg.nii.gz').get_fdata()
    for row in counts.itertuples():
        side = {'L': 1, 'R': 2}[row.hemisphere]
        side_labels = [
            value
            for value in np.unique(labels[..., row.slice])[1:]
            if np.bincount(roi[labels == value].astype(int), minlength=3)[1:].argmax() + 1 == side
        ]
        assert len(side_labels) == row.instances <= np.floor(row.count + 0.5)
        image = (instances['hemisphere'] == row.hemisphere) & (instances['slice'] == row.slice)
        assert sorted(instances.loc[image, 'label']) == side_labels
    for name in ('desc-epvs_counts', 'desc-potter_grade', 'space-T2w_desc-epvs_instances'):
        sidecar = json.loads((example / f'{stem}_{name}.json').read_text())
        assert any(source.endswith('_T2w.nii.gz') for source in sidecar['Sources'])


@pytest.mark.parametrize('stem', SCANS)
def test_the_roi_and_the_slices_match_the_truth(example, stem):
    name = '_space-T2w_desc-basalganglia_dseg.nii.gz'
    assert min(dice(example / f'{stem}{name}', TRUTH / f'{stem}{name}')) > 0.8
    ours = read(example / f'{stem}_desc-epvs_counts.tsv')
    truth = read(TRUTH / f'{stem}_desc-epvs_counts.tsv')
    assert abs(ours['slice'].min() - truth['slice'].min()) <= 1


def test_the_side_with_more_epvs_has_higher_counts(example):
    truth = read(TRUTH / 'sub-02/anat/sub-02_desc-epvs_counts.tsv')
    ours = read(example / 'sub-02/anat/sub-02_desc-epvs_counts.tsv')
    sums = [table.groupby('hemisphere')['count'].sum() for table in (truth, ours)]
    assert sums[0]['L'] > sums[0]['R']
    assert sums[1]['L'] > sums[1]['R']


def test_group_tables_have_every_row(example):
    for name, rows in (('potter', 3), ('counts', 18)):
        table = read(example / f'group_{name}.tsv')
        assert len(table) == rows
        assert table['participant_id'].tolist() == sorted(table['participant_id'])
        assert (example / f'group_{name}.json').is_file()


def test_the_results_are_a_valid_derivative_dataset(example):
    completed = subprocess.run(
        [VALIDATOR, '--format', 'json', str(example)],
        capture_output=True,
        text=True,
        env=environment(example.parent / 'home'),
    )
    issues = json.loads(completed.stdout)['issues']['issues']
    assert [issue for issue in issues if issue.get('severity') == 'error'] == []


def test_reports_are_complete_and_need_no_network(example):
    for name, figures in (('sub-01.html', 14), ('sub-02.html', 7), ('group_potter.html', 1)):
        page = (example / name).read_text()
        assert page.count('<img') >= figures
        assert len(page) < 15e6
        assert not re.search(r'(src|srcset|data)="https?:', page)
        assert not re.search(r'<link[^>]+href="https?:', page)


def test_rebuilt_pages_are_identical(example, tmp_path):
    out = tmp_path / 'out'
    shutil.copytree(example, out)
    names = ('sub-01.html', 'sub-02.html')
    for name in names:
        (out / name).unlink()
    completed = run('nowhere', out, 'participant', '--reports-only')
    assert completed.returncode == 0, completed.stderr
    for name in names:
        assert (out / name).read_bytes() == (example / name).read_bytes()
    assert '--write-graph' in (out / names[0]).read_text()


def test_the_run_is_cited(example):
    text = (example / 'logs' / 'CITATION.md').read_text()
    assert 'The FLAIR was registered rigidly to the T2w.' in text
    assert 'The T1w was registered rigidly to the T2w where available.' in text
    assert '@article{chae2024,' in (example / 'logs' / 'CITATION.bib').read_text()


def test_a_killed_run_resumes_to_the_same_bytes(example, tmp_path):
    out, work = tmp_path / 'out', tmp_path / 'work'
    command = arguments(
        EXAMPLE, out, 'participant', '--participant-label', '02', '--work-dir', work, '-v'
    )
    env = environment(tmp_path / 'home')
    process = subprocess.Popen(command, env=env, cwd=tmp_path, start_new_session=True)
    try:
        deadline = time.monotonic() + 600
        half_way = 'warp_template'
        while not list(work.rglob(f'{half_way}/result_*.pklz')):
            assert process.poll() is None and time.monotonic() < deadline
            time.sleep(0.2)
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    assert not tables(out)
    record = out / 'sub-02' / 'figures' / 'sub-02_provenance.json'
    assert 'did not finish' in record.read_text()
    registered = next(iter(work.rglob(f'{half_way}/result_*.pklz')))
    before = registered.stat().st_mtime_ns
    completed = subprocess.run(command, env=env, cwd=tmp_path, capture_output=True, text=True)
    assert completed.returncode == 0, completed.stderr
    assert registered.stat().st_mtime_ns == before  # not run again
    assert 'did not finish' not in record.read_text()
    reference = tables(example)
    ours = tables(out)
    assert len(ours) == 3
    assert all(reference[name] == content for name, content in ours.items())
