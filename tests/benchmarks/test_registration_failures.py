from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from benchmarks import registration, registration_failures, staging
from benchmarks.cases import Case
from pvs_workflow.errors import RegistrationError
from tests.builders.heads import basal_ganglia, case, good_case, image

DATASETS = ('--real', 'real', '--silver', 'silver', '--simulated', 'regsim')


@pytest.fixture
def rng():
    return np.random.default_rng(5)


def test_the_other_t1w_is_that_of_the_next_person():
    again = Case('a_ses-2', 'a', Path('a2_T2w.nii'), Path('a2_T1w.nii'), None)
    cases = [case('a'), again, case('b', t1w=False), case('c')]
    others = [registration_failures.other_t1w(c, cases) for c in cases]
    assert [path.name for path in others] == ['c_T1w.nii', 'c_T1w.nii', 'c_T1w.nii', 'a_T1w.nii']
    assert registration_failures.other_t1w(cases[0], cases[:2]) is None
    assert registration_failures.kinds_for(cases[0], others[0])[0] == staging.T1W_KINDS[0]
    assert staging.T1W_KINDS[0] not in registration_failures.kinds_for(cases[0], None)
    assert registration_failures.kinds_for(cases[2], others[2]) == list(staging.T2W_KINDS)


def test_failures_are_counted_as_caught_unless_they_pass():
    rows = [
        {'case': 'a', 'level': 'pass', 'reasons': [], 'dice': 0.1},
        {'case': 'b', 'level': 'pass', 'reasons': [], 'dice': 0.8},
        {'case': 'c', 'level': 'review', 'reasons': ['small', 'odd']},
        {'case': 'd', 'level': 'error', 'reasons': ['odd']},
    ]
    summary = registration_failures.summarise_failures(rows)
    assert (summary['n'], summary['caught'], summary['pass'], summary['fail']) == (4, 2, 2, 0)
    assert summary['reasons'] == {'odd': 2, 'small': 1}
    assert summary['dice_of_missed']['worst'] == 0.1
    assert registration_failures.summarise_good_cases(rows)['share_flagged'] == 0.5


def test_implausible_heads_are_flagged_correctly():
    odd = {'level': 'review', 'reasons': ['small'], 'true_reasons': ['small']}
    false = odd | {'true_reasons': []}
    passed = {'level': 'pass', 'reasons': [], 'true_reasons': []}
    summary = registration_failures.summarise_good_cases([odd, odd, false, passed])
    assert (summary['n'], summary['share_flagged'], summary['rightly']) == (4, 0.75, 2)


@pytest.mark.parametrize(
    ('error', 'level'), [(RegistrationError('no head'), 'error'), (KeyError('oops'), 'crash')]
)
def test_exceptions_become_quality_levels(monkeypatch, rng, error, level):
    def stop(*_):
        raise error

    scan = SimpleNamespace(image=image(rng.random((120, 60, 9))))
    monkeypatch.setattr(registration_failures, 'correct', stop)
    monkeypatch.setattr(registration_failures, 'conform', lambda _: scan)
    seed = np.random.SeedSequence(1)
    row = registration_failures.assess_case(case('a'), staging.T2W_KINDS[0], None, seed, 1)
    assert row['level'] == level
    assert row['reasons'] == [f'{type(error).__name__}: {error}']
    assert registration_failures.summarise_failures([row])['caught'] == 1


def test_the_overlap_is_reported_if_the_truth_is_known(rng):
    good = good_case(rng)
    ours = basal_ganglia(shift=2)
    assert registration_failures.nuclei_dice(ours, good) == {'dice': 0.5}
    noise = staging.stage('T2w of noise', good, None, rng)
    assert registration_failures.nuclei_dice(ours, noise) == {}


def test_all_cases_are_collected(monkeypatch):
    def assess_case(case, kind, other, draw, seed):
        level = 'pass' if kind == 'good' and case.name != 'c_ses-1' else 'review'
        row = {'case': case.name, 'simulated': case.simulated, 'kind': kind}
        return row | {'level': level, 'reasons': []}

    people = [replace(case(name), motions={'T1w': Path('x')}) for name in 'cd']
    monkeypatch.setattr(registration_failures, 'real_sessions', lambda *_: [case('a'), case('b')])
    monkeypatch.setattr(registration_failures, 'simulated_people', lambda *_: people)
    monkeypatch.setattr(registration_failures, 'assess_case', assess_case)
    words = ['out', *DATASETS, '--staged', '1']
    with ThreadPoolExecutor(1) as pool:
        summary = registration_failures.failures(registration.parse(words), pool, lambda _: None)
    assert len(summary['cases']) == 4 + 3 * 6
    for kind in (*staging.T1W_KINDS, *staging.T2W_KINDS):
        assert summary['staged'][kind]['caught'] == summary['staged'][kind]['n'] == 3
    assert summary['good']['real']['share_flagged'] == 0
    assert summary['good']['simulated']['share_flagged'] == 0.5
    assert summary['good']['simulated']['rightly'] == 0
