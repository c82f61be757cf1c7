import json
import subprocess
from pathlib import Path

import nibabel as nb
import numpy as np
import pandas as pd
import pytest

from pvs_workflow.science.geometry import to_canonical
from pvs_workflow.science.grading import person_grade
from pvs_workflow.science.slices import HEMISPHERES
from pvs_workflow.simulation.cohort import simulate_cohort, simulate_participant
from tests.places import VALIDATOR


def contents(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob('sub-*'))
        if path.is_file()
    }


@pytest.fixture(scope='module')
def cohort(tmp_path_factory):
    done = []
    out = tmp_path_factory.mktemp('cohort') / 'bids'
    simulate_cohort(out, 2, 7, 'varied', ('T2w',), progress=done.append)
    assert done == [1, 2]
    return out


@pytest.mark.slow
def test_a_participant_is_the_same_in_any_cohort_and_on_any_number_of_processes(cohort, tmp_path):
    one = simulate_cohort(tmp_path / 'one', 1, 7, 'varied', ('T2w',))
    two = simulate_cohort(tmp_path / 'two', 2, 7, 'varied', ('T2w',), n_jobs=2)
    expected = contents(cohort)
    assert contents(two) == expected
    first = {name: data for name, data in expected.items() if 'sub-0001' in name}
    assert contents(one) == first
    assert len(expected) == 2 * len(first)


@pytest.mark.slow
def test_the_t2w_does_not_depend_on_the_other_contrasts():
    alone = simulate_participant(7, 1, 'paper', ('T2w',))
    full = simulate_participant(7, 1, 'paper', ('T2w', 'FLAIR'))
    np.testing.assert_array_equal(alone.scans['T2w'].data, full.scans['T2w'].data)
    assert set(full.scans) == {'T2w', 'FLAIR'}
    assert full.counts == alone.counts


@pytest.mark.slow
def test_participants_and_seeds_differ(cohort):
    names = sorted(cohort.glob('sub-*/anat/*_T2w.nii.gz'))
    assert len({path.read_bytes() for path in names}) == 2


@pytest.mark.slow
def test_written_truth_agrees_with_itself(cohort):
    truth = cohort / 'derivatives' / 'truth'
    for label in ('0001', '0002'):
        start = truth / f'sub-{label}' / 'anat' / f'sub-{label}'
        roi, epvs = (
            nb.load(f'{start}_space-T2w_desc-{kind}_dseg.nii.gz')
            for kind in ('basalganglia', 'epvs')
        )
        t2w = nb.load(cohort / f'sub-{label}' / 'anat' / f'sub-{label}_T2w.nii.gz')
        assert roi.shape == epvs.shape == t2w.shape
        np.testing.assert_allclose(epvs.affine, t2w.affine, atol=1e-4)
        counts = pd.read_csv(f'{start}_desc-epvs_counts.tsv', sep='\t')
        assert len(counts) == 6
        for row in counts.itertuples():
            plane = np.asarray(epvs.dataobj)[:, :, row.slice]
            side = np.asarray(roi.dataobj)[:, :, row.slice] == HEMISPHERES[row.hemisphere]
            inside = [np.mean(side[plane == n]) >= 0.5 for n in np.unique(plane[plane > 0])]
            assert row.count == sum(inside)
        grade = pd.read_csv(f'{start}_desc-potter_grade.tsv', sep='\t', keep_default_na=False)
        assert grade['potter'].tolist() == [person_grade(counts['count'])]
        assert grade['session_id'].tolist() == ['n/a']


@pytest.mark.slow
def test_left_is_left_by_the_affine(cohort):
    path = next(cohort.glob('derivatives/truth/sub-0001/anat/*basalganglia_dseg.nii.gz'))
    image = nb.load(path)
    assert nb.aff2axcodes(image.affine) == ('L', 'P', 'S')
    roi, affine, _ = to_canonical(np.asarray(image.dataobj), image.affine)
    middle = [
        (affine @ [*np.argwhere(roi == value).mean(axis=0), 1])[0]
        for value in HEMISPHERES.values()
    ]
    assert middle[0] < middle[1]


@pytest.mark.slow
def test_both_datasets_are_valid(cohort):
    for folder in (cohort, cohort / 'derivatives' / 'truth'):
        result = subprocess.run(
            [VALIDATOR, '--json', folder], capture_output=True, text=True, check=False
        )
        issues = json.loads(result.stdout)['issues']['issues']
        assert [issue for issue in issues if issue['severity'] == 'error'] == []


@pytest.mark.parametrize(
    ('change', 'message'),
    [
        ({'acquisition': 'fast'}, "received 'fast'"),
        ({'contrasts': ('T2w', 'PD')}, "'PD'"),
        ({'participants': 0}, 'at least 1'),
        ({'seed': -1}, 'seed at least 0'),
    ],
)
def test_wrong_arguments_are_refused(tmp_path, change, message):
    arguments = {'participants': 1, 'seed': 1} | change
    with pytest.raises(ValueError, match=message):
        simulate_cohort(tmp_path / 'out', **arguments)
    assert not (tmp_path / 'out').exists()
