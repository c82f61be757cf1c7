import importlib.util
import json
import subprocess
from pathlib import Path

import nibabel as nb
import numpy as np
import pandas as pd
import pytest

from pvs_workflow.lab.simulation.compact import compact_session
from pvs_workflow.lab.simulation.dataset import STORED_ORDER
from pvs_workflow.science.geometry import Storage, to_stored
from tests.places import VALIDATOR

ROOT = Path(__file__).parents[3]
EXAMPLE = ROOT / 'bids_examples' / 'template'
TRUTH = EXAMPLE / 'derivatives' / 'truth'


def test_the_example_has_the_documented_scans():
    scans = sorted(path.name for path in EXAMPLE.glob('sub-*/**/*.nii.gz'))
    assert scans == [
        'sub-01_ses-1_FLAIR.nii.gz',
        'sub-01_ses-1_T1w.nii.gz',
        'sub-01_ses-1_T2w.nii.gz',
        'sub-01_ses-2_FLAIR.nii.gz',
        'sub-01_ses-2_T1w.nii.gz',
        'sub-01_ses-2_T2w.nii.gz',
        'sub-02_FLAIR.nii.gz',
        'sub-02_T2w.nii.gz',
    ]


def test_the_example_is_small():
    size = sum(path.stat().st_size for path in EXAMPLE.rglob('*') if path.is_file())
    assert size < 12_500_000


def test_the_t2w_has_the_papers_resolution_and_is_oblique():
    for path in EXAMPLE.glob('sub-*/**/*_T2w.nii.gz'):
        image = nb.load(path)
        np.testing.assert_allclose(image.header.get_zooms(), (0.573, 0.573, 5.0), atol=1e-4)
        assert image.shape[2] == 28
        axis = image.affine[:3, 2] / 5
        assert 0.5 < np.degrees(np.arccos(axis[2])) < 15


def test_sub_02_has_more_epvs_on_the_left():
    counts = pd.read_csv(TRUTH / 'sub-02/anat/sub-02_desc-epvs_counts.tsv', sep='\t')
    sides = counts.groupby('hemisphere')['count'].sum()
    assert sides['L'] > 1.5 * sides['R'] > 0
    image = nb.load(TRUTH / 'sub-02/anat/sub-02_space-T2w_desc-epvs_dseg.nii.gz')
    x = nb.affines.apply_affine(image.affine, np.argwhere(np.asarray(image.dataobj) > 0))[:, 0]
    roi_image = nb.load(TRUTH / 'sub-02/anat/sub-02_space-T2w_desc-basalganglia_dseg.nii.gz')
    roi = nb.affines.apply_affine(roi_image.affine, np.argwhere(np.asarray(roi_image.dataobj) > 0))
    assert np.mean(x < roi[:, 0].mean()) > 0.6


def test_both_sessions_of_sub_01_have_the_same_grade():
    grades = [
        pd.read_csv(TRUTH / f'sub-01/ses-{n}/anat/sub-01_ses-{n}_desc-potter_grade.tsv', sep='\t')[
            'potter'
        ].item()
        for n in (1, 2)
    ]
    assert grades == [2, 2]


@pytest.mark.slow
def test_both_datasets_are_valid():
    for folder in (EXAMPLE, TRUTH):
        result = subprocess.run(
            [VALIDATOR, '--json', folder], capture_output=True, text=True, check=False
        )
        issues = json.loads(result.stdout)['issues']['issues']
        assert {issue['severity'] for issue in issues} <= {'warning'}
        assert {issue['code'] for issue in issues} <= {'TOO_FEW_AUTHORS', 'JSON_KEY_RECOMMENDED'}


@pytest.mark.slow
def test_the_script_reproduces_the_example():
    spec = importlib.util.spec_from_file_location('example', ROOT / 'scripts/make_example.py')
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    (session,) = script.simulate(script.PLANS[1])
    compact = compact_session(session)
    for contrast, scan in compact.scans.items():
        image = nb.load(EXAMPLE / f'sub-02/anat/sub-02_{contrast}.nii.gz')
        remade = to_stored(scan.data, Storage(scan.data.shape, STORED_ORDER)).astype(int)
        stored = np.asarray(image.dataobj).astype(int)
        assert remade.shape == stored.shape
        # Another processor may round a handful of voxels the other way.
        assert np.mean(remade != stored) < 1e-3
        assert np.abs(remade - stored).max() <= 1
    stored = nb.load(TRUTH / 'sub-02/anat/sub-02_space-T2w_desc-epvs_dseg.nii.gz')
    remade = to_stored(compact.epvs, Storage(compact.epvs.shape, STORED_ORDER))
    np.testing.assert_array_equal(remade, np.asarray(stored.dataobj))
