import random

import pandas as pd
import pytest

from pvs_workflow.cohort.selection import preference, select_results


def result(name, qc='pass', reasons=None, potter=1, session=None, participant='1'):
    return {
        'participant_id': f'sub-{participant}',
        'session_id': session,
        't2w': f'sub-{participant}_{name}.nii.gz',
        'qc': qc,
        'qc_reasons': reasons,
        'potter': potter,
    }


@pytest.mark.parametrize(
    ('better', 'worse'),
    [
        (result('acq-tse_T2w'), result('acq-hippo_T2w', 'review', 'a')),
        (result('run-2_T2w', 'review', 'a'), result('run-1_T2w', 'fail', 'a')),
        (result('run-2_T2w', 'review', 'a; b'), result('run-1_T2w', potter=None)),
        (result('acq-tse_T2w', 'review', 'a'), result('acq-hippo_T2w', 'review', 'a; b')),
        (result('acq-tse_T2w') | {'thickness': 4.5}, result('acq-hippo_T2w') | {'thickness': 2.0}),
        (result('acq-b_T2w') | {'thickness': 5.0}, result('acq-a_T2w') | {'thickness': None}),
        (result('run-2_T2w'), result('run-10_T2w')),
        (result('T2w'), result('acq-a_T2w')),
    ],
    ids=['qc', 'fail', 'no grade', 'reasons', 'slices', 'no size', 'run', 'name'],
)
def test_the_better_result_of_a_session_is_selected(better, worse):
    for rows in ([better, worse], [worse, better]):
        selected = select_results(pd.DataFrame(rows))
        assert [row for row, is_used in zip(rows, selected, strict=True) if is_used] == [better]


def test_a_t2w_that_is_still_there_comes_first():
    old, new = result('T2w'), result('acq-tse_T2w', 'review', 'a')
    assert select_results(pd.DataFrame([old, new]), [old['t2w']]).tolist() == [False, True]
    assert preference(new, [old['t2w']]) < preference(old, [old['t2w']])


def test_one_result_of_each_participant_and_session_is_selected():
    rows = [
        result(f'ses-{session}_run-{run}_T2w', random.Random(run).choice(['pass', 'fail']))
        | {'session_id': session, 'participant_id': person}
        for person in ('sub-1', 'sub-2')
        for session in ('ses-a', 'ses-b', None, float('nan'))
        for run in (1, 2, 3)
    ]
    frame = pd.DataFrame(rows, index=range(5, 5 + len(rows)))
    selected = select_results(frame)
    assert selected.index.equals(frame.index)
    groups = frame[selected].groupby(['participant_id', 'session_id'], dropna=False)
    assert groups.size().tolist() == [1] * 6


def test_a_session_whose_results_all_failed_has_one_as_well():
    rows = pd.DataFrame([result('run-1_T2w', 'fail', 'a; b'), result('run-2_T2w', 'fail', 'a')])
    assert select_results(rows).tolist() == [False, True]
