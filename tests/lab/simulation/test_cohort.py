import json
import subprocess
from pathlib import Path

import nibabel as nb
import numpy as np
import pandas as pd
import pytest

from pvs_workflow.lab.simulation.acquisition import draw_protocol
from pvs_workflow.lab.simulation.cohort import (
    Sources,
    anatomy_names,
    simulate_cohort,
    simulate_participant,
)
from pvs_workflow.lab.simulation.person import draw_anatomy
from pvs_workflow.lab.simulation.session import draw_t2w_grid
from pvs_workflow.lab.simulation.template import load_template
from pvs_workflow.science.geometry import to_canonical
from pvs_workflow.science.grading import person_grade
from pvs_workflow.science.slices import HEMISPHERES
from tests.builders.anatomies import write_results
from tests.places import VALIDATOR


def contents(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob('sub-*'))
        if path.is_file()
    }


@pytest.fixture(scope='module')
def cohort(tmp_path_factory):
    progress = []
    out = tmp_path_factory.mktemp('cohort') / 'bids'
    simulate_cohort(out, 2, 7, 'varied', ('T2w',), progress=progress.append)
    assert progress == [1, 2]
    return out


@pytest.mark.slow
def test_a_participant_does_not_depend_on_the_cohort_or_the_processes(cohort, tmp_path):
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
def test_participants_differ(cohort):
    names = sorted(cohort.glob('sub-*/anat/*_T2w.nii.gz'))
    assert len({path.read_bytes() for path in names}) == 2


@pytest.mark.slow
def test_the_written_truth_is_consistent(cohort):
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
def test_left_is_left_according_to_the_affine(cohort):
    path = next(cohort.glob('derivatives/truth/sub-0001/anat/*basalganglia_dseg.nii.gz'))
    image = nb.load(path)
    assert nb.aff2axcodes(image.affine) == ('L', 'P', 'S')
    roi, affine, _ = to_canonical(np.asarray(image.dataobj), image.affine)
    middle = [
        (affine @ [*np.argwhere(roi == value).mean(axis=0), 1])[0]
        for value in HEMISPHERES.values()
    ]
    assert middle[0] < middle[1]


def errors(folder):
    process = subprocess.run(
        [VALIDATOR, '--json', folder], capture_output=True, text=True, check=False
    )
    issues = json.loads(process.stdout)['issues']['issues']
    return [issue for issue in issues if issue['severity'] == 'error']


@pytest.mark.slow
def test_both_datasets_are_valid(cohort):
    for folder in (cohort, cohort / 'derivatives' / 'truth'):
        assert errors(folder) == []


def test_the_source_of_each_participant_is_listed(label_map):
    names = anatomy_names(3, 5, 'varied', (label_map,))
    assert set(names) == {'template', label_map.name.split('.')[0]}
    for number, name in enumerate(names, start=1):
        rng = np.random.default_rng([3, number])
        protocol, _ = draw_t2w_grid(rng, 'varied')
        template, _ = draw_anatomy(rng, protocol, 'varied', (label_map,), whole=False)
        assert (template is load_template()) == (name == 'template')


@pytest.mark.slow
def test_cohorts_from_label_maps_are_valid_and_reproducible(label_map, tmp_path):
    sources = Sources(anatomies=(label_map,))
    one, two = (
        simulate_cohort(tmp_path / name, 2, 3, 'varied', ('T2w',), sources=sources)
        for name in ('one', 'two')
    )
    assert contents(one) == contents(two)
    assert errors(one) == errors(one / 'derivatives' / 'truth') == []
    description = json.loads((one / 'dataset_description.json').read_text())
    assert 'labelled anatomies' in description['Name']
    table = pd.read_csv(one / 'participants.tsv', sep='\t')
    assert table['anatomy'].tolist() == anatomy_names(3, 2, 'varied', (label_map,))


@pytest.mark.slow
def test_cohorts_from_real_scans_are_valid_and_state_their_origin(tmp_path):
    results = write_results(tmp_path / 'results', 'sub-01', 'sub-02_ses-1')
    sources = Sources(backgrounds=results)
    one, two = (
        simulate_cohort(tmp_path / name, 3, 3, 'paper', sources=sources, n_jobs=n)
        for name, n in (('one', 1), ('two', 2))
    )
    assert contents(one) == contents(two)
    assert errors(one) == errors(one / 'derivatives' / 'truth') == []
    assert len(list(one.glob('sub-*/anat/*.nii.gz'))) == 3  # T2w only
    assert 'scans of real people' in (one / 'README').read_text()
    assert not (one / 'COPYING_ICBM152').exists()
    sidecar = json.loads(next(one.glob('sub-0001/anat/*_T2w.json')).read_text())
    assert 'EchoTime' not in sidecar  # unknown
    assert sidecar['SpacingBetweenSlices'] == 4


@pytest.mark.slow
def test_sidecars_describe_the_protocol(cohort):
    rng = np.random.default_rng([7, 1])
    protocol = draw_protocol(rng, 'varied', 'T2w')
    sidecar = json.loads((cohort / 'sub-0001/anat/sub-0001_T2w.json').read_text())
    assert sidecar['EchoTime'] == pytest.approx(protocol.echo_time / 1000, abs=1e-5)
    assert sidecar['RepetitionTime'] == pytest.approx(protocol.repetition_time / 1000, abs=1e-4)
    assert sidecar['SpacingBetweenSlices'] == pytest.approx(protocol.thickness)
    assert sidecar['SliceThickness'] <= sidecar['SpacingBetweenSlices']
    image = nb.load(cohort / 'sub-0001/anat/sub-0001_T2w.nii.gz')
    assert image.header.get_zooms()[2] == pytest.approx(sidecar['SpacingBetweenSlices'])


@pytest.mark.parametrize(
    ('change', 'message'),
    [
        ({'acquisition': 'fast'}, "unknown acquisition 'fast'"),
        ({'contrasts': ('T2w', 'PD')}, "unknown contrasts in .*'PD'"),
        ({'participants': 0}, r'participants \(0\) .* at least 1'),
        ({'seed': -1}, r'seed \(-1\) at least 0'),
    ],
)
def test_invalid_arguments_are_refused(tmp_path, change, message):
    arguments = {'participants': 1, 'seed': 1} | change
    with pytest.raises(ValueError, match=message):
        simulate_cohort(tmp_path / 'out', **arguments)
    assert not (tmp_path / 'out').exists()
